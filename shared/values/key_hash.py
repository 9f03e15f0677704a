"""Key hash: names a row in traces, where the values of its key do not belong."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec


def key_hash(values: Iterable[Any]) -> str:
    """Twelve hexadecimal digits for the values of a key, in its order.

    A number and the same number as text have the same hash, so that a person can name a row without
    the types of its columns.
    """
    texts = (
        value if isinstance(value, str) else msgspec.json.encode(value).decode() for value in values
    )
    return blake2b("\0".join(texts).encode("utf-8", "replace"), digest_size=6).hexdigest()
