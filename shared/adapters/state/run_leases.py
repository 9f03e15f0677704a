"""Run leases: the right to do one piece of work of a stage, for a while."""

from typing import Protocol


class RunLeases(Protocol):
    """A lease ends by the clock of whoever asks for it.

    It only avoids duplicate work; anything that must not happen twice may not rely on it.
    """

    def hold(self, name: str, holder: str, now_ms: int, ends_ms: int) -> bool:
        """Take the lease until `ends_ms`, or keep it until then; False when another has it."""
        ...

    def release(self, name: str, holder: str) -> None:
        """Give the lease back; without effect when it is another's by now."""
        ...
