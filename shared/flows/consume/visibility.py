"""Visibility: when the messages of a batch are received again."""

import contextlib
from collections.abc import Sequence

from shared.adapters.queue.contract import Queue
from shared.values.delivery import Delivery, back_off
from shared.values.errors import StackError, StateUnavailable


def postpone(queue: Queue, deliveries: Sequence[Delivery]) -> None:
    """Let the messages of a group come again together, after a wait that grows with the attempts.

    Where SQS does not answer, the queue's own visibility time-out applies.
    """
    groups: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        groups.setdefault(delivery.group, []).append(delivery)
    waits: dict[int, list[str]] = {}
    for members in groups.values():
        waits.setdefault(back_off(members[0].attempt), []).extend(
            delivery.receipt_handle for delivery in members
        )
    for seconds, handles in waits.items():
        with contextlib.suppress(StateUnavailable, StackError):
            queue.hide(handles, seconds)
