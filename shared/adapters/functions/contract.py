"""Functions: what starts a function needs of Lambda."""

from typing import Any, Protocol


class Functions(Protocol):
    """Raises StackError when a function may not be started, StateUnavailable for an outage."""

    def start(self, name: str, event: dict[str, Any]) -> None:
        """Start a function and do not wait for it. It may start twice."""
        ...
