"""Pausing: a person closes a consumer's gate, opens it again, or has it start over."""

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from shared.adapters.functions.contract import Functions
from shared.adapters.state.dues import Dues
from shared.adapters.state.gates import Gates
from shared.domain import gate_transitions
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError, RowlineError
from shared.values.gate import Gate
from shared.values.settings import ConsumerSettings


def pause(gates: Gates, consumer: str, by: str, now_ms: int) -> Gate:
    """Close the gate until somebody opens it; who paused it first is kept."""
    return change_gate(
        gates,
        consumer,
        lambda gate: gate if gate.paused else replace(gate, paused=by, paused_ms=now_ms),
    )


def resume(gates: Gates, consumer: str, now_ms: int) -> Gate:
    """Take the pause back. A gate that closed by itself opens when a probe passes: one is due."""
    return change_gate(gates, consumer, lambda gate: gate_transitions.resumed(gate, now_ms))


def reset(gates: Gates, dues: Dues, consumer: ConsumerSettings, by: str, now_ms: int) -> Gate:
    """Forget why the gate closed, and make all tables due: the sink is new, or was emptied.

    A pause stays. by: who asks. Raises ConfigError for an archive, which no resync fills.
    """
    if consumer.is_drained:
        raise ConfigError(
            "is the archive, which holds changes and is filled with no rows.",
            thing=f"consumer {consumer.name}",
            hint="What it lacks: rowline archive audit --heal.",
        )
    for table in consumer.tables:  # first: a kill before the gate opens loses nothing
        cause = DueCause(f"reset:{now_ms}", f"reset by {by}")
        dues.note_consumer(consumer.name, table, cause)
    return change_gate(gates, consumer.name, gate_transitions.forgotten)


def let_flow(functions: Functions, function: str) -> None:
    """Switch the mapping of a consumer on whose gate is open; function: the consumer's.

    The watch does the same within a minute, so nothing depends on it.
    """
    with suppress(RowlineError):
        functions.switch(function, on=True)


def change_gate(gates: Gates, consumer: str, change: Callable[[Gate], Gate]) -> Gate:
    """Change a gate as it is at that moment; returns it as it is then."""
    while True:
        gate = gates.read(consumer)
        changed = change(gate)
        if changed == gate:
            return gate
        if (stored := gates.write(consumer, changed)) is not None:
            return stored
