"""Row key: the name of a row inside its message group, as state and commands use it."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(order="deterministic").encode


def key_text(key: Mapping[str, Any]) -> str:
    """A row's key as JSON, which is the same for the same values."""
    return _encode(dict(key)).decode()


def row_of(key: Mapping[str, Any]) -> str:
    """A short name of the row with this key. Keys may be long, and hold any character."""
    return blake2b(key_text(key).encode(), digest_size=16).hexdigest()
