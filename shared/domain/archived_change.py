"""Archived change: a change of one row as the archive has it, and their order."""

from collections.abc import Sequence

import msgspec

from shared.domain.assumed_columns import RawRow

TRUNCATE = "{}"
"""The key of a `t` of a whole table; one of partitions has `{"partitions": …}`."""


class Archived(msgspec.Struct, frozen=True):
    """An archived change of the row, or a truncate of its table.

    at_us: commit time, Unix µs. moved: the key that the row had before, or has since, for a change
    of its key.
    """

    stream: str
    epoch: int
    n: int
    id: str
    op: str
    key: str
    at_us: int
    before: RawRow | None
    after: RawRow | None
    tx: str
    tx_index: int
    tx_last: bool
    schema_version: int
    trace_id: str | None = None
    moved: str = ""

    @property
    def half_of_key_change(self) -> bool:
        """Whether one event of the binlog made a delete under one key and a create under another.

        The ids of both halves end with their operation.
        """
        return self.op in ("c", "d") and self.id.endswith(self.op)

    @property
    def whole_truncate(self) -> bool:
        return self.op == "t" and self.key == TRUNCATE


def in_order(changes: Sequence[Archived]) -> list[Archived]:
    """The changes in the order in which they happened; one truncate has one entry.

    A truncate comes once for each shard of its table.
    """
    ordered = sorted(changes, key=lambda each: (each.epoch, each.n))
    kept: list[Archived] = []
    for each in ordered:
        last = kept[-1] if kept else None
        if (
            each.op == "t"
            and last
            and last.op == "t"
            and (last.tx, last.key) == (each.tx, each.key)
        ):
            continue
        kept.append(each)
    return kept
