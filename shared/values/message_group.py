"""Shards and message groups: the scope inside which changes keep their order."""

import zlib
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import msgspec

DEFAULT_SHARDS = 64
_encode = msgspec.json.Encoder().encode


def shard_of(values: Sequence[Any], shards: int) -> int:
    """The shard (0 … shards-1) of a row, from the values of its key or `shardBy` columns.

    Never change this function: a row's shard is fixed for the life of its table.
    """
    return zlib.crc32(_encode(values)) % shards


def group_prefix(source: str, database: str, table: str) -> str:
    """The part of the group id that all shards of a table share.

    MessageGroupId takes 128 characters of a limited alphabet, table names are longer and freer:
    hence a hash. Source: SQS API reference, SendMessage, MessageGroupId.
    """
    name = _encode([source, database, table])
    return blake2b(name, digest_size=12).hexdigest()


def group_id(source: str, database: str, table: str, shard: int) -> str:
    """The MessageGroupId of one shard of a table."""
    return f"{group_prefix(source, database, table)}-{shard}"
