"""Archive function: asks it, and the archive's consumers, for the commands of the archive."""

from typing import Any

from shared.adapters.functions.contract import FunctionFailed
from shared.stage import Stage


def ask_archive(deployed: Stage, event: dict[str, Any]) -> dict[str, Any]:
    """What the archive's function answers to an event. Raises StackError, StateUnavailable."""
    return deployed.ask_archive(event)


def drain_archive(deployed: Stage) -> list[str]:
    """Let the archive's consumers take what waits in their queues; returns what went wrong.

    Raises StackError, StateUnavailable.
    """
    failed = []
    for name, consumer in deployed.settings.consumers.items():
        if consumer.is_drained:
            try:
                deployed.functions.call(deployed.consume_function(name), {"drain": True})
            except FunctionFailed as error:
                failed.append(f"{name}: {error}")
    return failed
