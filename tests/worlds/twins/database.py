"""The database's twin: tables in memory, and the moment between binlog and commit."""

from collections.abc import Iterator
from typing import Any

import msgspec

from shared.adapters.database.contract import BinlogFilters, Cascade, Server, TableSize, UniqueKey
from shared.values.change import Row
from shared.values.position import Position
from shared.values.table import Table

FILE = "bin.000001"


class _Write(msgspec.Struct, frozen=True):
    """A committed row change: `after` None deletes. `offset` is where its transaction ends in the
    binlog.
    """

    table: str
    key: tuple[Any, ...]
    after: Row | None
    offset: int


class MemoryDatabase:
    """A Database without a server.

    `put` and `delete` write to the binlog (one unit of offset each); the write shows in SELECTs
    only after `commit`, or when a read asks for a view that contains it, as on a real server, where
    the binlog is written before the commit is visible. Tests set the facts (`grants_held`,
    `settings` …) directly.
    """

    def __init__(self, server: Server | None = None) -> None:
        self._server = server or Server("mariadb", (11, 4, 5), "11.4.5-MariaDB", "mariadb-1")
        self.tables: dict[str, Table] = {}
        self.engines: dict[str, str] = {}
        self.visible: dict[str, dict[tuple[Any, ...], Row]] = {}
        self.settings: dict[str, str] = {}
        self.grants_held: list[str] = []
        self.uniques: dict[str, list[UniqueKey]] = {}
        self.foreign_keys: list[Cascade] = []
        self.generated_columns: dict[str, tuple[str, ...]] = {}
        self.precise_tables: frozenset[str] = frozenset()
        self.retention: int | None = None
        self.written: dict[str, int] = {}
        self.filters = BinlogFilters()
        self.has_binlog = True
        self.started_at = 0
        self._pending: list[_Write] = []
        self._offset = 4

    # What a test does to it.
    def create(self, table: Table, rows: list[Row] | None = None, engine: str = "InnoDB") -> None:
        """Add a table, with rows that were there before the binlog."""
        self.tables[table.full_name] = table
        self.engines[table.full_name] = engine
        self.visible[table.full_name] = {self._key(table, row): row for row in rows or []}

    def put(self, table: str, row: Row) -> Position:
        """Insert or replace a row; returns the place after it in the binlog."""
        return self._write(table, self._key(self.tables[table], row), row)

    def delete(self, table: str, *key: Any) -> Position:
        return self._write(table, key, None)

    def commit(self) -> None:
        """Everything written becomes visible."""
        self._settle(self._offset)

    # The contract.
    def server(self) -> Server:
        return self._server

    def started(self) -> int:
        return self.started_at

    def position(self) -> Position | None:
        return Position(file=FILE, offset=self._offset) if self.has_binlog else None

    def binlog_filters(self) -> BinlogFilters:
        return self.filters

    def describe(self, database: str, table: str) -> Table | None:
        return self.tables.get(f"{database}.{table}")

    def sizes(self) -> list[TableSize]:
        return [
            TableSize(
                table.database,
                table.name,
                len(self.visible[name]),
                100 * len(self.visible[name]),
                self.engines[name],
                100,
            )
            for name, table in sorted(self.tables.items())
        ]

    def unique_keys(self) -> dict[str, list[UniqueKey]]:
        return self.uniques

    def primary_keys(self) -> dict[str, tuple[str, ...]]:
        return {name: table.key for name, table in self.tables.items() if table.key}

    def cascades(self, tables: list[str]) -> list[Cascade]:
        return [key for key in self.foreign_keys if key.table in tables]

    def generated(self, tables: list[str]) -> dict[str, tuple[str, ...]]:
        return {
            table: columns for table, columns in self.generated_columns.items() if table in tables
        }

    def precise(self) -> frozenset[str]:
        return self.precise_tables

    def writes(self) -> tuple[str, dict[str, int]] | None:
        return ("memory", self.written) if self.written else None

    def grants(self) -> list[str]:
        return self.grants_held

    def retention_hours(self) -> int | None:
        return self.retention

    def variables(self, *names: str) -> dict[str, str]:
        return {name: self.settings[name] for name in names if name in self.settings}

    def chunk(
        self,
        table: Table,
        key: tuple[str, ...],
        after: list[Any] | None,
        limit: int,
        *,
        reached: Position | None,
    ) -> list[Row]:
        ordered = sorted(
            (tuple(row[name] for name in key), row) for row in self._view(table, reached)
        )
        return [dict(row) for values, row in ordered if after is None or values > tuple(after)][
            :limit
        ]

    def rows(
        self,
        table: Table,
        key: tuple[str, ...],
        keys: list[list[Any]],
        *,
        reached: Position | None = None,
    ) -> Iterator[Row]:
        wanted = {tuple(values) for values in keys}
        yield from [
            dict(row)
            for row in self._view(table, reached)
            if tuple(row[name] for name in key) in wanted
        ]

    def close(self) -> None:
        """Nothing to close."""

    def _view(self, table: Table, reached: Position | None) -> list[Row]:
        if reached is not None:
            self._settle(reached.offset)
        return list(self.visible[table.full_name].values())

    def _write(self, table: str, key: tuple[Any, ...], after: Row | None) -> Position:
        self._offset += 1
        self._pending.append(_Write(table, key, after, self._offset))
        return Position(file=FILE, offset=self._offset)

    def _settle(self, offset: int) -> None:
        while self._pending and self._pending[0].offset <= offset:
            write = self._pending.pop(0)
            rows = self.visible[write.table]
            if write.after is None:
                rows.pop(write.key, None)
            else:
                rows[write.key] = write.after

    @staticmethod
    def _key(table: Table, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in table.key or (column.name for column in table.columns))
