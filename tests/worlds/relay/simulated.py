"""A source and a topic that obey their contracts and do the worst these allow (long: two twins)."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from shared.adapters.binlog.contract import (
    Begin,
    Commit,
    Event,
    Heartbeat,
    Rows,
    UnreadableRow,
)
from shared.adapters.binlog.executed import Executed, MariadbExecuted
from shared.adapters.topic.contract import Entry
from shared.values.change import Change
from shared.values.errors import PositionLost, SourceUnavailable
from shared.values.message import decode
from shared.values.position import Position
from shared.values.table import Column, Table
from tests.worlds.twins.topic import check

CREATED = 1_763_000_000
SimulatedChange = tuple[Table, Any, dict[str, Any] | None, dict[str, Any] | None]
"""(table, op, before, after)"""


def table(name: str, *extra: str) -> Table:
    return Table("shop", name, tuple(Column(each, "bigint") for each in ("id", *extra)), ("id",))


@dataclass
class SimulatedTransaction:
    """A transaction. No two have one `at`, the
    time of the commit, but after a restore two may have one GTID."""

    ops: list[SimulatedChange]
    at: int = 0
    gtid: str = ""
    unreadable: frozenset[str] = frozenset()  # tables whose last row event cannot be decoded

    @property
    def id(self) -> str:
        return f"{self.gtid}@{self.at}"

    def events(self) -> list[Rows]:
        """Row events of at most three rows."""
        grouped: list[Rows] = []
        for each, op, before, after in self.ops:
            if (
                grouped
                and grouped[-1].table is each
                and grouped[-1].op == op
                and len(grouped[-1].rows) < 3
            ):
                grouped[-1].rows.append((before, after))
            else:
                grouped.append(Rows(each, op, len(grouped), [(before, after)]))
        return grouped


@dataclass
class SimulatedServer:
    """A database server. Servers of one topology hold the same transactions, each at places of its
    own.
    """

    identity: str
    history: list[SimulatedTransaction] = field(default_factory=list)
    gtids: bool = True
    first_offset: int = 4
    number_of_server: int = 1
    files: list[tuple[int, int]] = field(
        default_factory=lambda: [(0, CREATED)]
    )  # of each: its first transaction, when it was begun
    rotations: set[int] = field(default_factory=set)  # files that were not begun by a start
    unavailable: int = 0  # so many connections fail
    gone: bool = False  # another one has taken its place: its connections are cut

    def place(self, number: int) -> Position:
        """The position after `number` transactions."""
        return self._place(
            max(file for file, (first, _) in enumerate(self.files) if first <= number), number
        )

    @property
    def end(self) -> Position:
        return self.place(len(self.history))

    def commit(self, transaction: SimulatedTransaction) -> None:
        """The next GTID is its own, whatever was lost before."""
        last = int(self.history[-1].gtid.rpartition("-")[2]) if self.history else 0
        transaction.gtid = f"0-{self.number_of_server}-{last + 1}"
        self.history.append(transaction)

    def restarted(self, created: int) -> "SimulatedServer":
        """The same server, which writes into a new file."""
        self.gone = True
        return replace(
            self,
            files=[*self.files, (len(self.history), created)],
            rotations=set(self.rotations),
            gone=False,
        )

    def rotate(self) -> None:
        """Into a new file."""
        self.rotations.add(len(self.files))
        self.files.append((len(self.history), self.files[-1][1] + 1))

    @property
    def started(self) -> int:
        return max(
            created for file, (_, created) in enumerate(self.files) if file not in self.rotations
        )

    def last_start(self) -> Position:
        file = max(file for file in range(len(self.files)) if file not in self.rotations)
        return self._place(file, self.files[file][0])

    def next_start(self, position: Position) -> Position | None:
        behind = range(
            int(position.file[-6:]) if position.file else len(self.files), len(self.files)
        )
        return next(
            (
                self._place(file, self.files[file][0])
                for file in behind
                if file not in self.rotations
            ),
            None,
        )

    def restored(self, number: int, created: int) -> "SimulatedServer":
        """The same server as it was after `number` transactions; since then it writes into a new
        file.
        """
        files = [file for file in self.files if file[0] < number or file[0] == 0]
        self.gone = True
        rotations = {file for file in self.rotations if file < len(files)}
        return replace(
            self,
            history=self.history[:number],
            files=[*files, (number, created)],
            rotations=rotations,
            gone=False,
        )

    def number(self, position: Position) -> int:
        """How many transactions lie before a position."""
        if position.file:
            return (
                self.files[int(position.file[-6:]) - 1][0]
                + (position.offset - self.first_offset) // 100
            )
        for number in range(len(self.history) + 1):
            if self.place(number).gtids == position.gtids.strip():
                return number
        raise PositionLost("is not here.", thing=str(position))

    def behind(self, number: int) -> Position:
        """The position after `number` transactions in the file of the last of them."""
        return self._place(
            max([0, *(file for file, (first, _) in enumerate(self.files) if first < number)]),
            number,
        )

    def executed(self, at: Position | None) -> Executed:
        if at:
            return MariadbExecuted(at.gtids, linear=True)
        return MariadbExecuted(",".join(each.gtid for each in self.history))

    def intact(self, position: Position) -> Position | None:
        if not position.file:
            return position
        file = int(position.file[-6:]) - 1
        if file >= len(self.files) or position.created not in (0, self.files[file][1]):
            return None
        end = self._place(
            file, self.files[file + 1][0] if file + 1 < len(self.files) else len(self.history)
        )
        return position if position.offset <= end.offset else end

    def rows(self, number: int | None = None) -> dict[tuple[str, int], dict[str, Any]]:
        """(table, id) → row, as the first `number` transactions left it, or all."""
        return fold(op for each in self.history[:number] for op in each.ops)

    def _place(self, file: int, number: int) -> Position:
        gtid = self.history[number - 1].gtid if number else "0-1-0"
        first, created = self.files[file]
        return Position(
            f"bin.{file + 1:06}",
            self.first_offset + 100 * (number - first),
            gtid if self.gtids else "",
            created,
        )


def fold(ops: Iterable[SimulatedChange]) -> dict[tuple[str, int], dict[str, Any]]:
    rows: dict[tuple[str, int], dict[str, Any]] = {}
    for each, _, before, after in ops:
        if before is not None:
            rows.pop((each.full_name, before["id"]), None)
        if after is not None:
            rows[each.full_name, after["id"]] = after
    return rows


class SimulatedDatabase:
    """SELECTs on a server. What they show is as old as the proof asked for allows, or as new as can
    be: also what the binlog's reader has yet to come to.
    """

    def __init__(self, server: SimulatedServer) -> None:
        if server.gone:
            raise SourceUnavailable("does not answer.", thing="source")
        self._server = server

    def server(self) -> Any:
        return SimpleNamespace(identity=self._server.identity, managed="")

    def variables(self, *_: str) -> dict[str, str]:
        return {}

    def describe(self, database: str, name: str) -> Table:
        return table(name, "seller")

    def rows(
        self,
        table: Table,
        key: tuple[str, ...],
        keys: list[list[Any]],
        *,
        reached: Position | None = None,
    ) -> Iterator[dict[str, Any]]:
        if self._server.gone:
            raise SourceUnavailable("cut the connection.", thing="source")
        wanted, history = {values[0] for values in keys}, self._server.history
        shown = self._server.number(reached) if reached and len(history) % 2 else len(history)
        return iter(
            [
                row
                for (name, id_), row in self._server.rows(shown).items()
                if name == table.full_name and id_ in wanted
            ]
        )

    def close(self) -> None:
        pass


class SimulatedBinlog:
    """A connection. A heartbeat comes when nothing else does, after `block` seconds."""

    def __init__(
        self, server: SimulatedServer, tables: Iterable[str], *, block: float = 0.0
    ) -> None:
        if server.unavailable:
            server.unavailable -= 1
            raise SourceUnavailable("does not answer.", thing="source")
        self._server, self._tables, self._block, self._closed = server, set(tables), block, False

    def identity(self) -> str:
        return self._server.identity

    def started(self) -> int:
        return self._server.started

    def earliest(self) -> Position:
        return self._server.place(0)

    def latest(self) -> Position:
        return self._server.end

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        for event in self._read(start, until):
            if self._closed or self._server.gone:
                raise SourceUnavailable("cut the connection.", thing="source")
            yield event

    def _read(self, start: Position, until: Position | None) -> Iterator[Event]:
        server, number = self._server, self._server.number(start)
        last = server.number(until) if until else None
        while last is None or number < last:
            if number == len(server.history):
                read_to = server.place(number)
                time.sleep(self._block)
                yield Heartbeat(read_to, number * 1000)
            else:
                transaction = server.history[number]
                rows = [
                    event for event in transaction.events() if event.table.full_name in self._tables
                ]
                if rows:
                    yield Begin(
                        transaction.id, transaction.gtid, server.place(number), number * 1000
                    )
                    final = {event.table.full_name: event for event in rows}
                    for event in rows:
                        name = event.table.full_name
                        if name in transaction.unreadable and final[name] is event:
                            raise UnreadableRow("has a bad row.", thing=name)
                        yield event
                number += 1
                place = server.behind(number)
                yield (Commit(place, number * 1000) if rows else Heartbeat(place, number * 1000))

    def executed(self, at: Position | None = None) -> Executed:
        return self._server.executed(at)

    def intact(self, position: Position) -> Position | None:
        return self._server.intact(position)

    def last_start(self) -> Position:
        return self._server.last_start()

    def next_start(self, position: Position) -> Position | None:
        return self._server.next_start(position)

    def close(self) -> None:
        self._closed = True


class SimulatedTopic:
    """What arrives, in order. SNS deduplicates; this one forgets what it has seen when told to, as
    SNS does after five minutes.
    """

    def __init__(self) -> None:
        self.delivered: list[tuple[str, Change]] = []
        self.tables: dict[str, str] = {}  # of each group
        self.streams: list[str] = []  # of each that was delivered
        self.requests = 0
        self._seen: set[str] = set()

    def accept(self, entries: list[Entry]) -> None:
        for entry in entries:
            if entry.deduplication_id not in self._seen:
                self._seen.add(entry.deduplication_id)
                message = decode(entry.body)
                self.tables[entry.group] = message.full_name
                self.delivered += [(entry.group, change) for change in message.changes]
                self.streams += [message.stream] * len(message.changes)

    def forget(self) -> None:
        self._seen.clear()

    def publish(self, entries: list[Entry]) -> list[str | None]:
        check(entries)
        self.requests += 1
        self.accept(entries)
        return [None] * len(entries)
