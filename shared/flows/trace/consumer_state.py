"""Consumer state: where a change is for one consumer."""

import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.domain.gate_transitions import as_deployed
from shared.flows.trace.change_trace import ConsumerTrace, Step, Whereabouts
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.sightings import Sighting
from shared.values.errors import Outage, StackError
from shared.values.gate import Gate
from shared.values.key_hash import key_hash
from shared.values.parked_change import ParkedChange
from shared.values.settings import ConsumerSettings

_SETTLED: dict[str, Whereabouts] = {
    "applied": "applied",
    "superseded": "superseded",
    "filtered": "filtered",
}


class Queues(Protocol):
    """The queues of a stage."""

    def queue(self, consumer: str) -> Queue: ...

    def dlq(self, consumer: str) -> Queue: ...

    def undelivered(self, consumer: str) -> Queue: ...


def consumer_state(
    consumer: ConsumerSettings,
    known: FoundChange,
    seen: Sequence[Sighting],
    published: bool | None,
    state: State,
    queues: Queues,
) -> ConsumerTrace:
    """What traces, parked changes, mark and queues say together.

    seen: the consumer's segments of the change, in order. published: see `FoundChange`.
    Raises StackError, StateUnavailable.
    """
    steps = _steps(seen)
    if found := parked(state, consumer.name, known):
        step = Step("parked", found.parked_ms, f"attempts {found.attempts}")
        steps.insert(_attempts_until(steps, found.parked_ms), step)
        return ConsumerTrace(consumer.name, "parked", steps, _reason(found))
    last = next((one.change for one in reversed(seen) if one.change.outcome != "duplicate"), None)
    if last is not None and last.outcome in _SETTLED:
        return ConsumerTrace(consumer.name, _SETTLED[last.outcome], steps)
    if last is not None and last.outcome == "refused":
        why = f"it was refused ({last.reason}) and parked; it was redriven or dropped since"
        return ConsumerTrace(consumer.name, "left parking", steps, why)
    if known.group and known.seq and consumer.marks:
        start = state.marks.read(consumer.name, [known.group])
        mark = start.marks[known.group]
        if mark.seq >= known.seq:
            why = "its group's mark has passed it: applied, or the sink held something newer"
            return ConsumerTrace(consumer.name, "settled", [*steps, Step("settled", 0)], why)
        if published is not False:
            gate = as_deployed(start.gate, consumer.enabled, int(time.time() * 1000))
            why = _closed(gate) + waiting(consumer, queues)
            return ConsumerTrace(consumer.name, "queued", steps, why)
    if published is False:
        return ConsumerTrace(consumer.name, "not published", steps)
    why = "its number in the stream is not known, so its group's mark proves nothing"
    if not consumer.marks:
        why = "the consumer keeps no marks, and no trace says more"
    return ConsumerTrace(consumer.name, "unknown", steps, why)


def parked(state: State, consumer: str, known: FoundChange) -> ParkedChange | None:
    """The change among those that the consumer has parked."""
    changes = (
        state.parked.of_group(consumer, known.group) if known.group else state.parked.all(consumer)
    )
    return next((one for one in changes if one.id == known.id), None)


def known_of(parked: ParkedChange, stream: str) -> FoundChange:
    """What a parked change says of itself."""
    key = msgspec.json.decode(parked.key or "{}")
    hash = key_hash(key.values())
    seq, ts_ms = parked.seq, parked.ts_ms
    return FoundChange(
        parked.id, stream, parked.table, parked.op, parked.group, hash, seq, ts_ms, True
    )


def _steps(seen: Sequence[Sighting]) -> list[Step]:
    steps = []
    for one in seen:
        details, outcome = one.segment.details, one.change.outcome
        attempt = details.get("attempt", 1)
        note = f"attempt {attempt}, lane {details.get('lane', 'live')}"
        steps.append(Step("received", _ms(details.get("received")), note))
        steps.append(Step(outcome, _ms(details.get("settled")), one.change.reason))
    return steps


def _attempts_until(steps: Sequence[Step], at_ms: int) -> int:
    """Where a step belongs that ends an attempt: before the next one. One time is rounded down."""
    later = (n for n, one in enumerate(steps) if one.name == "received" and one.at_ms > at_ms + 1)
    return next(later, len(steps))


def _ms(seconds: object) -> int:
    return round(float(seconds) * 1000) if isinstance(seconds, int | float) else 0


def _reason(found: ParkedChange) -> str:
    if found.joined:
        return "an earlier change of its row is parked"
    known = found.reason.startswith(found.error)  # also where the error has no name
    return found.reason if known else f"{found.error}: {found.reason}"


def _closed(gate: Gate) -> str:
    if gate.is_open:
        return ""
    why = f"paused by {gate.paused}" if gate.paused else gate.reason or gate.cause
    why = "off by the stanza" if gate.off_ms else why
    return f"the gate of the consumer is closed ({why}); "


def waiting(consumer: ConsumerSettings, queues: Queues) -> str:
    """The depth of its queues: a change that is nowhere else is in one of them."""
    try:
        visible, in_flight = queues.queue(consumer.name).depth()
        dlq, _ = queues.dlq(consumer.name).depth()
        undelivered, _ = queues.undelivered(consumer.name).depth()
    except (Outage, StackError) as error:
        return f"its queue cannot be asked: {error}"
    said = f"{visible:,} messages wait in its queue, {in_flight:,} are in flight"
    if dlq or undelivered:
        said += f"; {dlq:,} are in its DLQ, {undelivered:,} could not be delivered"
    return said
