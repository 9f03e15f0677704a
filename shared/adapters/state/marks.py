"""Marks: how far a consumer has come in each message group of the live lane."""

from typing import Protocol

from shared.values.batch_start import BatchStart
from shared.values.mark import Mark


class Marks(Protocol):
    """A mark moves only from the value that was seen."""

    def read(self, consumer: str, groups: list[str]) -> BatchStart:
        """The marks of these groups and everything else that a batch asks first, in one read."""
        ...

    def advance(self, consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        """Move marks, each from the value seen to a new one.

        Returns the groups whose mark no longer has the value seen; those stay as they are.
        """
        ...
