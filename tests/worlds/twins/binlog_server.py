"""The twin of a server: what a test commits to it, in memory."""

import threading
import time
from collections.abc import Callable

import msgspec

from shared.adapters.binlog.current_rows import RowOperation
from shared.values.change import Row
from shared.values.errors import PositionLost
from shared.values.position import Position
from shared.values.table import Table

_FILE = "memory.{:06}"
CREATED = 1_763_000_000
"""When the files of this binlog were begun, Unix seconds."""


class ServerStep(msgspec.Struct, frozen=True):
    """One entry of a transaction: rows of a table, or (`sql`) a statement on it: `gone` when it
    removes all rows or those of `partitions`, else a change of its definition.
    """

    table: Table
    op: RowOperation | None
    rows: list[tuple[Row | None, Row | None]]
    sql: str = ""
    gone: bool = False
    partitions: tuple[str, ...] = ()
    why: str = ""


class MemoryServer:
    """A server that commits what a test tells it to. GTIDs are MariaDB's, of domain 0; offsets grow
    by one a step.
    """

    def __init__(self, server_id: int = 1, clock: Callable[[], float] = time.time) -> None:
        self.server_id = server_id
        self._clock = clock
        self._arrived = threading.Condition()
        self._transactions: list[tuple[Position, Position, str, int, list[ServerStep]]] = []
        self._first = self._end = Position(_FILE.format(1), 4, "", CREATED)
        self._number = 0
        self._starts = [self._end]
        self.started = CREATED
        self.up = True

    def insert(self, table: Table, *rows: Row) -> ServerStep:
        return ServerStep(table, "c", [(None, row) for row in rows])

    def update(self, table: Table, *pairs: tuple[Row, Row]) -> ServerStep:
        return ServerStep(table, "u", list(pairs))

    def delete(self, table: Table, *rows: Row) -> ServerStep:
        return ServerStep(table, "d", [(row, None) for row in rows])

    def truncate(self, table: Table) -> ServerStep:
        return ServerStep(table, None, [], f"TRUNCATE TABLE {table.name}", gone=True)

    def drop_partition(self, table: Table, *names: str) -> ServerStep:
        return ServerStep(
            table,
            None,
            [],
            f"ALTER TABLE {table.name} DROP PARTITION {', '.join(names)}",
            gone=True,
            partitions=names,
        )

    def alter(self, table: Table, sql: str, *, why: str = "") -> ServerStep:
        """A statement on the definition; with `why`, one that makes the table due."""
        return ServerStep(table, None, [], sql, why=why)

    def commit(self, *steps: ServerStep) -> str:
        """Commit a transaction; returns its GTID."""
        with self._arrived:
            self._number += 1
            gtid = f"0-{self.server_id}-{self._number}"
            start = self._end
            self._end = Position(start.file, start.offset + len(steps) + 2, gtid, CREATED)
            self._transactions.append(
                (start, self._end, gtid, int(self._clock() * 1000), list(steps))
            )
            self._arrived.notify_all()
            return gtid

    def restart(self) -> None:
        """Go away and come again: with another start time, in a new file."""
        with self._arrived:
            self.started += 100
            self.rotate()
            self._starts.append(self._end)

    def rotate(self) -> None:
        """Begin a new binlog file."""
        with self._arrived:
            number = int(self._end.file.rpartition(".")[2]) + 1
            self._end = Position(_FILE.format(number), 4, self._end.gtids, CREATED)
            self._arrived.notify_all()

    def purge(self) -> None:
        """Delete all binlog files but the current one."""
        with self._arrived:
            file = self._end.file
            self._transactions = [each for each in self._transactions if each[0].file == file]
            self._first = Position(
                file,
                4,
                self._transactions[0][0].gtids if self._transactions else self._end.gtids,
                CREATED,
            )

    def cut(self) -> None:
        """Break connections, and refuse new ones until `up` is set again."""
        with self._arrived:
            self.up = False
            self._arrived.notify_all()

    def next_after(
        self, position: Position
    ) -> tuple[Position, Position, str, int, list[ServerStep]] | None:
        """The transaction that starts at `position` or is the first after it; None when there is
        none yet. Raises PositionLost.
        """
        if place(position) < place(self._first):
            raise PositionLost(
                "the server no longer has the binlog at the position asked for.",
                thing="memory",
                hint="Start at latest.",
            )
        return next(
            (each for each in self._transactions if place(each[0]) >= place(position)), None
        )

    def intact(self, position: Position) -> Position | None:
        """See the contract; every file was begun at CREATED."""
        if position.file < self._first.file:
            return position
        if position.file > self._end.file or position.created not in (0, CREATED):
            return None
        end = (
            self._end
            if position.file == self._end.file
            else (
                [Position(position.file, 4)]
                + [after for _, after, *_ in self._transactions if after.file == position.file]
            )[-1]
        )
        return position if position.offset <= end.offset else end

    def last_start(self) -> Position:
        kept = [start for start in self._starts if start.file >= self._first.file]
        return kept[-1] if kept else Position()

    def next_start(self, position: Position) -> Position | None:
        return next((start for start in self._starts if start.file > position.file), None)

    @property
    def end(self) -> Position:
        return self._end

    @property
    def first(self) -> Position:
        return self._first

    @property
    def arrived(self) -> threading.Condition:
        return self._arrived

    def locate(self, position: Position) -> Position:
        """`position` with file and offset, found by its GTID where it has no others."""
        if position.file or not position.gtids:
            return position
        if position.gtids == self._first.gtids:
            return self._first
        for _, after, gtid, _, _ in self._transactions:
            if gtid == position.gtids:
                return after
        raise PositionLost(
            "the GTID asked for is not in the binlog.", thing="memory", hint="Start at latest."
        )


def place(position: Position) -> tuple[str, int]:
    """What sorts places of this server."""
    return position.file, position.offset
