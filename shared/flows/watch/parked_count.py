"""Parked count: how many changes a consumer has parked, at a cost a minute that is bounded."""

from shared.flows.watch.watch_setup import WatchSetup
from shared.values.pulse import Count

REQUESTS = 4
"""Of one run for one consumer. Each counts a megabyte, so about 1,000 changes."""


def parked_changes(setup: WatchSetup, consumer: str) -> int:
    """The number of parked changes; of very many, the number that the last whole count gave.

    A count may take several runs, and the next one begins at its end. So 0 means that a whole count
    found nothing.
    """
    parked, count = setup.parts.state.parked, setup.memory.parked.get(consumer, Count())
    for _ in range(REQUESTS):
        some, after = parked.count_some(consumer, count.after)
        count = Count(count.whole, count.so_far + some, after)
        if not after:
            count = Count(count.so_far)
            break
    if count == Count():
        setup.memory.parked.pop(consumer, None)
    else:
        setup.memory.parked[consumer] = count
    return count.least
