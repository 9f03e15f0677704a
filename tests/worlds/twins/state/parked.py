"""The twin of Parked."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import count

import msgspec

from shared.adapters.state.parked import FlagsFull
from shared.values.parked_change import ParkedChange, RowId, RowItem, token_of

FLAGS_BYTES = 400 * 1024
"""DynamoDB holds the flags of a consumer in one item."""


class MemoryParked:
    """clock: Unix seconds. page: so many changes are counted at a time."""

    page = 3

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._tokens = count(1)
        self._flags: dict[str, dict[str, str]] = {}
        self._rows: dict[str, dict[RowId, RowItem]] = {}
        self._changes: dict[str, dict[str, ParkedChange]] = {}
        self._counted: dict[tuple[str, int], tuple[int, int]] = {}
        self._taken: dict[tuple[str, int], int] = {}
        self._bodies: dict[tuple[str, str], str] = {}

    def flag(self, consumer: str, groups: Collection[str]) -> None:
        token = self._token()
        flags = {**self.flags(consumer), **dict.fromkeys(groups, token)}
        if sum(len(f"{group} {token}".encode()) for group in flags) > FLAGS_BYTES:
            raise FlagsFull(consumer)
        self._flags[consumer] = flags

    def flags(self, consumer: str) -> dict[str, str]:
        return dict(self._flags.get(consumer, {}))

    def unflag(self, consumer: str, group: str, token: str) -> None:
        if self.flags(consumer).get(group) == token:
            del self._flags[consumer][group]

    def rows(self, consumer: str, wanted: Collection[RowId]) -> dict[RowId, RowItem]:
        held = self._rows.get(consumer, {})
        return {one: held[one] for one in wanted if one in held}

    def rows_of(self, consumer: str, group: str) -> list[RowItem]:
        return [row for row in self._rows.get(consumer, {}).values() if row.group == group]

    def put_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        held = self._rows.setdefault(consumer, {})
        for row in rows:
            newest = max(row.newest, held[row.id].newest if row.id in held else 0)
            held[row.id] = msgspec.structs.replace(row, newest=newest, token=self._token())

    def update_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        held = self._rows.get(consumer, {})
        for row in rows:
            if row.id in held:
                newest = max(row.newest, held[row.id].newest)
                held[row.id] = msgspec.structs.replace(row, newest=newest, token=held[row.id].token)

    def remove_rows(self, consumer: str, rows: Sequence[RowItem]) -> None:
        held = self._rows.get(consumer, {})
        for row in rows:
            if row.id in held and held[row.id].token == row.token:
                del held[row.id]

    def add(self, consumer: str, change: ParkedChange, body: str) -> bool:
        msgspec.json.encode(change)  # a store keeps text
        if not change.payload:
            self._bodies[consumer, change.id] = body
        changes = self._changes.setdefault(consumer, {})
        new = change.id not in changes
        changes.setdefault(change.id, change)
        return new

    def update(self, consumer: str, change: ParkedChange) -> None:
        msgspec.json.encode(change)
        self._changes.setdefault(consumer, {})[change.id] = change

    def count(self, consumer: str, minute: int, tried: int, refused: int) -> tuple[int, int]:
        before = self._counted.get((consumer, minute), (0, 0))
        now = self._counted[consumer, minute] = before[0] + tried, before[1] + refused
        return now

    def take(self, consumer: str, minute: int, changes: int, limit: int) -> bool:
        taken = self._taken.get((consumer, minute), 0) + changes
        if taken > limit:
            return False
        self._taken[consumer, minute] = taken
        return True

    def of_group(
        self, consumer: str, group: str, seqs: tuple[int, int] | None = None
    ) -> list[ParkedChange]:
        first, last = seqs or (0, 1 << 63)
        every = (change for change in self.all(consumer) if change.group == group)
        return [change for change in every if first <= change.seq <= last]

    def all(self, consumer: str) -> Iterator[ParkedChange]:
        held = self._changes.get(consumer, {}).values()
        yield from sorted(held, key=lambda one: (one.group, one.seq, one.id))

    def held(self, consumer: str, changes: Sequence[ParkedChange]) -> list[ParkedChange]:
        held = self._changes.get(consumer, {})
        return [held[change.id] for change in changes if change.id in held]

    def count_some(self, consumer: str, after: str = "") -> tuple[int, str]:
        held = self._changes.get(consumer, {}).values()
        every = sorted(f"{one.group}#{one.seq:020d}#{one.id}" for one in held)
        some = [one for one in every if one > after][: self.page]
        rest = bool(some) and some[-1] != every[-1]
        return len(some), some[-1] if rest else ""

    def _token(self) -> str:
        return token_of(int(self.clock() * 1000), next(self._tokens))

    def body(self, consumer: str, change: ParkedChange) -> str | None:
        held = self._bodies.get((consumer, change.id))
        return None if change.expires <= self.clock() else held

    def remove(self, consumer: str, changes: Sequence[ParkedChange]) -> None:
        for change in changes:
            self._changes.get(consumer, {}).pop(change.id, None)
            self._bodies.pop((consumer, change.id), None)
