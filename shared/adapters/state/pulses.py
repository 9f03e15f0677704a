"""Pulses: the lease of the watch function, and when it last ran."""

from typing import Protocol

from shared.values.pulse import Pulse


class Pulses(Protocol):
    """One run of the watch holds the lease at a time.

    The lease ends by the clock of whoever asks. Everything that the watch does is conditional, so
    clocks that differ cost a superfluous run at most.
    """

    def begin(self, holder: str, now_ms: int, ends_ms: int) -> Pulse | None:
        """Take the lease until `ends_ms`; returns the pulse of the last run.

        None when another run holds it.
        """
        ...

    def end(self, holder: str, pulse: Pulse) -> None:
        """Store the pulse and give the lease back; without effect when it is another's by now."""
        ...

    def read(self) -> Pulse:
        """The pulse of the last run that ended."""
        ...
