"""Coverages: which tables each stream has captured, from which number to which."""

from typing import Protocol

from shared.values.coverage import CoverageSegment


class Coverages(Protocol):
    """The segments of each stream; one that is stored never changes.

    The segment that a checkpoint names may be missing while no relay reads its stream: the one that
    was killed had not stored it.
    """

    def append(self, stream: str, segment: CoverageSegment) -> None:
        """Store a segment; one of the same number that is there already stays as it is.

        Raises StateUnavailable, StackError.
        """
        ...

    def segments(self, stream: str) -> list[CoverageSegment]:
        """All of them, by number. Raises StateUnavailable, StackError."""
        ...

    def last(self, stream: str) -> CoverageSegment | None:
        """The one with the highest number. Raises StateUnavailable, StackError."""
        ...
