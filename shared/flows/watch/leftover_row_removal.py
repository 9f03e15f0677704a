"""Leftover row removal: removes what a killed consumer has left of rows that have nothing parked.

Such an item costs a read for each batch of its group, and keeps deletions recorded. A closed one
would park the next change of its row for no reason.
"""

from msgspec.structs import replace

from shared.domain.leftover_row_items import forget_leftover_items
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.pulse import Look

UNTOUCHED_MS = 20 * 60_000
"""How long an item was not written: no function that stored it runs any more, because Lambda ends
each after 15 minutes. Source: Lambda developer guide, "Lambda quotas"."""

THOROUGH_MINUTES = 60
"""A look also compares the rows that say that they hold a change if it begins in the first of this
many minutes, or after this many other looks."""

ITEMS = 2_000
"""A run ends its look at a consumer's groups when it has read this many. The next run continues."""


def remove_leftover_items(setup: WatchSetup) -> None:
    """Look at every group that is flagged, or at as many as a run may."""
    parked, memory = setup.parts.state.parked, setup.memory.rows

    def look(consumer: str) -> None:
        groups = sorted(parked.flags(consumer))
        last = memory.pop(consumer, Look())
        waiting = [group for group in groups if group > last.after] if last.after else []
        if not waiting:
            first = int(setup.clock() // 60) % THOROUGH_MINUTES == 0
            thorough = first or last.others >= THOROUGH_MINUTES
            last, waiting = Look("", thorough, 0 if thorough else last.others + 1), groups
        read = 0
        for at, group in enumerate(waiting):
            read += forget_leftover_items(
                parked, consumer, group, setup.now_ms - UNTOUCHED_MS, unsure=not last.thorough
            )
            if read >= ITEMS and at + 1 < len(waiting):
                memory[consumer] = replace(last, after=group)
                return
        if groups:
            memory[consumer] = replace(last, after="")

    for_each(setup, setup.parts.settings.consumers, look)
