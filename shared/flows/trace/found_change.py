"""Found change: what traces, parked changes or the binlog say of a change."""

import msgspec


class FoundChange(msgspec.Struct, frozen=True):
    """A change that was found.

    hash: of its row's key. seq: 0 where it could not be counted.
    published: whether the checkpoint has passed it; None where only its number can tell.
    """

    id: str
    stream: str
    table: str
    op: str
    group: str
    hash: str
    seq: int
    ts_ms: int
    published: bool | None = None
