"""Row in snapshot: what the row that a snapshot read says of the row at a time."""

from collections.abc import Sequence

import msgspec

from shared.domain.archived_change import Archived
from shared.domain.assumed_columns import RawRow

SKEW_US = 60_000_000
"""The clocks of the snapshot's job and of the database may differ by as much."""


class SnapshotRow(msgspec.Struct, frozen=True):
    """A row as a snapshot read it.

    epoch, n: the number up to which it holds all changes of the row; it may hold later ones.
    read_us: when it was read, Unix µs.
    """

    snapshot: str
    epoch: int
    n: int
    read_us: int
    schema_version: int
    row: RawRow


def nearest(
    rows: Sequence[SnapshotRow], changes: "Sequence[Archived]", at_us: int
) -> SnapshotRow | None:
    """The row that was read nearest to a time, and that was the same at that time.

    changes: all of the row, with truncates of its table, none of which is missing between the time
    and each reading.
    A change that the row may or may not hold proves nothing: one with a later number that was
    committed before the reading ended, by clocks that may differ.
    """
    for row in sorted(rows, key=lambda each: abs(each.read_us - at_us)):
        end = max(at_us, row.read_us + SKEW_US)
        if all(
            each.at_us > end or (each.at_us <= at_us and (each.epoch, each.n) <= (row.epoch, row.n))
            for each in changes
        ):
            return row
    return None
