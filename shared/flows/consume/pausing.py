"""Pausing: a person closes a consumer's gate, and opens it again."""

from collections.abc import Callable
from contextlib import suppress

from msgspec.structs import replace

from shared.adapters.functions.contract import Functions
from shared.adapters.state.gates import Gates
from shared.domain import gate_transitions
from shared.values.errors import RowlineError
from shared.values.gate import Gate


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
