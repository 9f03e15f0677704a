"""The Database contract over a PyMySQL connection: MySQL 5.7–9.x and MariaDB 10.5–11.x.

One session, which threads must not share.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from shared.adapters.database import information_schema, server_facts
from shared.adapters.database.column_conversion import UNREADABLE_HINT, reader
from shared.adapters.database.contract import (
    BinlogFilters,
    Cascade,
    Server,
    TableSize,
    UniqueKey,
)
from shared.adapters.database.description import describe
from shared.adapters.database.read_view import view
from shared.adapters.database.row_packets import fetch_rows
from shared.adapters.database.row_selects import chunk_select, rows_select
from shared.adapters.database.source_connection import connect
from shared.adapters.database.source_errors import Incomparable, translated
from shared.values.change import Row
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint
from shared.values.table import Table

# Rows asked for by key in one SELECT: keeps the statement far below max_allowed_packet and the
# optimizer's memory for ranges.
_KEYS_A_SELECT = 500

# A chunk of rows with long columns ends here, whatever its limit: an average does not predict the
# next thousand rows.
_CHUNK_BYTES = 32 << 20


class SqlDatabase:
    """A database over one connection, which opens at the first call and again after a loss.

    See `contract.Database` for the methods.
    """

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint
        self._connection: Connection[Any] | None = None
        self._server: Server | None = None
        self._indexes: dict[tuple[str, tuple[str, ...]], str] = {}  # of tables' keys

    def server(self) -> Server:
        if self._server is None:
            self._server = server_facts.server(self._query)
        return self._server

    def started(self) -> int:
        return server_facts.started(self._query)

    def position(self) -> Position | None:
        return server_facts.position(self._query, self.server())

    def binlog_filters(self) -> BinlogFilters:
        return server_facts.binlog_filters(self._query, self.server())

    def describe(self, database: str, table: str) -> Table | None:
        found = describe(self._query, database, table)
        if found is None:
            return None
        self._indexes[found.table.full_name, found.table.key] = found.index
        return found.table

    def sizes(self) -> list[TableSize]:
        with suppress(SourceError, SourceUnavailable):
            # MySQL 8 shows estimates up to a day old unless told otherwise; other servers do not
            # know the variable.
            self._query("SET SESSION information_schema_stats_expiry = 0")
        return information_schema.sizes(self._query)

    def unique_keys(self) -> dict[str, list[UniqueKey]]:
        return information_schema.unique_keys(self._query)

    def primary_keys(self) -> dict[str, tuple[str, ...]]:
        return information_schema.primary_keys(self._query)

    def cascades(self, tables: list[str]) -> list[Cascade]:
        present = [
            (size.database, size.name) for size in self.sizes() if size.full_name in set(tables)
        ]
        return information_schema.cascades(self._query, present)

    def generated(self, tables: list[str]) -> dict[str, tuple[str, ...]]:
        return information_schema.generated(self._query, set(tables))

    def precise(self) -> frozenset[str]:
        return information_schema.precise(self._query)

    def writes(self) -> tuple[str, dict[str, int]] | None:
        return server_facts.writes(self._query)

    def grants(self) -> list[str]:
        return server_facts.grants(self._query, self.server())

    def retention_hours(self) -> int | None:
        return server_facts.retention_hours(self._query)

    def variables(self, *names: str) -> dict[str, str]:
        return server_facts.variables(self._query, *names)

    def chunk(
        self,
        table: Table,
        key: tuple[str, ...],
        after: list[Any] | None,
        limit: int,
        *,
        reached: Position | None,
    ) -> list[Row]:
        sql, bound = chunk_select(table, key, after, self._indexes.get((table.full_name, key), ""))
        with _naming(table), view(self._query, self.server(), table, reached):
            found = self._query_some(sql, *bound, limit)
        return [*map(reader(table), found)]

    def rows(
        self,
        table: Table,
        key: tuple[str, ...],
        keys: list[list[Any]],
        *,
        reached: Position | None = None,
    ) -> Iterator[Row]:
        read = reader(table)
        for start in range(0, len(keys), _KEYS_A_SELECT):
            some = keys[start : start + _KEYS_A_SELECT]
            with _naming(table), view(self._query, self.server(), table, reached):
                found = self._rows(table, key, some)
            yield from map(read, found)

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(Exception):
                connection._force_close()  # type: ignore[attr-defined]

    def _rows(
        self, table: Table, key: tuple[str, ...], keys: list[list[Any]]
    ) -> list[tuple[Any, ...]]:
        """The rows of some keys. A key that its column's character set cannot hold has none.

        Only the server knows what a character set holds, and it refuses the whole statement.
        """
        select = rows_select(table, key, keys)
        if select is None:
            return []
        sql, bound = select
        try:
            return self._query(sql, *bound)
        except Incomparable:
            if len(keys) == 1:
                return []
        half = len(keys) // 2
        return self._rows(table, key, keys[:half]) + self._rows(table, key, keys[half:])

    def _query(self, sql: str, *bound: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement, as the server sent them. `%` in the text must be doubled."""
        connection = self._connected()

        def fetched() -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(sql, bound)
                return list(cursor.fetchall())

        return self._guarded(connection, fetched)

    def _query_some(self, sql: str, *bound: Any) -> list[tuple[Any, ...]]:
        """The first rows of one statement: as many as fit into _CHUNK_BYTES, at least one."""
        connection = self._connected()

        def fetched() -> list[tuple[Any, ...]]:
            cursor = connection.cursor(SSCursor)
            cursor.execute(sql, bound)
            rows, all_of_them = fetch_rows(connection, _CHUNK_BYTES)
            if all_of_them:
                cursor.close()
            else:
                # The rest may be gigabytes: reading it away would take longer than a new
                # connection.
                connection._result.unbuffered_active = False  # type: ignore[attr-defined]
                cursor.connection = None  # type: ignore[assignment]
                self.close()
            return rows

        return self._guarded(connection, fetched)

    def _connected(self) -> "Connection[Any]":
        if self._connection is None:
            self._server = None  # behind a name may be another server by now
            self._connection = connect(self._endpoint)
        return self._connection

    def _guarded(
        self, connection: "Connection[Any]", fetched: Callable[[], list[tuple[Any, ...]]]
    ) -> list[tuple[Any, ...]]:
        try:
            return translated(self._endpoint, fetched)
        except (SourceError, SourceUnavailable):
            # What the server answered leaves the session as it was; a lost one has been closed by
            # PyMySQL.
            if not connection.open:
                self._connection = None
            raise
        except BaseException:
            # Interrupted in mid-answer: what is left of it must not be taken for the next one.
            self.close()
            raise


@contextmanager
def _naming(table: Table) -> Iterator[None]:
    """Texts are decoded while they are fetched, by a layer that does not know the table."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise SourceError(
            f"a text value is not valid in its character set ({error.encoding}, byte "
            f"{error.start}).",
            thing=table.full_name,
            hint=UNREADABLE_HINT,
        ) from None
