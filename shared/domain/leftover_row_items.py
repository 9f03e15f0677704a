"""Leftover row items: those of rows that have nothing parked, and the flags of their groups.

A redrive leaves none. A killed consumer may: it stores a row's item before the first parked change,
and that change may be accepted when it comes again.
"""

from shared.adapters.state.parked import Parked
from shared.values.parked_change import stored_ms

EVER = 1 << 62
"""Later than whatever is stored."""


def forget_leftover_items(
    parked: Parked, consumer: str, group: str, before_ms: int = EVER, *, unsure: bool = False
) -> int:
    """Remove the items of a group's rows that have nothing parked; then its flag, if none is left.

    Returns how many items were read.

    The order of the reads matters. What is stored again meanwhile has another token, and stays.
    before_ms: only what was stored earlier, Unix ms. A function that still runs may be about to
    park a change of a younger row. unsure: only rows that do not say that they hold a change.
    """
    token = parked.flags(consumer).get(group, "")
    rows = parked.rows_of(consumer, group)
    old = [row for row in rows if stored_ms(row.token) < before_ms and not (unsure and row.holds)]
    is_old = stored_ms(token) < before_ms
    if not old and (rows or not is_old):
        return len(rows)
    changes = parked.of_group(consumer, group)
    held = {change.row for change in changes}
    parked.remove_rows(consumer, [row for row in old if row.row not in held])
    if is_old and not held and not parked.rows_of(consumer, group):
        parked.unflag(consumer, group, token)
    return len(rows) + len(changes)
