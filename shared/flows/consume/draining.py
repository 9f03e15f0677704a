"""Draining: a scheduled run of a consumer's function takes what its queue holds in large batches.

Lambda gives a function at most 10 messages of a FIFO queue, and offers no batching window there
(Lambda developer guide, "Lambda parameters for Amazon SQS event source mappings"). A sink that pays
for each slice, like the archive's landing, would pay for nearly every message.

A round receives until every group that holds older messages is in flight: SQS gives no more of a
group before those are deleted (SQS API reference, ReceiveMessage). Then the consumer's runtime
settles them as one batch, and what has not failed is deleted. So a kill between any two steps
leaves messages that come again, and nothing that is lost.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from shared.adapters.queue.contract import MAX_RECEIVED, Queue
from shared.adapters.state.gates import Gates
from shared.domain.gate_transitions import as_deployed
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.batch_visibility import YOUNG_SECONDS
from shared.flows.consume.consume import Consume
from shared.values.delivery import Delivery
from shared.values.errors import StateUnavailable
from shared.values.settings import ConsumerSettings

MOST_MESSAGES, MOST_BYTES = 2_000, 4 << 20
"""Of one round. Their changes are in memory at once; a batch of Lambda has up to 2.4 MB."""

ROUND_SECONDS = YOUNG_SECONDS / 2
"""A round receives for this long at most: its messages need no longer visibility then."""

LEAST_RESERVE, RESERVE_SECONDS = 10.0, 25.0
"""What must be left of the function's time to begin a round: it receives, applies and deletes. That
is a quarter more than the last round took, within these bounds.
"""

RECEIVE_SHARE = 1 / 8
"""The part of the time left in which a round receives: a slow queue makes rounds small, and what
follows takes a few times as long.
"""

WAIT_SECONDS = 1
"""A long poll asks all servers of SQS, so that nothing that waits is overlooked."""

AT_ONCE = 4
"""Requests at the same time while messages abound."""


class Drain:
    """Empties the queue of one consumer.

    consume: its runtime. clock: Unix seconds.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        consume: Consume,
        queue: Queue,
        gates: Gates,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._consumer, self._consume, self._queue = consumer, consume, queue
        self._gates, self._clock = gates, clock

    def run(self, time_left: Callable[[], float]) -> Iterator[Consumed]:
        """Yield what became of each round, until nothing is left that was sent before the run.

        What is sent meanwhile is for the next run, unless a round receives it too. A closed gate,
        or a round of which nothing was settled, ends the run. Raises what the runtime and the
        queue raise; what was received then comes again.
        """
        began_ms = int(self._clock() * 1000)
        if not self._gate_is_open():
            return
        reserve = RESERVE_SECONDS
        with ThreadPoolExecutor(AT_ONCE) as pool:
            while (left := time_left()) >= reserve:
                received = self._receive(pool, began_ms, left * RECEIVE_SHARE)
                if not received:
                    return
                consumed = self._consume.handle(received, time_left)
                failed = set(consumed.failed)
                settled = [one for one in received if one.message_id not in failed]
                self._delete(pool, settled)
                reserve = min(RESERVE_SECONDS, max(LEAST_RESERVE, 1.25 * (left - time_left())))
                yield consumed
                if not settled or not consumed.gate.is_open:
                    return
                if not any(one.sent_ms < began_ms for one in received):
                    return

    def _gate_is_open(self) -> bool:
        gate = self._gates.read(self._consumer.name)
        return as_deployed(gate, self._consumer.enabled, int(self._clock() * 1000)).is_open

    def _receive(self, pool: ThreadPoolExecutor, began_ms: int, seconds: float) -> list[Delivery]:
        """The messages of one round, which receives for at most this many seconds.

        A message that was received before ends it. It may have killed the function, and a small
        batch shows which one it is (see `BegunGroups`).
        """
        until = self._clock() + min(ROUND_SECONDS, seconds)
        received = self._queue.receive(wait=WAIT_SECONDS)
        latest, full = received, len(received) == MAX_RECEIVED
        size = _size(received)
        while (
            any(one.sent_ms < began_ms for one in latest)
            and all(one.attempt == 1 for one in latest)
            and len(received) < MOST_MESSAGES
            and size < MOST_BYTES
            and self._clock() < until
        ):
            latest = self._at_once(pool, AT_ONCE if full else 1)
            full = len(latest) >= AT_ONCE * MAX_RECEIVED
            received += latest
            size += _size(latest)
        return received

    def _at_once(self, pool: ThreadPoolExecutor, many: int) -> list[Delivery]:
        """What this many receives return. An outage ends the round: what it has is settled."""
        latest: list[Delivery] = []
        for one in [pool.submit(self._queue.receive) for _ in range(many)]:
            with suppress(StateUnavailable):
                latest += one.result()
        return latest

    def _delete(self, pool: ThreadPoolExecutor, settled: Sequence[Delivery]) -> None:
        """Delete messages; one whose handle has expired is another's by now, and comes again."""
        handles = [one.receipt_handle for one in settled]
        tens = [handles[at : at + MAX_RECEIVED] for at in range(0, len(handles), MAX_RECEIVED)]
        list(pool.map(self._queue.delete, tens))


def drained(
    rounds: Iterable[Consumed], report: Callable[[Consumed], None], then: Callable[[], None]
) -> int:
    """Report each round of a drain; returns their number.

    then: is called once if a round applied anything, also when a later one ended with an error.
    """
    count = applied = 0
    try:
        for done in rounds:
            count += 1
            applied += done.applied
            report(done)
    finally:
        if applied:
            then()
    return count


def _size(received: Sequence[Delivery]) -> int:
    return sum(len(one.body) for one in received)
