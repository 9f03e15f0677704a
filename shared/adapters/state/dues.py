"""Dues: which tables must be resynced, and which of that is settled."""

from collections.abc import Mapping
from typing import Protocol

from shared.values.due_cause import DueCause


class Dues(Protocol):
    """What is due, by `DATABASE.TABLE`, or `DATABASE.*` where nobody can tell the names.

    The last occurrence of a table stays: a resync that settles it settles the ones before it.
    """

    def note_source(self, source: str, table: str, cause: DueCause) -> None:
        """Note it for every consumer of a source."""
        ...

    def of_source(self, source: str) -> dict[str, DueCause]: ...

    def note_consumer(self, consumer: str, table: str, cause: DueCause) -> None:
        """Note it for one consumer."""
        ...

    def of_consumer(self, consumer: str) -> dict[str, DueCause]:
        """The dues of this consumer alone."""
        ...

    def settle(
        self, consumer: str, of_source: Mapping[str, str], of_consumer: Mapping[str, str]
    ) -> None:
        """Mark causes as settled.

        of_source, of_consumer: table → cause, as noted for the source or for this consumer alone.

        A cause that was noted meanwhile stays due.
        """
        ...

    def settled(self, consumer: str) -> dict[str, str]:
        """By table, the last cause noted for the source that this consumer has settled."""
        ...
