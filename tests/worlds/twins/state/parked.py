"""The twin of Parked."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence

import msgspec

from shared.values.parked import ParkedChange, RowId, RowItem


class MemoryParked:
    """`flags` holds the flagged groups by consumer. clock: Unix seconds, for payloads."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self.flags: dict[str, set[str]] = {}
        self._rows: dict[str, dict[RowId, RowItem]] = {}
        self._changes: dict[str, dict[str, ParkedChange]] = {}
        self._bodies: dict[tuple[str, str], str] = {}

    def flag(self, consumer: str, groups: Collection[str]) -> None:
        self.flags.setdefault(consumer, set()).update(groups)

    def unflag(self, consumer: str, group: str) -> None:
        self.flags.setdefault(consumer, set()).discard(group)

    def rows(self, consumer: str, wanted: Collection[RowId]) -> dict[RowId, RowItem]:
        held = self._rows.get(consumer, {})
        return {one: held[one] for one in wanted if one in held}

    def rows_of(self, consumer: str, group: str) -> list[RowItem]:
        return [row for row in self._rows.get(consumer, {}).values() if row.group == group]

    def put_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        held = self._rows.setdefault(consumer, {})
        for row in rows:
            newest = held[row.id].newest if row.id in held else 0
            held[row.id] = msgspec.structs.replace(row, newest=max(newest, row.newest))

    def remove_rows(self, consumer: str, rows: Collection[RowId]) -> None:
        for one in rows:
            self._rows.get(consumer, {}).pop(one, None)

    def add(self, consumer: str, change: ParkedChange, body: str) -> None:
        if not change.payload:
            self._bodies[consumer, change.id] = body
        self._changes.setdefault(consumer, {}).setdefault(change.id, change)

    def update(self, consumer: str, change: ParkedChange) -> None:
        self._changes.setdefault(consumer, {})[change.id] = change

    def of_group(self, consumer: str, group: str) -> list[ParkedChange]:
        return [change for change in self.all(consumer) if change.group == group]

    def all(self, consumer: str) -> Iterator[ParkedChange]:
        held = self._changes.get(consumer, {}).values()
        yield from sorted(held, key=lambda one: (one.group, one.seq, one.id))

    def body(self, consumer: str, change: ParkedChange) -> str | None:
        held = self._bodies.get((consumer, change.id))
        return None if change.expires <= self.clock() else held

    def remove(self, consumer: str, changes: Sequence[ParkedChange]) -> None:
        for change in changes:
            self._changes.get(consumer, {}).pop(change.id, None)
            self._bodies.pop((consumer, change.id), None)
