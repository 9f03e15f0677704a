"""The twin: a binlog in memory, which obeys the contract."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from shared.adapters.binlog.contract import (
    Begin,
    Commit,
    Due,
    Event,
    Heartbeat,
    Rows,
    SchemaChanged,
    Truncated,
)
from shared.adapters.binlog.executed import Executed, MariadbExecuted
from shared.values.errors import SourceUnavailable
from shared.values.position import Position
from shared.values.table_pattern import TablePatterns
from tests.worlds.twins.binlog_server import MemoryServer, ServerStep, place

_IDLE_SECONDS = 0.1


class MemoryBinlog:
    """A connection to a `MemoryServer` that reads these `tables` (see `open_binlog`)."""

    def __init__(
        self, server: MemoryServer, tables: Iterable[str] | Callable[[str, str], bool]
    ) -> None:
        self._server, self._capture = server, TablePatterns(tables)
        self._closed = False

    def identity(self) -> str:
        self._reach()
        return f"mariadb-{self._server.server_id}"

    def started(self) -> int:
        self._reach()
        return self._server.started

    def earliest(self) -> Position:
        self._reach()
        return self._server.first

    def latest(self) -> Position:
        self._reach()
        return self._server.end

    def executed(self, at: Position | None = None) -> Executed:
        self._reach()
        return MariadbExecuted((at or self._server.end).gtids, linear=True)

    def intact(self, position: Position) -> Position | None:
        self._reach()
        return self._server.intact(position)

    def last_start(self) -> Position:
        self._reach()
        return self._server.last_start()

    def next_start(self, position: Position) -> Position | None:
        self._reach()
        return (
            self._server.next_start(position) if position.file >= self._server.first.file else None
        )

    def read(
        self, start: Position, *, until: Position | None = None, through_restarts: bool = False
    ) -> Iterator[Event]:
        here = self._server.locate(start)
        stop = self._server.locate(until) if until else None
        started = self._server.started
        while stop is None or place(here) < place(stop):
            self._reach()
            if self._server.started != started and not through_restarts:
                raise SourceUnavailable(
                    "the server was started again.", thing="memory", hint="Start reading again."
                )
            with self._server.arrived:
                found = self._server.next_after(here)
                if found is None:
                    here = self._server.end
                    if not stop or place(here) < place(stop):
                        self._server.arrived.wait(_IDLE_SECONDS)
                        self._reach()
            if found is None:
                if stop and place(here) >= place(stop):
                    return
                yield Heartbeat(here, int(time.time() * 1000))
                continue
            if stop and place(found[0]) >= place(stop):
                return
            events = list(self._events(*found))
            here = found[1]
            yield from events or [Heartbeat(here, found[3])]

    def close(self) -> None:
        self._closed = True
        with self._server.arrived:
            self._server.arrived.notify_all()

    def _reach(self) -> None:
        if self._closed or not self._server.up:
            raise SourceUnavailable(
                "the server cannot be reached.", thing="memory", hint="Set it up again."
            )

    def _events(
        self, start: Position, end: Position, gtid: str, ts_ms: int, steps: list[ServerStep]
    ) -> Iterator[Any]:
        begun = False
        for number, step in enumerate(steps):
            table = step.table
            if not self._capture.table(table.database, table.name):
                continue
            if not begun:
                begun = True
                yield Begin(f"{gtid}@{ts_ms}", gtid, start, ts_ms)
            if step.op:
                yield Rows(table, step.op, number, list(step.rows))
            elif step.gone:
                yield Truncated(table.database, table.name, step.partitions)
            else:
                yield SchemaChanged(table.database, table.name)
                if step.why:
                    yield Due(table.database, table.name, step.why)
        if begun:
            yield Commit(end, ts_ms)
