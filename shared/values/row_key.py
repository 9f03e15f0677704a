"""Row key: the name of a row inside its message group, as state and commands use it."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

from shared.values.json_text import encode_json

WHOLE_GROUP = "*"
"""The row of a truncation: it is about every row of its group."""


def key_text(key: Mapping[str, Any]) -> str:
    """A row's key as JSON; the same for the same values, whatever their order."""
    return encode_json(dict(sorted(key.items()))).decode()


def row_of(key: Mapping[str, Any]) -> str:
    """A short name of the row with this key. Keys may be long, and hold any character."""
    return hash_of(key_text(key))


def hash_of(key: str) -> str:
    """The same of a key as JSON.

    The id of a change that is no event of the binlog ends with it: an id is a part of sort keys,
    which DynamoDB limits to 1,024 bytes, and of log lines, which quote no row.
    """
    return blake2b(key.encode(), digest_size=16).hexdigest()
