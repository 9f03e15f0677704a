"""The twin of Functions: mappings that go on for a while after they were switched off."""

import time
from collections.abc import Callable
from typing import Any

from shared.adapters.functions.contract import MappingState

LAG = 60.0
"""Seconds for which a mapping that was switched off still gives messages to its function, and
before one that was switched on does. Source: Lambda API reference, UpdateEventSourceMapping: the
change is asynchronous; its states are Enabling and Disabling."""


class MemoryFunctions:
    """Functions without Lambda.

    started: what was started, in order. clock: seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time, lag: float = LAG) -> None:
        self._clock, self._lag = clock, lag
        self.started: list[tuple[str, dict[str, Any]]] = []
        self.switches: list[tuple[str, bool]] = []
        self._mappings: dict[str, tuple[bool, float]] = {}

    def start(self, name: str, event: dict[str, Any]) -> None:
        self.started.append((name, event))

    def mapping(self, name: str) -> MappingState:
        on, since = self._mappings.get(name, (True, 0.0))
        if self._clock() - since < self._lag:
            return "changing"
        return "on" if on else "off"

    def switch(self, name: str, *, on: bool) -> None:
        if self.mapping(name) != "changing":
            self.switches.append((name, on))
            self._mappings[name] = on, self._clock()

    def gives(self, name: str) -> bool:
        """Whether messages are given to the function now."""
        on, since = self._mappings.get(name, (True, 0.0))
        return on if self._clock() - since >= self._lag else not on
