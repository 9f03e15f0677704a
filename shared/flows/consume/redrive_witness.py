"""Redrive witness: a parked change that shows that the sink works while another one is blamed."""

from collections.abc import Callable, Iterable

from shared.values.parked_change import ParkedChange
from shared.values.row_key import WHOLE_GROUP


def witness_among(
    change: ParkedChange,
    later: Iterable[ParkedChange],
    was_asked: Callable[[ParkedChange], bool],
) -> ParkedChange | None:
    """The first change of another row that may be applied before this one; None: there is none.

    Nothing overtakes a truncation, and no change overtakes an older one of its row.

    later: the changes of the command that follow, in their order.
    was_asked: whether a change was a witness of this one already.
    """
    rows = {change.row}
    if change.row == WHOLE_GROUP:
        return None
    for one in later:
        if one.row == WHOLE_GROUP:
            return None
        if one.row not in rows and not was_asked(one):
            return one
        rows.add(one.row)
    return None
