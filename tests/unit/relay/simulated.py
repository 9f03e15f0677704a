"""A source and a topic that obey their contracts and do the worst these allow."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows
from shared.adapters.topic.contract import Entry
from shared.adapters.topic.memory import check
from shared.values.change import Change
from shared.values.errors import PositionLost, SourceUnavailable
from shared.values.message import decode
from shared.values.position import Position
from shared.values.table import Column, Table

Operation = tuple[Table, Any, dict[str, Any] | None, dict[str, Any] | None]
"""(table, op, before, after)"""


def table(name: str, *extra: str) -> Table:
    return Table("shop", name, tuple(Column(each, "bigint") for each in ("id", *extra)), ("id",))


@dataclass
class Committed:
    """A transaction; one that was prepared (XA) became visible in the binlog after `prepared` transactions and was committed later."""

    gtid: int
    ops: list[Operation]
    prepared: int | None = None

    def events(self) -> list[Rows]:
        """Row events of at most three rows."""
        grouped: list[Rows] = []
        for each, op, before, after in self.ops:
            if grouped and grouped[-1].table is each and grouped[-1].op == op and len(grouped[-1].rows) < 3:
                grouped[-1].rows.append((before, after))
            else:
                grouped.append(Rows(each, op, len(grouped), [(before, after)]))
        return grouped


@dataclass
class Server:
    """A database server. Servers of one topology hold the same transactions, each at places of its own."""

    identity: str
    history: list[Committed] = field(default_factory=list)
    gtids: bool = True
    first_offset: int = 4
    prepared: list[Committed] = field(default_factory=list)  # XA transactions that are prepared and not committed
    unavailable: int = 0  # so many connections fail
    gone: bool = False  # another one has taken its place: its connections are cut

    def place(self, number: int) -> Position:
        """The position after `number` transactions."""
        gtid = self.history[number - 1].gtid if number else 0
        return Position("bin.000001", self.first_offset + 100 * number, f"0-1-{gtid}" if self.gtids else "")

    @property
    def end(self) -> Position:
        return self.place(len(self.history))

    def commit(self, transaction: Committed) -> None:
        self.history.append(transaction)

    def number(self, position: Position) -> int:
        """How many transactions lie before a position."""
        if position.file:
            return (position.offset - self.first_offset) // 100
        for number in range(len(self.history) + 1):
            if self.place(number).gtids == position.gtids:
                return number
        raise PositionLost("is not here.", thing=str(position))

    def held(self, number: int) -> Position:
        """Where reading may start again after `number` transactions: not behind the oldest one that is prepared there."""
        later = [each.prepared for each in (*self.history[number:], *self.prepared) if each.prepared is not None]
        return self.place(min([number, *later]))


class SimulatedBinlog:
    """A connection. A heartbeat comes when nothing else does, after `block` seconds."""

    def __init__(self, server: Server, tables: Iterable[str], *, block: float = 0.0) -> None:
        if server.unavailable:
            server.unavailable -= 1
            raise SourceUnavailable("does not answer.", thing="source")
        self._server, self._tables, self._block, self._closed = server, set(tables), block, False

    def identity(self) -> str:
        return self._server.identity

    def earliest(self) -> Position:
        return self._server.place(0)

    def latest(self) -> Position:
        return self._server.end

    def read(self, start: Position, *, until: Position | None = None) -> Iterator[Event]:
        for event in self._read(start, until):
            if self._closed or self._server.gone:
                raise SourceUnavailable("cut the connection.", thing="source")
            yield event

    def _read(self, start: Position, until: Position | None) -> Iterator[Event]:
        server, number = self._server, self._server.number(start)
        last = server.number(until) if until else None
        while last is None or number < last:
            if number == len(server.history):
                read_to = server.held(number)
                time.sleep(self._block)
                yield Heartbeat(read_to, number * 1000, True)
            else:
                transaction = server.history[number]
                rows = [event for event in transaction.events() if event.table.full_name in self._tables]
                if rows:
                    yield Begin(
                        f"0-1-{transaction.gtid}@{transaction.gtid}", f"0-1-{transaction.gtid}", server.place(number), number * 1000
                    )
                    yield from rows
                number += 1
                place = server.held(number)
                yield Commit(place, number * 1000) if rows else Heartbeat(place, number * 1000, False)

    def close(self) -> None:
        self._closed = True


class SimulatedTopic:
    """What arrives, in order. SNS deduplicates; this one forgets what it has seen when told to, as SNS does after five minutes."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, Change]] = []
        self.streams: list[str] = []  # of each that was delivered
        self.requests = 0
        self._seen: set[str] = set()

    def accept(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.deduplication_id not in self._seen:
                self._seen.add(entry.deduplication_id)
                message = decode(entry.body)
                self.delivered += [(entry.group, change) for change in message.changes]
                self.streams += [message.stream] * len(message.changes)

    def forget(self) -> None:
        self._seen.clear()

    def publish(self, entries: list[Entry]) -> list[str | None]:
        check(entries)
        self.requests += 1
        self.accept(entries)
        return [None] * len(entries)
