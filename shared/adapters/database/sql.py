"""The Database contract over a PyMySQL connection: MySQL 5.7–9.x and MariaDB 10.5–11.x. One
session, not to be shared by threads.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import SSCursor

from shared.adapters.database import schema
from shared.adapters.database.columns import bindable, expression, identifier, is_canonical, reader
from shared.adapters.database.connection import connect, translated
from shared.adapters.database.contract import Cascade, Server, TableSize, UniqueKey
from shared.adapters.database.view import view
from shared.values.change import Row
from shared.values.endpoint import SourceEndpoint
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.table import Table

# Rows asked for by key in one SELECT: keeps the statement far below max_allowed_packet and the
# optimizer's memory for ranges.
_KEYS_A_SELECT = 500

# A chunk of rows with long columns ends here, whatever its limit says: an average tells nothing of
# the next thousand rows.
_CHUNK_BYTES = 32 << 20
_LONG_KINDS = re.compile(r"text$|blob$|^json$|^geometry$")


class SqlDatabase:
    """Connects when first asked, and again after the connection was lost. See `contract.Database`
    for the methods.
    """

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint
        self._connection: Connection[Any] | None = None
        self._server: Server | None = None

    def server(self) -> Server:
        if self._server is None:
            ((version, base),) = self._query("SELECT VERSION(), @@GLOBAL.basedir")
            numbers = tuple(
                int(number) for number in re.findall(r"\d+", version.partition("-")[0])[:3]
            )
            mariadb = "mariadb" in version.lower()
            named = self.variables("server_uuid", "server_id", "aurora_version")
            identity = f"mariadb-{named['server_id']}" if mariadb else named["server_uuid"]
            managed = (
                "aurora"
                if "aurora_version" in named
                else "rds"
                if base.startswith("/rdsdbbin")
                else ""
            )
            self._server = Server(
                "mariadb" if mariadb else "mysql",
                numbers,
                version,
                identity,
                managed,  # type: ignore[arg-type]
            )
        return self._server

    def position(self) -> Position | None:
        server = self.server()
        renamed = server.flavour == "mysql" and server.version >= (8, 2)
        found = self._query("SHOW BINARY LOG STATUS" if renamed else "SHOW MASTER STATUS")
        if not found:
            return None
        file, offset = found[0][:2]
        if server.flavour == "mariadb":
            ((gtids,),) = self._query("SELECT BINLOG_GTID_POS(%s, %s)", file, int(offset))
        else:
            gtids = found[0][4]
        return Position(file=file, offset=int(offset), gtids=re.sub(r"\s+", "", gtids or ""))

    def describe(self, database: str, table: str) -> Table | None:
        return schema.describe(self._query, database, table)

    def sizes(self) -> list[TableSize]:
        with suppress(SourceError):
            # MySQL 8 shows estimates up to a day old unless told otherwise; other servers do not
            # know the variable.
            self._query("SET SESSION information_schema_stats_expiry = 0")
        return schema.sizes(self._query)

    def unique_keys(self) -> dict[str, list[UniqueKey]]:
        return schema.unique_keys(self._query)

    def primary_keys(self) -> dict[str, tuple[str, ...]]:
        return schema.primary_keys(self._query)

    def cascades(self, tables: list[str]) -> list[Cascade]:
        present = [
            (size.database, size.name) for size in self.sizes() if size.full_name in set(tables)
        ]
        return schema.cascades(self._query, present)

    def generated(self, tables: list[str]) -> dict[str, tuple[str, ...]]:
        return schema.generated(self._query, set(tables))

    def writes(self) -> tuple[str, dict[str, int]] | None:
        if self.variables("performance_schema").get("performance_schema") == "ON":
            source = "performance_schema.table_io_waits_summary_by_table"
            sql = (
                "SELECT OBJECT_SCHEMA, OBJECT_NAME, COUNT_INSERT + COUNT_UPDATE + COUNT_DELETE "  # noqa: S608
                f"FROM {source}"
            )
        elif self.variables("userstat").get("userstat") == "ON":
            source = "information_schema.TABLE_STATISTICS"
            sql = f"SELECT TABLE_SCHEMA, TABLE_NAME, ROWS_CHANGED FROM {source}"  # noqa: S608
        else:
            return None
        try:
            return source, {
                f"{database}.{table}": int(count) for database, table, count in self._query(sql)
            }
        except SourceUnavailable:
            raise
        except SourceError:
            return None

    def grants(self) -> list[str]:
        found = [grant for (grant,) in self._query("SHOW GRANTS")]
        with suppress(SourceError):
            # MySQL 8 lists a role's own rights only when asked with USING; MariaDB lists those of
            # the active role anyway.
            ((roles,),) = self._query("SELECT CURRENT_ROLE()")
            if self.server().flavour == "mysql" and roles and roles != "NONE":
                found = [
                    grant
                    for (grant,) in self._query(
                        f"SHOW GRANTS FOR CURRENT_USER() USING {roles.replace('%', '%%')}"
                    )
                ]
        return found

    def retention_hours(self) -> int | None:
        try:
            found = {row[0]: row[1] for row in self._query("CALL mysql.rds_show_configuration")}
            return int(found["binlog retention hours"])
        except SourceUnavailable:
            raise
        except (SourceError, KeyError, TypeError, ValueError):
            return None

    def variables(self, *names: str) -> dict[str, str]:
        wanted = ", ".join(["%s"] * len(names))
        return {
            name.lower(): value
            for name, value in self._query(
                f"SHOW GLOBAL VARIABLES WHERE Variable_name IN ({wanted})", *names
            )
        }

    def chunk(
        self,
        table: Table,
        key: tuple[str, ...],
        after: list[Any] | None,
        limit: int,
        *,
        reached: Position | None,
    ) -> list[Row]:
        where, bound = _above(table, key, after) if after is not None else ("", [])
        order = ", ".join(identifier(name) for name in key)
        # The optimizer must not sort the whole table for each chunk; the name of another unique
        # index is not known here.
        index = " FORCE INDEX (PRIMARY)" if key == table.key else ""
        sql = f"{_select(table)}{index}{where} ORDER BY {order} LIMIT %s"
        with view(self._query, self.server(), table, reached):
            long = any(_LONG_KINDS.search(column.kind) for column in table.columns)
            found = (
                self._query_some(sql, *bound, limit) if long else self._query(sql, *bound, limit)
            )
        return [*map(reader(table.columns), found)]

    def rows(
        self,
        table: Table,
        key: tuple[str, ...],
        keys: list[list[Any]],
        *,
        reached: Position | None = None,
    ) -> Iterator[Row]:
        columns = _columns(table, key)
        one = " AND ".join(f"{identifier(name)} = %s" for name in key)
        read = reader(table.columns)
        for start in range(0, len(keys), _KEYS_A_SELECT):
            some = keys[start : start + _KEYS_A_SELECT]
            found_by = [
                bound for values in some if (bound := _bound(columns, values, table.full_name))
            ]
            if not found_by:
                continue
            bound = [value for values in found_by for value in values]
            where = " OR ".join([f"({one})"] * len(found_by))
            with view(self._query, self.server(), table, reached):
                found = self._query(f"{_select(table)} WHERE {where}", *bound)
            yield from map(read, found)

    def close(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            with suppress(Exception):
                connection._force_close()  # type: ignore[attr-defined]

    def _query(self, sql: str, *bound: Any) -> list[tuple[Any, ...]]:
        """All rows of one statement, as the server sent them. `%` in the text must be doubled."""
        connection = self._connected()

        def fetched() -> list[tuple[Any, ...]]:
            with connection.cursor() as cursor:
                cursor.execute(sql, bound)
                return list(cursor.fetchall())

        return self._guarded(connection, fetched)

    def _query_some(self, sql: str, *bound: Any) -> list[tuple[Any, ...]]:
        """The first rows of one statement, as many as fit into _CHUNK_BYTES, and one at least."""
        connection = self._connected()

        def fetched() -> list[tuple[Any, ...]]:
            rows: list[tuple[Any, ...]] = []
            room = _CHUNK_BYTES
            cursor = connection.cursor(SSCursor)
            cursor.execute(sql, bound)
            while room > 0 and (some := cursor.fetchmany(20)):
                rows += some
                room -= sum(len(value) for row in some for value in row if value is not None)
            if room > 0:
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
        except SourceError:
            # What the server answered leaves the session as it was; a lost one has been closed by
            # PyMySQL.
            if not connection.open:
                self._connection = None
            raise
        except BaseException:
            # Interrupted in mid-answer: what is left of it must not be taken for the next one.
            self.close()
            raise


def _select(table: Table) -> str:
    """Columns are named one by one: `*` leaves out invisible ones."""
    columns = ", ".join(expression(column) for column in table.columns)
    return f"SELECT {columns} FROM {identifier(table.database)}.{identifier(table.name)}"  # noqa: S608


def _columns(table: Table, key: tuple[str, ...]) -> list[Any]:
    by_name = {column.name: column for column in table.columns}
    return [by_name[name] for name in key]


def _bound(columns: list[Any], values: list[Any], table: str) -> list[Any]:
    """The parameters for one key; none where these are no values of its columns (they may come from
    anywhere): no row has them.
    """
    if not all(map(is_canonical, columns, values)):
        return []
    return [bindable(column, value, table) for column, value in zip(columns, values, strict=True)]


def _above(table: Table, key: tuple[str, ...], after: list[Any]) -> tuple[str, list[Any]]:
    """`a >= 1 AND (a > 1 OR (b >= 2 AND (b > 2 OR c > 3)))`: a row comparison `(a, b, c) > (1, 2,
    3)` would not use the index.
    """
    columns = _columns(table, key)
    values = [
        bindable(column, value, table.full_name)
        for column, value in zip(columns, after, strict=True)
    ]
    text, bound = f"{identifier(key[-1])} > %s", [values[-1]]
    for name, value in zip(reversed(key[:-1]), reversed(values[:-1]), strict=True):
        column = identifier(name)
        text, bound = f"{column} >= %s AND ({column} > %s OR ({text}))", [value, value, *bound]
    return f" WHERE {text}", bound
