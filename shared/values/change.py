"""Change: what happened to one row. The unit that is numbered, delivered, applied and counted."""

from typing import Any, Literal

import msgspec

Operation = Literal["c", "u", "d", "r", "t"]
"""create, update, delete, read (backfill), truncate."""

Row = dict[str, Any]
"""Column name → value as it stands in JSON (docs/types.md); a JSON column may be `msgspec.Raw`."""


class Transaction(msgspec.Struct, frozen=True, gc=False):
    """The transaction a change belongs to: `id` (GTID, or FILE:OFFSET), `index` of the change among
    the captured changes of the transaction (from 0), and whether it is the `last` of them.
    """

    id: str
    index: int
    last: bool


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One change, as it stands in a message.

    `id` identity, the same whenever the same row event is read again and never that of another;
    `seq` number in its stream; `ts_ms` commit time, Unix milliseconds; `key` the row's key columns
    (of a `t` empty, or `{"partitions": [names]}` when only their rows are gone); `before` / `after`
    all captured columns, null where the operation has none. `claim` is the object
    (`s3://BUCKET/KEY`) that holds the whole change as JSON when the row is too large for a message;
    `before` and `after` are then null here.
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
