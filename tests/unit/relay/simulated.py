"""A source and a topic that obey their contracts and do the worst these allow."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows
from shared.adapters.topic.contract import Entry
from shared.adapters.topic.memory import check
from shared.values.change import Change
from shared.values.errors import PositionLost, SourceUnavailable
from shared.values.message import decode
from shared.values.position import Position
from shared.values.table import Column, Table


def table(name: str, *extra: str) -> Table:
    return Table("shop", name, tuple(Column(each, "bigint") for each in ("id", *extra)), ("id",))


@dataclass
class Committed:
    """A transaction: its row operations (table, op, before, after), one row event each unless `wide` (all rows of a table and operation in one)."""

    gtid: int
    ops: list[tuple[Table, Any, dict[str, Any] | None, dict[str, Any] | None]]

    def events(self) -> list[Rows]:
        grouped: list[Rows] = []
        for each, op, before, after in self.ops:
            if grouped and grouped[-1].table is each and grouped[-1].op == op and len(grouped[-1].rows) < 3:
                grouped[-1].rows.append((before, after))
            else:
                grouped.append(Rows(each, op, len(grouped), [(before, after)]))
        return grouped


@dataclass
class Server:
    """A database server: what it committed, and where its binlog stands. Two servers of a topology hold the same transactions elsewhere."""

    identity: str
    offset: int = 4
    history: list[tuple[Committed, Position, Position]] = field(default_factory=list)
    unavailable: int = 0
    connected: int = 0

    def __post_init__(self) -> None:
        self.end = Position("bin.000001", self.offset, "")

    def commit(self, transaction: Committed) -> None:
        start = self.end
        self.end = Position("bin.000001", start.offset + 100, f"0-1-{transaction.gtid}")
        self.history.append((transaction, start, self.end))

    def after(self, position: Position) -> int:
        """How many transactions lie before a position."""
        for number, (_, start, _) in enumerate(self.history):
            if position.file and position.offset <= start.offset:
                return number
        if position.file:
            return len(self.history)
        for number, (_, _, end) in enumerate(self.history):
            if end.gtids == position.gtids:
                return number + 1
        raise PositionLost("is not here.", thing=str(position))


class SimulatedBinlog:
    """A connection. `captured` as the relay asked for it; a heartbeat comes when nothing else does."""

    def __init__(self, server: Server, tables: tuple[str, ...], *, block: float = 0.0) -> None:
        if server.unavailable:
            server.unavailable -= 1
            raise SourceUnavailable("does not answer.", thing="source")
        self._server, self._tables, self._block, self._closed = server, tables, block, False
        server.connected += 1

    def identity(self) -> str:
        return self._server.identity

    def earliest(self) -> Position:
        return self._server.history[0][1] if self._server.history else self._server.end

    def latest(self) -> Position:
        return self._server.end

    def read(self, start: Position, *, until: Position | None = None) -> Iterator[Event]:
        number = self._server.after(start)
        last = self._server.after(until) if until else None
        while last is None or number < last:
            if self._closed or self._server.unavailable:
                raise SourceUnavailable("cut the connection.", thing="source")
            if number == len(self._server.history):
                read_to = self._server.end
                if self._block:
                    time.sleep(self._block)
                yield Heartbeat(read_to, number * 1000, True)
                continue
            transaction, before, after = self._server.history[number]
            rows = [event for event in transaction.events() if event.table.full_name in self._tables]
            if rows:
                yield Begin(f"0-1-{transaction.gtid}@{transaction.gtid}", f"0-1-{transaction.gtid}", before, number * 1000)
                yield from rows
                yield Commit(after, number * 1000)
            else:
                yield Heartbeat(after, number * 1000, False)
            number += 1

    def close(self) -> None:
        self._closed = True


@dataclass
class Delivered:
    group: str
    changes: list[Change]


class SimulatedTopic:
    """What arrives, in order. SNS deduplicates; this one forgets what it has seen when told to, as SNS does after five minutes."""

    def __init__(self) -> None:
        self.delivered: list[Delivered] = []
        self.requests = 0
        self._seen: set[str] = set()

    def accept(self, entries: list[Entry], taken: list[bool]) -> None:
        check(entries)
        self.requests += 1
        for entry, arrives in zip(entries, taken, strict=True):
            if arrives and entry.deduplication_id not in self._seen:
                self._seen.add(entry.deduplication_id)
                self.delivered.append(Delivered(entry.group, decode(entry.body).changes))

    def forget(self) -> None:
        self._seen.clear()

    def publish(self, entries: list[Entry]) -> list[str | None]:
        self.accept(entries, [True] * len(entries))
        return [None] * len(entries)

    def changes(self) -> list[tuple[str, Change]]:
        """(group, change) of all that arrived, duplicates included."""
        return [(each.group, change) for each in self.delivered for change in each.changes]


def rows_of(changes: list[tuple[str, Change]]) -> list[Any]:
    """Changes without their numbers, to compare orders."""
    return [(group, change.id, change.op, msgspec.to_builtins(change.key)) for group, change in changes]
