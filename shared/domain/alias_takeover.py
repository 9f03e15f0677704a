"""Alias takeover: the contract of a sink whose readers can be moved to another place at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from shared.domain.captured_tables import CapturedTable
from shared.values.index_pair import IndexPair


class Takeover(Protocol):
    """What a sink can do whose readers are moved from one place to another at once.

    Raises ConfigError, and the errors of the sink's adapter. Each call may be repeated.
    """

    def plan(self, tables: Sequence[CapturedTable]) -> dict[str, IndexPair]:
        """By alias: the index that serves, and a name for one beside it. It makes nothing."""
        ...

    def make(
        self, pairs: Mapping[str, IndexPair], tables: Sequence[CapturedTable]
    ) -> dict[str, IndexPair]:
        """Make the indexes beside, and the names under which both are written."""
        ...

    def problems(self, pairs: Mapping[str, IndexPair]) -> list[str]:
        """Why these pairs cannot be exchanged."""
        ...

    def counts(self, pairs: Mapping[str, IndexPair]) -> dict[str, tuple[int, int]]:
        """By alias: the documents of the serving index and of the one beside it."""
        ...

    def exchange(
        self, pairs: Mapping[str, IndexPair], permit: str, is_mine: Callable[[], object]
    ) -> float:
        """Lead each alias to the index beside; no reader sees an older state than before.

        Every invocation must work with `IndexPairs.shown_first` by now. permit: names this holder
        of the job, and no other. is_mine: raises JobLost when another process holds the job.
        Returns the seconds that it took.
        """
        ...

    def withdraw(self, pairs: Mapping[str, IndexPair]) -> bool:
        """Let no exchange succeed late; returns whether one has succeeded."""
        ...

    def end(self, pairs: Mapping[str, IndexPair]) -> None:
        """Drop the names under which both were written. No index is deleted."""
        ...
