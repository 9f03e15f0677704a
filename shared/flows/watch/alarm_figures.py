"""Alarm figures: writes every metric that an alarm reads, zeros too.

The alarms take missing figures for trouble, so a watch that does not run raises all of them.
"""

from shared.domain.gate_transitions import as_deployed
from shared.domain.open_dues import open_dues
from shared.flows.health.relay_state import relay_facts
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.parked_count import parked_changes
from shared.flows.watch.scheduled_verifies import is_overdue
from shared.flows.watch.watch_setup import WatchSetup

RELAYING = ("running", "waiting")
"""States of a relay that are right; see `RelayFacts`."""


def emit_figures(setup: WatchSetup) -> None:
    """Write the figures of every relay and every consumer."""
    parts = setup.parts
    relays = parts.settings.sources
    for_each(setup, [*relays, *parts.settings.consumers], lambda name: _emit(setup, name))


def _emit(setup: WatchSetup, name: str) -> None:
    if name in setup.parts.settings.sources:
        setup.emit("stream", name, relay_figures(setup, name))
    if name in setup.parts.settings.consumers:
        setup.emit("consumer", name, consumer_figures(setup, name))


def relay_figures(setup: WatchSetup, name: str) -> dict[str, float]:
    """`RelayDown`: 1 when the relay of this source failed, is silent, or has never run.

    `BinlogUsedPercent`: by how much of the time that binlogs are kept the relay is behind.
    """
    source = setup.parts.settings.sources[name]
    facts = relay_facts(setup.parts.state.streams, source, setup.clock())
    down = float(facts.state not in RELAYING)
    return {"RelayDown": down, "BinlogUsedPercent": facts.binlog_used_percent}


def consumer_figures(setup: WatchSetup, name: str) -> dict[str, float]:
    """The gate, and what waits for a person: parked, in a DLQ, due, or differs by verify."""
    parts = setup.parts
    consumer = parts.settings.consumers[name]
    due = open_dues(parts.state.dues, consumer, parts.settings.source_of(consumer))
    verified = parts.state.reports.read(name) or {}
    gate = as_deployed(parts.state.gates.read(name), consumer.enabled, setup.now_ms)
    figures = {"GateClosed": float(gate.needs_somebody)}
    if gate.oldest_ms and gate.needs_somebody:  # the function says nothing while its mapping is off
        figures["OldestFailedMs"] = float(max(0, setup.now_ms - gate.oldest_ms))
    return figures | {
        "ParkedChanges": float(parked_changes(setup, name)),
        "TablesDue": float(len({one.table for one in due})),
        "VerifyDifferences": float(verified.get("differences", 0)),
        "VerifyOverdue": float(is_overdue(setup, name)),
    }
