"""Consume: what a consumer's function does with the messages that it receives.

The order of the steps makes a kill at any point harmless. Changes are applied, again with the same
version if need be. Refused ones are parked, and the mark moves over what is settled. Only then
does a message go, by not being reported as failed.

What a failure leads to is decided in three places. The sink says what kind of outcome it is. The
park budget says whether a refused change may be parked. The gate's transitions say when the
consumer stops working.
"""

import time
from collections.abc import Callable, Sequence

from shared.adapters.claims.contract import Claims
from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.adapters.tracing.contract import NoTracer
from shared.domain.gate_transitions import as_deployed
from shared.domain.sink import Sink
from shared.flows.consume.applying import Applying, Tried
from shared.flows.consume.asked_parking import refuse_asked
from shared.flows.consume.batch import asked_waits, by_group, open_delivery
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.batch_trace import BatchTrace
from shared.flows.consume.batch_visibility import claim
from shared.flows.consume.begun_groups import BegunGroups
from shared.flows.consume.closed_rows import ClosedRows
from shared.flows.consume.gate_after_batch import GateAfterBatch
from shared.flows.consume.groups_given_back import GroupsGivenBack
from shared.flows.consume.killing_change import BatchTools
from shared.flows.consume.late_messages import Lateness
from shared.flows.consume.marks_after_batch import MarksAfterBatch
from shared.flows.consume.marks_during_batch import MarksDuringBatch
from shared.flows.consume.parking import Parking
from shared.flows.consume.probe_batch import ProbeBatch, refused_have_failed
from shared.flows.consume.redrive_commands import RedriveCommands
from shared.flows.consume.refusal_retries import RefusalRetries
from shared.flows.consume.retry_delay import postpone
from shared.flows.consume.row_items import RowItems
from shared.flows.consume.seen_changes import drop_done, drop_seen
from shared.values.batch_start import BatchStart
from shared.values.delivery import Delivery
from shared.values.errors import ConfigError, Outage
from shared.values.redrive_command import is_command
from shared.values.settings import ConsumerSettings


