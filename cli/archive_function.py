"""Archive function: asks it, for the commands of the archive."""

from typing import Any

from shared.stage import Stage


def ask_archive(deployed: Stage, event: dict[str, Any]) -> dict[str, Any]:
    """What the archive's function answers to an event. Raises StackError, StateUnavailable."""
    return deployed.functions.call(deployed.resources.archive_function, event)
