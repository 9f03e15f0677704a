"""Masking: how the values of masked columns leave, and which columns may be masked or dropped."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any

import msgspec

from shared.values.errors import ConfigError
from shared.values.settings import TableSettings
from shared.values.table import Table

REDACTED = "[redacted]"
MASKS = ("hash", "redact", "null")
_encode = msgspec.json.Encoder().encode


def check_masks(
    table: Table, settings: TableSettings, key: tuple[str, ...], hash_key: bytes
) -> None:
    """Raise ConfigError for masks that would make rows indistinguishable, or that cannot be."""
    name = table.full_name
    if hidden := sorted(
        set(key)
        & (set(settings.drop) | {column for column, how in settings.mask.items() if how != "hash"})
    ):
        raise ConfigError(
            f"drops or masks {hidden[0]}, which is part of the key.",
            thing=f"tables.{name}",
            hint="A key column may only be masked by hash.",
        )
    for column, how in settings.mask.items():
        if how not in MASKS:
            raise ConfigError(
                f"{how!r} is no mask.",
                thing=f"tables.{name}.mask.{column}",
                hint=f"Write one of {', '.join(MASKS)}.",
            )
        if how == "hash" and not hash_key:
            raise ConfigError(
                "needs a key for hashing.",
                thing=f"tables.{name}.mask.{column}",
                hint="Put `mask_key`, a long random text, into the source's secret.",
            )


def mask_of(how: str, hash_key: bytes) -> Callable[[Any], Any]:
    """What a column's mask makes of a value. hash_key: the secret key of mask `hash`."""
    if how == "null":
        return lambda value: None
    if how == "redact":
        return lambda value: REDACTED
    key = blake2b(hash_key, digest_size=32).digest()
    return lambda value: blake2b(_encode(value), key=key, digest_size=16).hexdigest()
