"""Change: an event of one row, the unit that is numbered, delivered, applied and counted."""

from copy import deepcopy
from typing import Any, Literal

import msgspec

Operation = Literal["c", "u", "d", "r", "t"]
"""create, update, delete, read (backfill), truncate."""

Row = dict[str, Any]
"""Column name → value as in JSON (docs/types.md); a JSON column may be `msgspec.Raw`."""


def copy_of_row(row: Row) -> Row:
    """A copy that shares nothing that anybody could change: JSON columns are maps and lists."""
    return {
        name: deepcopy(value) if isinstance(value, (dict, list)) else value
        for name, value in row.items()
    }


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """The transaction of a change.

    id: its GTID, or FILE:OFFSET.
    index: the place of the change among the transaction's captured changes, from 0.
    last: whether it is the last of them.
    """

    id: str
    index: int
    last: bool


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One change, as a message carries it.

    id: the change's identity. The same row event always has the same id, and no other has it.
    seq: its number in its stream.
    ts_ms: commit time, Unix milliseconds.
    key: the row's key columns. Of a `t` it is empty, or `{"partitions": [names]}` where only rows
        of these partitions are gone.
    before, after: all captured columns; null where the operation has none.
    claim: the object (`s3://BUCKET/KEY`) that holds the whole change as JSON, for a row too large
        for a message. `before` and `after` are then null here.
    """

    id: str
    seq: int
    op: Operation
    ts_ms: int
    key: Row
    before: Row | None
    after: Row | None
    tx: Transaction
    claim: str = ""
