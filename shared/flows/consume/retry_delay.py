"""Retry delay: how long the messages of a group wait until they are received again."""

import contextlib
import random
from collections.abc import Collection, Mapping, Sequence
from math import ceil
from types import MappingProxyType

from shared.adapters.queue.contract import Queue
from shared.values.delivery import Delivery
from shared.values.errors import StackError, StateUnavailable

MAX_DELAY = 30
"""Seconds: after a short outage of a sink, its changes flow again within this time."""

PATIENT_ATTEMPTS = 300
"""Receives after which the age of a message decides. A gate that follows an outage keeps the number
far below, so that the oldest changes do not wait for long when the outage is over.
"""

MAX_OLD_DELAY = 3600
"""Seconds. Messages that fail for days may not reach the queue's maxReceiveCount of 1,000: SQS
would move them to the DLQ, out of their order.
"""


CLOSED_DELAY, CLOSED_ATTEMPTS = 10, 60
"""Seconds that a message waits while its consumer's gate is closed, for its first receives: nobody
calls the sink, and after a short outage the changes flow soon.
"""


def postpone(
    queue: Queue,
    deliveries: Sequence[Delivery],
    now_ms: int,
    asked: Mapping[str, float] = MappingProxyType({}),
    *,
    soon: Collection[str] = (),
    closed: bool = False,
) -> None:
    """Let the messages of a group come again together, after a wait that grows with the attempts.

    asked: group → seconds that its sink asks to wait at least.
    soon: groups that are to come again at once. closed: the consumer's gate is.
    Where SQS does not answer, the queue's own visibility time-out applies.
    """
    groups: dict[str, list[Delivery]] = {}
    for delivery in deliveries:
        groups.setdefault(delivery.group, []).append(delivery)
    waits: dict[int, list[str]] = {}
    for group, members in groups.items():
        first = members[0]
        age = (now_ms - first.sent_ms) / 1000 if first.sent_ms else 0.0
        wanted = ceil(min(MAX_OLD_DELAY, asked.get(group, 0.0)))
        few = closed and first.attempt <= CLOSED_ATTEMPTS
        least = CLOSED_DELAY if few else back_off(1 if group in soon else first.attempt, age)
        waits.setdefault(max(least, wanted), []).extend(
            delivery.receipt_handle for delivery in members
        )
    for seconds, handles in waits.items():
        with contextlib.suppress(StateUnavailable, StackError):
            queue.hide(handles, seconds)


def back_off(attempt: int, age: float) -> int:
    """Seconds to wait after the `attempt`-th failure of a message that is `age` seconds old.

    1 s, doubling to 30 s, and after many attempts a fiftieth of the age, at most an hour. So a
    message is received fewer than 900 times in the 14 days that SQS keeps it, even if no watch
    looks after the gate. The longer waits are spread by up to an eighth, so that groups do not all
    return at once.
    """
    old = min(MAX_OLD_DELAY, int(age / 50)) if attempt > PATIENT_ATTEMPTS else 0
    ceiling = max(min(MAX_DELAY, 2 ** min(attempt - 1, 10)), old)
    least = (ceiling + 1) // 2 if ceiling <= MAX_DELAY else ceiling * 7 // 8
    return random.randint(least, ceiling)  # noqa: S311 (spread, not secrecy)
