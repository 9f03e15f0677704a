"""Parked: the changes that each consumer has set aside, and the rows that have any."""

from collections.abc import Collection, Iterator, Sequence
from typing import Protocol

from shared.values.errors import StackError
from shared.values.parked_change import ParkedChange, RowId, RowItem


class FlagsFull(StackError):
    """A consumer has parked changes in as many message groups as can be flagged."""

    def __init__(self, consumer: str) -> None:
        super().__init__(
            "has parked changes in so many message groups that no other one can be flagged.",
            thing=f"consumer {consumer}",
            hint=f"Redrive or drop some: rowline parked list {consumer}.",
        )


class Parked(Protocol):
    """Only the holder of a message group writes what belongs to it. Every write may be repeated.

    A holder that is slow may be followed by another one before it has ended. So whoever removes a
    row or a flag names what it has read, and what was stored meanwhile stays.

    Changes and rows are kept until they are removed; payloads expire. Each method raises
    StateUnavailable, StackError.
    """

    def flag(self, consumer: str, groups: Collection[str]) -> None:
        """Note that these groups may have parked rows: the next `Marks.read` names them.

        Raises FlagsFull after about 4,000 groups.
        """
        ...

    def flags(self, consumer: str) -> dict[str, str]:
        """The groups that may have parked rows, each with the token of its flag (`stored_ms`)."""
        ...

    def unflag(self, consumer: str, group: str, token: str) -> None:
        """Note that a group has no parked row any more, unless it was flagged again since."""
        ...

    def rows(self, consumer: str, wanted: Collection[RowId]) -> dict[RowId, RowItem]:
        """Those of these rows that have an item."""
        ...

    def rows_of(self, consumer: str, group: str) -> list[RowItem]:
        """All rows of a group that have an item."""
        ...

    def put_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        """Store rows. `newest` never falls: a slow process may know less than what is stored."""
        ...

    def update_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        """The same for rows that were read, whose tokens stay.

        One that was removed since is not made again.
        """
        ...

    def remove_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        """Remove rows as they were read; one that was stored again since stays."""
        ...

    def add(self, consumer: str, change: ParkedChange, body: str) -> bool:
        """Store a parked change, and its payload unless an object holds that.

        A change that is parked already stays as it is: the first failure is kept. Returns whether
        it was not parked before.
        """
        ...

    def update(self, consumer: str, change: ParkedChange) -> None:
        """Store what became of another attempt."""
        ...

    def count(self, consumer: str, minute: int, tried: int, refused: int) -> tuple[int, int]:
        """Add to the changes that were tried and refused in a minute; returns all of it so far."""
        ...

    def take(self, consumer: str, minute: int, changes: int, limit: int) -> bool:
        """Take this many changes from a minute's budget, if that many are left."""
        ...

    def of_group(
        self, consumer: str, group: str, seqs: tuple[int, int] | None = None
    ) -> list[ParkedChange]:
        """All parked changes of a group, or those from one seq to another, by seq."""
        ...

    def all(self, consumer: str) -> Iterator[ParkedChange]:
        """All parked changes of a consumer, by group and seq."""
        ...

    def held(self, consumer: str, changes: Sequence[ParkedChange]) -> list[ParkedChange]:
        """Those of these changes that are still parked, as they are now, in the given order."""
        ...

    def count_some(self, consumer: str, after: str = "") -> tuple[int, str]:
        """Count parked changes behind a place, in one request that is bounded.

        Returns their number and the place where to continue; an empty one at the end.
        """
        ...

    def body(self, consumer: str, change: ParkedChange) -> str | None:
        """The payload that the state table holds; None when it has expired."""
        ...

    def remove(self, consumer: str, changes: Sequence[ParkedChange]) -> None:
        """Forget changes and their payloads."""
        ...
