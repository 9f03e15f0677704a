"""Superseded: a change is older than what the sink has taken of its row, so it is dropped."""

from collections.abc import Collection, Mapping

from shared.values.parked_change import ParkedChange, RowItem


def is_superseded(seq: int, newest: int) -> bool:
    """Whether a change is older. newest: the highest seq that the sink has taken of the row."""
    return newest > seq


def superseded_among(
    changes: Collection[ParkedChange], rows: Mapping[tuple[str, str], RowItem]
) -> set[ParkedChange]:
    """The parked changes that are superseded already. rows: the items of their rows."""
    return {
        change
        for change in changes
        if change.row_id in rows and is_superseded(change.seq, rows[change.row_id].newest)
    }
