"""Functions: what starts a function needs of Lambda."""

from typing import Any, Protocol

from shared.values.errors import RowlineError


class FunctionFailed(RowlineError):
    """The function ended with an error."""


class Functions(Protocol):
    """Raises StackError when a function may not be started, StateUnavailable for an outage."""

    def start(self, name: str, event: dict[str, Any]) -> None:
        """Start a function and do not wait for it. It may start twice."""
        ...

    def call(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Run a function to its end; returns its answer. Raises FunctionFailed too."""
        ...
