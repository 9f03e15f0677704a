"""Removes what a killed consumer has left of rows that have nothing parked.

Such an item costs a read for each batch of its group, and keeps deletions recorded. A closed one
would park the next change of its row for no reason.
"""

from shared.domain.empty_rows import forget_empty_rows
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.setup import WatchSetup

UNTOUCHED_MS = 20 * 60_000
"""No function that stored it runs any more. Lambda ends each after 15 minutes. Source: Lambda
developer guide, "Lambda quotas"."""

THOROUGH_MINUTES = 60
"""A run of so many looks at the rows too that say that they hold a change."""


def remove_empty_rows(setup: WatchSetup) -> None:
    """Look at every group that is flagged."""
    parked = setup.parts.state.parked
    unsure = int(setup.clock() // 60) % THOROUGH_MINUTES != 0

    def look(consumer: str) -> None:
        for group in parked.flags(consumer):
            forget_empty_rows(parked, consumer, group, setup.now_ms - UNTOUCHED_MS, unsure=unsure)

    for_each(setup, setup.parts.settings.consumers, look)
