"""Gate tending: starts probes of closed gates, and makes event source mappings follow the gates.

The gate in the state table is the truth: every invocation reads it. The mapping follows only to
save invocations and receives. So it does not matter that a mapping takes a minute to stop, or that
a deployment switches it on.
"""

from shared.domain import gate_transitions, probe_schedule
from shared.domain.event_source_mapping import takes_messages
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.gate import Gate

VERDICT_MS = 5_000
"""The watch looks for a verdict this often, for as long as a probe may take."""

PROBE_MS = 60_000


def tend_gates(setup: WatchSetup) -> float | None:
    """Look after every gate; returns when the next probe or verdict is due, Unix seconds."""
    wakes: list[int] = []

    def tend(consumer: str) -> None:
        gate = _probed(setup, consumer)
        _follow(setup, consumer, gate)
        if probe_schedule.is_tried(gate):
            wakes.append(_wake_ms(gate, setup.now_ms))

    for_each(setup, setup.parts.settings.consumers, tend)
    return min(wakes) / 1000 if wakes else None


def _probed(setup: WatchSetup, consumer: str) -> Gate:
    """The gate, after its probe was started if one is due.

    That is written first. So a probe that is lost costs a wait, and no two have one version.
    """
    gates, now_ms = setup.parts.state.gates, setup.now_ms
    gate = _as_deployed(setup, consumer)
    if not probe_schedule.probe_is_due(gate, now_ms):
        return gate
    probing = gates.write(consumer, probe_schedule.probing(gate, now_ms))
    if probing is None:
        return gate
    event: dict[str, object] = {"probe": True, "version": probing.version}
    setup.parts.functions.start(setup.parts.consume_function(consumer), event)
    return probing


def _as_deployed(setup: WatchSetup, consumer: str) -> Gate:
    """The gate, with since when the stanza has switched it off."""
    gates, enabled = setup.parts.state.gates, setup.parts.settings.consumers[consumer].enabled
    gate = gates.read(consumer)
    wanted = gate_transitions.as_deployed(gate, enabled, setup.now_ms)
    return gate if wanted == gate else gates.write(consumer, wanted) or wanted


def _follow(setup: WatchSetup, consumer: str, gate: Gate) -> None:
    functions, wanted = setup.parts.functions, takes_messages(gate, setup.now_ms)
    name = setup.parts.consume_function(consumer)
    if functions.mapping(name) == ("off" if wanted else "on"):
        functions.switch(name, on=wanted)


def _wake_ms(gate: Gate, now_ms: int) -> int:
    """When to look at a closed gate again: soon while a probe may be under way."""
    began_ms = gate.next_ms - probe_schedule.wait_ms(gate.probes, gate.cause)
    may_work = gate.probes > 0 and now_ms - began_ms < PROBE_MS
    return min(gate.next_ms, now_ms + VERDICT_MS) if may_work else gate.next_ms
