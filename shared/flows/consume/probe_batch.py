"""Probe batch: whether a consumer whose gate is closed could work: it really applies one batch.

A request for the sink's health proves nothing: a full disk reads well and refuses writes.
"""

from collections.abc import Callable, Sequence

from shared.adapters.queue.contract import Queue
from shared.domain.sink import Outcome
from shared.flows.consume.applying import Tried
from shared.flows.consume.batch import Groups
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.gate_after_batch import GateAfterBatch
from shared.flows.consume.retry_delay import postpone
from shared.values.delivery import Delivery
from shared.values.gate import Gate

ROUNDS = 10
"""Batches that a probe takes at most, as long as none of them reaches the sink: duplicates, and
what is refused before it.
"""

REFUSED = "refused: "
"""Begins the reason of a change that a probe has not set aside."""

WorkOnBatch = Callable[[Sequence[Delivery], Callable[[], float]], tuple[Consumed, Tried]]
"""Settles a batch without setting anything aside."""


def refused_have_failed(groups: Groups) -> None:
    """Leave what the sink refused in the queue: a probe sets nothing aside.

    But the sink is never asked about what joins a closed row.
    """
    for group in groups.values():
        for piece in (piece for one in group for piece in one.pieces):
            if piece.outcome is not None and piece.outcome.kind == "refused" and not piece.joined:
                piece.outcome = Outcome("failed", f"{REFUSED}{piece.outcome.without_values}")


class ProbeBatch:
    """The probes of one consumer. queue: its own."""

    def __init__(
        self,
        queue: Queue,
        gate_after_batch: GateAfterBatch,
        work: WorkOnBatch,
        now_ms: Callable[[], int],
    ) -> None:
        self._queue, self._work, self._now_ms = queue, work, now_ms
        self._gate_after_batch = gate_after_batch

    def probe(self, version: int, time_left: Callable[[], float]) -> Gate | None:
        """Receive one batch, apply it, delete what is settled, write the verdict; returns the gate.

        version: of the gate that it was started for; None is returned when there is another.
        Raises what the work raises, without a verdict: the gate stays closed.
        """
        gate = self._gate_after_batch.asked_for(version)
        if gate is None:
            return None
        enough, kept = time_left() / 2, 0
        for _ in range(ROUNDS):
            batch = self._queue.receive()
            if not batch or time_left() < enough:
                break
            consumed, tried = self._try(batch, time_left)
            if self._gate_after_batch.judges(gate, tried):
                return self._gate_after_batch.after_probe(gate, tried, consumed)
            if all(reason.startswith(REFUSED) for reason in consumed.reasons):
                kept += len(consumed.failed)
        # What is refused before the sink waits only for the gate: a batch will park it.
        waiting, hidden = self._queue.depth()
        return self._gate_after_batch.after_nothing(gate, not waiting and hidden <= kept)

    def _try(
        self, batch: Sequence[Delivery], time_left: Callable[[], float]
    ) -> tuple[Consumed, Tried]:
        try:
            consumed, tried = self._work(batch, time_left)
        except BaseException:
            postpone(self._queue, batch, self._now_ms())
            raise
        failed = set(consumed.failed)
        done = [one.receipt_handle for one in batch if one.message_id not in failed]
        self._queue.delete(done)
        again = [one for one in batch if one.message_id in failed - consumed.returned]
        postpone(self._queue, again, self._now_ms(), consumed.waits, closed=True)
        return consumed, tried