class Consume:
    """A consumer at work.

    queue: its own queue. version: of the function's code. clock: seconds since 1970.
    trace: records the messages that are traced. sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        sink: Sink,
        state: State,
        claims: Claims,
        queue: Queue,
        version: str = "",
        clock: Callable[[], float] = time.time,
        trace: BatchTrace | None = None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._consumer, self._marks, self._parked = consumer, state.marks, state.parked
        retries = RefusalRetries(consumer.max_attempts, sleep)
        self._slices = applying = Applying(sink, claims, retries)
        self._applying = ClosedRows(applying) if consumer.closes_rows else applying
        self._marks_after = MarksAfterBatch(consumer.name, state)
        self._done_messages, self._jobs = state.done_messages, state.jobs
        self._parking = Parking(consumer, state.parked, claims, version, clock)
        self._redriving = RedriveCommands(consumer, applying, state, claims, version, clock)
        settling = BatchTools(
            consumer.name,
            state.groups_in_hand,
            self._applying,
            self._parking,
            self._marks_after,
            version,
        )
        self._begun = BegunGroups(settling, queue)
        self._queue, self._clock = queue, clock
        self._trace = trace or BatchTrace(NoTracer(), consumer.name, consumer)
        self._lateness = Lateness(consumer.name, state.dues, self._now_ms)
        self._gate_after_batch = GateAfterBatch(consumer.name, state.gates, self._now_ms)
        self._probing = ProbeBatch(queue, self._gate_after_batch, self._try, self._now_ms)

    def handle(self, deliveries: Sequence[Delivery], time_left: Callable[[], float]) -> Consumed:
        """Settle what can be settled; the rest is received again after a back-off.

        That is a message that failed, and all later ones of its group. A group that is another
        invocation's by now is reported as failed too, and not touched. `time_left` gives the
        seconds until the function is stopped. Raises what no message of the batch has caused (the
        state table is down); all of it is then received again.
        """
        self._returned = GroupsGivenBack(self._queue, [])
        mine = claim(self._queue, deliveries, time_left, self._now_ms())
        try:
            consumed = self._handle(mine, time_left)
        except BaseException:
            still = [one for one in mine if one.message_id not in self._returned.ids]
            postpone(self._queue, still, self._now_ms())
            raise
        failed = set(consumed.failed) - consumed.returned
        again, closed = [one for one in mine if one.message_id in failed], not consumed.gate.is_open
        waits, soon = consumed.waits, consumed.soon
        postpone(self._queue, again, self._now_ms(), waits, soon=soon, closed=closed)
        owned = {one.message_id for one in mine}
        consumed.failed += [one.message_id for one in deliveries if one.message_id not in owned]
        return consumed

    def probe(self, version: int, time_left: Callable[[], float]) -> bool | None:
        """Try whether the consumer can work again; returns whether its gate is open then.

        None: the probe was for an earlier gate. See `ProbeBatch.probe`.
        """
        gate = self._probing.probe(version, time_left) if self._consumer.enabled else None
        return gate.is_open if gate else None

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _handle(self, deliveries: Sequence[Delivery], time_left: Callable[[], float]) -> Consumed:
        start = self._start(deliveries)
        if not start.gate.is_open:
            return self._closed(deliveries, start, time_left)
        consumed, tried = self._work(deliveries, start, time_left)
        if why := self._parking.broken:
            consumed.gate = self._gate_after_batch.after_refusals(start.gate, why, consumed)
        else:
            consumed.gate = self._gate_after_batch.after_batch(start.gate, tried, consumed)
        return consumed

    def _closed(
        self, deliveries: Sequence[Delivery], start: BatchStart, time_left: Callable[[], float]
    ) -> Consumed:
        """Give everything back; but when a probe is due, this batch is the probe."""
        gate = self._gate_after_batch.begin_probe(start.gate)
        if gate is None:
            return Consumed([one.message_id for one in deliveries], gate=start.gate)
        consumed, tried = self._work(deliveries, start, time_left, may_park=False)
        if self._gate_after_batch.judges(gate, tried):
            consumed.gate = self._gate_after_batch.after_probe(gate, tried, consumed)
        else:
            consumed.gate = self._gate_after_batch.after_nothing(gate, False)
        return consumed

    def _try(
        self, deliveries: Sequence[Delivery], time_left: Callable[[], float]
    ) -> tuple[Consumed, Tried]:
        """Settle a batch whatever the gate says; what is refused has failed, and comes again."""
        return self._work(deliveries, self._start(deliveries), time_left, may_park=False)

    def _start(self, deliveries: Sequence[Delivery]) -> BatchStart:
        live = {one.group for one in deliveries if one.attributes.get("lane", "live") == "live"}
        groups = sorted(live) if self._consumer.marks else []
        start = self._marks.read(self._consumer.name, groups)
        gate = as_deployed(start.gate, self._consumer.enabled, self._now_ms())
        return start._replace(gate=gate)

    def _work(
        self,
        deliveries: Sequence[Delivery],
        start: BatchStart,
        time_left: Callable[[], float],
        *,
        may_park: bool = True,
    ) -> tuple[Consumed, Tried]:
        try:
            return self._settle(deliveries, start, time_left, may_park=may_park)
        except (Outage, ConfigError):
            self._begun.survived()
            raise

    def _settle(
        self,
        deliveries: Sequence[Delivery],
        start: BatchStart,
        time_left: Callable[[], float],
        *,
        may_park: bool,
    ) -> tuple[Consumed, Tried]:
        self._slices.begin(start.pairs, time_left)
        self._parking.begin(time_left)
        self._begun.start()
        received = self._clock()
        redriven, late, by_command = Consumed(), list[Delivery](), Tried()
        if any(is_command(one.attributes) for one in deliveries):
            deliveries, late = self._redriving.carry_out(
                deliveries, start.run, time_left, redriven, probing=not may_park
            )
            by_command = self._redriving.tried
        opened = [open_delivery(delivery, self._consumer) for delivery in deliveries]
        floors = {group: mark.seq for group, mark in start.marks.items()}
        for one in opened:
            drop_seen(one, floors, start.run)
        drop_done(opened, self._done_messages, self._jobs, self._consumer.name, start.run)
        refuse_asked(opened, start.gate)
        self._lateness.note(opened, probing=not may_park)
        rows = RowItems(
            self._consumer.name,
            self._parked,
            start.parked,
            closes=self._consumer.closes_rows,
            parks=may_park,
        )
        rows.read(opened)
        began, marks = self._clock(), dict(start.marks)
        returned = self._returned = GroupsGivenBack(self._queue, [*deliveries, *late])
        self._begun.begin(
            opened, start, marks, time_left, rows, returned.give_back, may_park=may_park
        )
        opened = [one for one in opened if one.delivery.group not in returned.groups]
        late = [one for one in late if one.group not in returned.groups]
        if isinstance(self._applying, ClosedRows):
            progress = MarksDuringBatch(self._marks_after, opened, marks, time_left)
            tried = self._applying.apply(opened, start.run, time_left, rows, progress.note)
        else:
            tried = self._applying.apply(opened, start.run, time_left, rows)
        ended, tried = self._clock(), tried.plus(self._begun.tried)
        tried = tried.plus(by_command)
        groups = by_group(opened)
        if not may_park:
            refused_have_failed(groups)
        self._parking.park(groups, rows)
        consumed = self._marks_after.settle(groups, marks, start.run)
        self._begun.end()
        consumed.waits = asked_waits(opened)
        self._trace.record(opened, received, began, ended)
        consumed.add(redriven)
        consumed.failed += [*(one.message_id for one in late), *returned.ids]
        consumed.returned, consumed.soon = set(returned.ids), self._begun.soon
        return consumed, tried
