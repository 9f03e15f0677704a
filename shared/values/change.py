"""Change: what happened to one row. The unit that is numbered, delivered, applied and counted."""

from typing import Any, Literal

import msgspec

Operation = Literal["c", "u", "d", "r", "t"]
"""create, update, delete, read (backfill), truncate."""

Row = dict[str, Any]
"""Column name → value as it stands in JSON (docs/types.md); a JSON column may be `msgspec.Raw`."""

SEQ_BITS = 40


def make_seq(epoch: int, n: int) -> int:
    """The number of the `n`-th change of an epoch, `epoch << 40 | n`: later epochs are above all
    earlier ones.
    """
    return epoch << SEQ_BITS | n


def epoch_at(now_ms: int) -> int:
    """The epoch that a stream begins with at this time (Unix ms): hours since 1970, ≈ 498,000 in
    2026, and until the year 2927 below the 2^23 that a seq of 63 bits takes. Streams whose
    checkpoint was lost thereby begin above their old numbers, which sinks hold as versions: no
    stream needs a new epoch each hour.
    """
    return now_ms // 3_600_000


def split_seq(seq: int) -> tuple[int, int]:
    """(epoch, n) of a seq."""
    return seq >> SEQ_BITS, seq & ((1 << SEQ_BITS) - 1)


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
