"""Outbox: changes on their way to the topic, and the checkpoint that follows from their fate.

Safe for threads: the reader adds, the publishers take and settle, the keeper asks for the
checkpoint. Times are monotonic seconds.
"""

import random
import threading
from collections import deque
from typing import NamedTuple

import msgspec

from shared.domain.change_encoding import Packed
from shared.domain.message_packing import Parcel
from shared.domain.publish_queue import PublishQueue
from shared.domain.trace_sampling import NO_SAMPLING, TraceSampler
from shared.values.checkpoint import Checkpoint
from shared.values.position import Position

MAX_WAITING_BYTES = 64 << 20
"""Of changes that are not acknowledged: reading pauses then."""

MAX_BOUNDARIES = 50_000
"""Transactions read ahead of the oldest change that is not acknowledged."""


class Boundary(NamedTuple):
    """Everything up to number `seq` lies before `position`, and nothing else does."""

    seq: int
    position: Position
    ts_ms: int


class Outbox:
    """The state of one relay between its reader and its publishers."""

    def __init__(
        self,
        *,
        linger: float = 0.02,
        compress: bool = False,
        rng: random.Random | None = None,
        sampler: TraceSampler = NO_SAMPLING,
    ) -> None:
        self.changed = threading.Condition()
        rng = rng or random.Random()  # noqa: S311 (jitter, no secret)
        self._publish_queue = PublishQueue(linger, rng, compress=compress, sampler=sampler)
        self._base: Checkpoint | None = None
        self._ahead: deque[Boundary] = deque()
        self._seq = 0  # the last number handed over
        self._read_to, self._read_ts_ms = Position(), 0
        self._wanting = 0  # publishers that wait

    # the reader's side

    def begin(self, checkpoint: Checkpoint) -> None:
        """Number and read from here; only when nothing waits.

        From now on the checkpoint is this one.
        """
        with self.changed:
            if not self._publish_queue.empty:
                raise RuntimeError("changes still wait for their acknowledgement")
            self._base, self._seq = checkpoint, checkpoint.seq + checkpoint.rows
            self._ahead.clear()
            self._read_to, self._read_ts_ms = checkpoint.read_to, checkpoint.read_ts_ms

    def add(self, packed: list[Packed], now: float, late: float = 0.0) -> None:
        """`late`: seconds since their commit."""
        with self.changed:
            self._publish_queue.add(packed, now, late)
            self._seq = packed[-1].seq
            if self._wanting and self._publish_queue.due(now) is not None:
                self.changed.notify()

    def boundary(self, position: Position, ts_ms: int, *, committed: bool) -> None:
        """Everything added so far lies before `position`.

        committed: a transaction ended there; otherwise the binlog was read up to there.
        """
        with self.changed:
            self._read_to, self._read_ts_ms = position, max(ts_ms, self._read_ts_ms)
            last = self._last()
            if self._ahead and self._ahead[-1].seq == self._seq:
                self._ahead.pop()
            self._ahead.append(Boundary(self._seq, position, ts_ms if committed else last.ts_ms))

    def resume(self) -> Checkpoint | None:
        """Where reading continues: the last boundary and the number of changes added after it."""
        with self.changed:
            if self._base is None:
                return None
            last = self._last()
            return msgspec.structs.replace(
                self._base,
                position=last.position,
                seq=last.seq,
                rows=self._seq - last.seq,
                ts_ms=last.ts_ms,
            )

    @property
    def full(self) -> bool:
        """Whether the reader must wait for the publishers."""
        with self.changed:
            if len(self._ahead) >= MAX_BOUNDARIES:
                self._trim()
            held = self._publish_queue.bytes
            return held >= MAX_WAITING_BYTES or len(self._ahead) >= MAX_BOUNDARIES

    @property
    def drained(self) -> bool:
        """Whether everything that was added is acknowledged."""
        with self.changed:
            return self._publish_queue.empty

    # the publishers' side

    def take(self, now: float) -> list[Parcel]:
        """The next request, or nothing. Its message groups are closed until it is settled."""
        with self.changed:
            return self._publish_queue.take(now)

    def settle(self, parcels: list[Parcel], fates: list[str | None], now: float) -> None:
        with self.changed:
            self._publish_queue.settle(parcels, fates, now)
            self.changed.notify_all()

    def wait_for_work(self, now: float, most: float) -> None:
        """Sleep until something may be due, at most `most` seconds."""
        with self.changed:
            due = self._publish_queue.due(now)
            if due == 0.0:
                return
            self._wanting += 1
            self.changed.wait(most if due is None else min(due, most))
            self._wanting -= 1

    def wait_for_room(self, most: float) -> None:
        """Sleep until something was settled, at most `most` seconds."""
        with self.changed:
            self.changed.wait(most)

    def hurry(self) -> None:
        """The relay ends: what was added is published without waiting for company."""
        with self.changed:
            self._publish_queue.hurry()
            self.changed.notify_all()

    def wake(self) -> None:
        """End everybody's sleep."""
        with self.changed:
            self.changed.notify_all()

    # the keeper's side

    def acknowledged(self) -> Checkpoint | None:
        """What is acknowledged, for whoever continues from here.

        Nothing after it is lost, and nothing before it is published again.
        """
        with self.changed:
            low = self._trim()
            if self._base is None:
                return None
            return msgspec.structs.replace(
                self._base,
                rows=low - self._base.seq,
                read_to=self._read_to,
                read_ts_ms=self._read_ts_ms,
            )

    def counters(self) -> tuple[int, int, int]:
        """Changes acknowledged, requests sent, messages that failed, since the start."""
        with self.changed:
            return (
                self._publish_queue.acknowledged,
                self._publish_queue.requests,
                self._publish_queue.failures,
            )

    def _last(self) -> Boundary:
        if self._ahead:
            return self._ahead[-1]
        base = self._base
        return Boundary(base.seq, base.position, base.ts_ms) if base else Boundary(0, Position(), 0)

    def _trim(self) -> int:
        """Forget the boundaries that are passed; returns the highest number up to which all are
        acknowledged.
        """
        unacknowledged = self._publish_queue.low()
        low = self._seq if unacknowledged is None else unacknowledged - 1
        while self._base and self._ahead and self._ahead[0].seq <= low:
            passed = self._ahead.popleft()
            self._base = msgspec.structs.replace(
                self._base, position=passed.position, seq=passed.seq, ts_ms=passed.ts_ms, rows=0
            )
        return low
