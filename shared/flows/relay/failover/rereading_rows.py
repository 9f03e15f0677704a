"""Rereading rows: reads the rows that lost transactions touched, and publishes their present state.

A row that is read has some state between two places of the binlog: the one before the SELECT, which
its view is proved to contain, and the end of the binlog after it. Only when the stream has come to
the second is anything said about the row, and only if no change of it came by in between: that
change brought the whole row. So no row goes back in time, whatever is written meanwhile. Source:
Andreakis and Papapanagiotou, "DBLog: A Watermark Based Change-Data-CaptureConfiguration Framework".
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec

from shared.adapters.database.contract import Database
from shared.domain.numbering import Numbered, Numbering
from shared.domain.table_plan import TablePlan
from shared.flows.relay.failover import lost_rows
from shared.flows.relay.failover.missing_transactions import LostRows
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.change import Change, Row, Transaction
from shared.values.checkpoint import Lost
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.settings import table_settings
from shared.values.table import Table
from shared.values.table_pattern import TablePatterns

log = logging.getLogger("rowline.relay")

CHUNK = 100
"""LostRows that are read at a time; each may be large."""

Now = tuple[Table, int, Literal["r", "d"], Row, Row | None]
"""(table as it leaves, shard, operation, key, row)"""


class Rereading:
    """The rows of one loss, chunk after chunk, under one capture configuration.

    It lasts as long as a connection, and nothing of it is kept. After a crash it begins again, in a
    new epoch.
    """

    def __init__(
        self,
        stream: str,
        known: Lost,
        rows: dict[str, LostRows],
        capture: CaptureConfiguration,
        mask_key: bytes,
        open_database: Callable[[], Database],
        examine: Callable[[Table], None],
    ) -> None:
        self._stream, self._lost, self._capture, self._mask_key = stream, known, capture, mask_key
        self._examine = examine
        captured = TablePatterns(capture.read)
        self._chunks: deque[tuple[str, tuple[str, ...], dict[str, list[int]]]] = deque()
        for name, some in rows.items():
            if captured.table(*name.split(".", 1)):
                keys = list(some.keys.items())
                self._chunks += [
                    (name, tuple(some.columns), dict(keys[at : at + CHUNK]))
                    for at in range(0, len(keys), CHUNK)
                ]
        self._open_database = open_database
        self._database: Database | None = None
        self._read: dict[tuple[str, str], list[Now]] | None = None
        self._until = Position()
        self.given = 0
        self._unread: set[str] = set()

    def touch(self, changes: list[Numbered]) -> None:
        """Changes that came by: of the rows they are of, they say all there is to say."""
        if not self._read:
            return
        for table, _, change in changes:
            if change.op == "t" and not change.key:
                self._read = {
                    where: now for where, now in self._read.items() if where[0] != table.full_name
                }
            else:
                self._read.pop(
                    (table.full_name, msgspec.json.encode(list(change.key.values())).decode()), None
                )

    def step(
        self, position: Position, ts_ms: int, latest: Callable[[], Position], numbering: Numbering
    ) -> list[Numbered] | None:
        """What can be published at a place between two transactions; None when all is done.

        Nothing: the stream has to come further first.
        """
        if self._read is None:
            if not self._chunks:
                return None
            self._read = self._look(*self._chunks[0], position)
            self._until = latest()
        if not position.reaches(self._until):
            return []
        said = [self._change(now, ts_ms, numbering) for each in self._read.values() for now in each]
        self._chunks.popleft()
        self._read = None
        self.given += len(said)
        return said

    def done(self) -> Lost:
        """What is stored once all rows were read again."""
        return lost_rows.reread(self._stream, self._lost, self.given, self._unread)

    def close(self) -> None:
        """End the connection to the database."""
        if self._database:
            self._database.close()

    def _change(self, now: Now, ts_ms: int, numbering: Numbering) -> Numbered:
        table, shard, op, key, row = now
        seq = numbering.next()
        epoch, n = split_seq(seq)
        name = f"reread:{self._stream}:{epoch}"
        before = key if op == "d" else None
        return (
            table,
            shard,
            Change(
                f"{name}/{n}", seq, op, ts_ms, key, before, row, Transaction(f"{name}/{n}", 0, True)
            ),
        )

    def _look(
        self, name: str, columns: tuple[str, ...], keys: dict[str, list[int]], reached: Position
    ) -> dict[tuple[str, str], list[Now]]:
        """What the rows of a chunk are now; nothing of a table that cannot be read: it is named
        instead.
        """
        try:
            return self._now(name, columns, keys, reached)
        except SourceError as error:
            if name not in self._unread:
                log.warning(
                    "rows of %s that lost transactions touched cannot be read again: %s",
                    name,
                    error,
                )
            self._unread.add(name)
            return {}

    def _now(
        self, name: str, columns: tuple[str, ...], keys: dict[str, list[int]], reached: Position
    ) -> dict[tuple[str, str], list[Now]]:
        if self._database is None:
            self._database = self._open_database()
        found_on = self._database.server().identity
        if found_on != self._lost.server:
            raise SourceUnavailable(
                f"server {found_on} answers, and the binlog is read on {self._lost.server}.",
                thing=f"stream {self._stream}",
            )
        database, bare = name.split(".", 1)
        table = self._database.describe(database, bare)
        if table is None:
            gone = Table(database, bare, (), columns)
            return {
                (name, key): [_deleted(gone, columns, key, shard) for shard in shards]
                for key, shards in keys.items()
            }
        settings = table_settings(self._capture.tables, name)
        self._examine(table)
        table = table.without(settings.unread)
        plan = TablePlan(table, settings, self._mask_key)
        if plan.table.key != columns:
            raise SourceError(
                f"has another key now: {', '.join(plan.table.key)}.", thing=f"table {name}"
            )
        wanted = [msgspec.json.decode(key) for key in keys]
        rows = {
            _text(plan.key(row)): row
            for row in self._database.rows(table, columns, wanted, reached=reached)
        }
        looked: dict[tuple[str, str], list[Now]] = {}
        for key, shards in keys.items():
            row = rows.get(key)
            here = None if row is None else plan.shard(row)
            said: list[Now] = [
                _deleted(plan.table, columns, key, shard) for shard in shards if shard != here
            ]
            if row is not None and here is not None:
                said.append((plan.table, here, "r", plan.key(row), plan.project(row)))
            looked[name, key] = said
        return looked


def _deleted(table: Table, columns: tuple[str, ...], key: str, shard: int) -> Now:
    return table, shard, "d", dict(zip(columns, msgspec.json.decode(key), strict=True)), None


def _text(key: Row) -> str:
    return msgspec.json.encode(list(key.values())).decode()
