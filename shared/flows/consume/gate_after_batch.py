"""Gate after a batch: closes a gate when its sink takes nothing, opens it after a probe."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from shared.adapters.state.gates import Gates
from shared.domain import gate_transitions, probe_schedule
from shared.flows.consume.applying import Tried
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.sink_overload import SinkOverload, is_high
from shared.values.counted import counted
from shared.values.errors import RowlineError
from shared.values.gate import Gate


class GateAfterBatch:
    """The gate of one consumer, as its function sees it. now_ms: Unix ms."""

    def __init__(self, consumer: str, gates: Gates, now_ms: Callable[[], int]) -> None:
        self._consumer, self._gates, self._now_ms = consumer, gates, now_ms
        self._overload = SinkOverload(now_ms)

    def after_batch(self, gate: Gate, tried: Tried, consumed: Consumed) -> Gate:
        """Note what a batch showed; returns the gate as it is then, as far as is known.

        What cannot be noted shows again in the next batch.
        """
        is_pressed = self._overload.note(tried)
        changed = gate_transitions.after_batch(
            gate,
            tried.took,
            self._now_ms(),
            _why(tried, consumed, is_pressed),
            consumed.oldest_failed_ts_ms,
            is_pressed=is_pressed,
        )
        return self._write(gate, changed) if changed else gate

    def after_refusals(self, gate: Gate, why: str, consumed: Consumed) -> Gate:
        """Close the gate because too much is refused to blame single rows; returns the new gate."""
        now_ms, oldest_ms = self._now_ms(), consumed.oldest_failed_ts_ms
        return self._write(gate, gate_transitions.closed(gate, "refusals", why, now_ms, oldest_ms))

    def begin_probe(self, gate: Gate) -> Gate | None:
        """Make a batch that was received the probe, if one is due; None when it is not.

        While the mapping is on, it takes the messages that a probe of the watch would look for.
        """
        if not probe_schedule.probe_is_due(gate, self._now_ms()):
            return None
        return self._gates.write(self._consumer, probe_schedule.probing(gate, self._now_ms()))

    def asked_for(self, version: int) -> Gate | None:
        """The gate that this probe was started for; None when it has changed since.

        Lambda may start the same probe twice.
        """
        gate = self._gates.read(self._consumer)
        return gate if gate.version == version and probe_schedule.is_tried(gate) else None

    def after_probe(self, gate: Gate, tried: Tried, consumed: Consumed) -> Gate:
        """Write the verdict of a probe that tried something."""
        is_pressed = is_high(tried.pressed, tried.asked)
        why, now_ms = _why(tried, consumed, is_pressed), self._now_ms()
        if tried.took and is_pressed:
            return self._write(gate, gate_transitions.pressed_again(gate, why, now_ms))
        if gate_transitions.passes(gate.cause, tried.taken, tried.refused, tried.unasked):
            return self._write(gate, gate_transitions.opened(gate, now_ms))
        return self._write(gate, gate_transitions.failed_again(gate, why))

    def after_nothing(self, gate: Gate, is_empty: bool) -> Gate:
        """Write the verdict of a probe that got nothing to try.

        is_empty: the queue holds nothing for the sink, so nothing can be lost by opening.
        """
        now_ms = self._now_ms()
        after = gate_transitions.opened if is_empty else probe_schedule.untried
        return self._write(gate, after(gate, now_ms))

    @staticmethod
    def judges(gate: Gate, tried: Tried) -> bool:
        """Whether a probe has tried enough for a verdict.

        Refusals before the sink count only for a gate that refusals have closed.
        """
        return tried.took is not None or (gate.cause == "refusals" and tried.unasked > 0)

    def _write(self, gate: Gate, changed: Gate) -> Gate:
        with suppress(RowlineError):
            return self._gates.write(self._consumer, changed) or gate
        return gate


def _why(tried: Tried, consumed: Consumed, is_pressed: bool) -> str:
    if tried.took and is_pressed:
        return (
            f"had no room for {tried.pressed:,} of {counted(tried.asked, 'change')} at first (429)"
        )
    return _main(consumed.reasons)


def _main(reasons: Mapping[str, int]) -> str:
    """The reason of most changes."""
    return max(reasons, key=lambda reason: reasons[reason], default="")
