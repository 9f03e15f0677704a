"""Functions: what a stage asks of Lambda: to start a function, and to give it messages or not."""

from typing import Any, Literal, Protocol

from shared.values.errors import RowlineError

MappingState = Literal["on", "off", "changing", "missing"]


class FunctionFailed(RowlineError):
    """The function ended with an error."""


class Functions(Protocol):
    """A stage's functions. Raises StackError for a refusal, StateUnavailable for an outage."""

    def start(self, name: str, event: dict[str, Any]) -> None:
        """Start a function and do not wait for it. It may start twice."""
        ...

    def call(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Run a function to its end; returns its answer. Raises FunctionFailed too."""
        ...

    def mapping(self, name: str) -> MappingState:
        """Whether Lambda gives the messages of a queue to this function."""
        ...

    def switch(self, name: str, *, on: bool) -> None:
        """Switch that. Messages may still be given to the function for about a minute."""
        ...
