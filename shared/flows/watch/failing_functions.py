"""Failing functions: closes the gate of a consumer whose function fails in every run.

Such a function cannot count for itself. Its runs and errors are asked of CloudWatch only while its
queue holds messages, since the question has a price.
"""

from shared.domain import gate_transitions
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.watch_setup import WatchSetup

MINUTES = 3
"""How many minutes of runs are examined; a gate closes when all of them failed."""

REASON = f"the function ended with an error in every run of the last {MINUTES} minutes"


def close_failing(setup: WatchSetup) -> None:
    """Close the gates of consumers whose functions have failed for too long."""
    waiting: list[str] = []

    def look(consumer: str) -> None:
        if any(setup.parts.queue(consumer).depth()):
            waiting.append(consumer)
        else:
            setup.memory.failing.pop(consumer, None)

    for_each(setup, setup.parts.settings.consumers, look)
    if not waiting:
        return
    runs = setup.parts.observation.runs(sorted(waiting), MINUTES)
    for_each(setup, waiting, lambda consumer: _judge(setup, consumer, *runs[consumer]))


def _judge(setup: WatchSetup, consumer: str, runs: int, errors: int) -> None:
    if errors < runs:
        setup.memory.failing.pop(consumer, None)
    if not runs or errors < runs:  # messages of a dead function may take 15 minutes to come again
        return
    since_ms = setup.memory.failing.setdefault(consumer, setup.now_ms)
    if setup.now_ms - since_ms < MINUTES * 60_000:
        return
    gates = setup.parts.state.gates
    gate = gates.read(consumer)
    if gate.is_open and gates.write(
        consumer, gate_transitions.closed(gate, "errors", REASON, setup.now_ms)
    ):
        del setup.memory.failing[consumer]
