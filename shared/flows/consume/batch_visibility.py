"""Batch visibility: for how long the messages of a batch belong to this invocation.

The queue's visibility time-out is the function's time-out and 30 s, so that the messages of a
function that was killed come again soon. But a batch may have waited for the function for a part of
that time. So the first act of an invocation is to begin the time-out again.
"""

from collections.abc import Callable, Sequence
from math import ceil

from shared.adapters.queue.contract import Queue
from shared.values.delivery import Delivery

MARGIN_SECONDS = 30
"""How much longer than its function's time-out a message stays invisible. The plugin adds the same
to the queue's visibility time-out.
"""

YOUNG_SECONDS = 20
"""A message that was received for the first time so lately has enough of its time-out left."""


def claim(
    queue: Queue, deliveries: Sequence[Delivery], time_left: Callable[[], float], now_ms: int
) -> list[Delivery]:
    """The deliveries that belong to this invocation, for longer than it can last.

    A handle that has expired means that another invocation may have the messages of this group by
    now: the whole group is left out, and must not be touched. Raises StateUnavailable, StackError.
    """
    old = [one for one in deliveries if not _is_young(one, now_ms)]
    if not old:
        return list(deliveries)
    refused = queue.hide([one.receipt_handle for one in old], ceil(time_left()) + MARGIN_SECONDS)
    lost = {one.group for one in old if one.receipt_handle in refused}
    return [one for one in deliveries if one.group not in lost]


def _is_young(one: Delivery, now_ms: int) -> bool:
    if one.attempt > 1:
        return False
    return not one.first_received_ms or now_ms - one.first_received_ms < YOUNG_SECONDS * 1000
