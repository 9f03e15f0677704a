"""The database contract: questions to the source besides its binlog, as plain SELECTs."""

from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from shared.values.change import Row
from shared.values.position import Position
from shared.values.table import Table


class Server(msgspec.Struct, frozen=True):
    """The server that answers.

    version: numbers to compare.
    version_text: the version as the server prints it.
    identity: as the binlog reader gives it: `server_uuid`, or `mariadb-SERVER_ID`.
    managed: the service that runs it. Its settings are then changed elsewhere.
    """

    flavour: Literal["mysql", "mariadb"]
    version: tuple[int, ...]
    version_text: str
    identity: str
    managed: Literal["", "rds", "aurora"] = ""


class TableSize(msgspec.Struct, frozen=True):
    """The size of a table, as information_schema estimates it.

    rows: number of rows.
    bytes: data and indexes.
    row_bytes: average bytes of a row.
    """

    database: str
    name: str
    rows: int
    bytes: int
    engine: str
    row_bytes: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"


class UniqueKey(msgspec.Struct, frozen=True):
    """A unique index over whole columns.

    nullable: whether one of its columns may be null. Then it does not identify every row.
    """

    name: str
    columns: tuple[str, ...]
    nullable: bool


class Cascade(msgspec.Struct, frozen=True):
    """A foreign key by which the server changes rows of a child when a parent's row changes.

    table: the child.
    action: the rule and its event.
    """

    table: str
    parent: str
    constraint: str
    action: str


class BinlogFilters(msgspec.Struct, frozen=True):
    """The databases that the server logs.

    do: the binlog is restricted to these; empty: to none.
    ignore: the binlog leaves these out.
    """

    do: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()


class Database(Protocol):
    """A MySQL or MariaDB server, by SQL.

    Values are those of docs/types.md, the same that the binlog reader gives. Results name tables
    `database.table`. Raises SourceUnavailable, SourceError.
    """

    def server(self) -> Server: ...

    def started(self) -> int:
        """The start of the server, in Unix seconds of its own clock.

        Compare two starts with `is_another_start`.
        """
        ...

    def position(self) -> Position | None:
        """The present end of the binlog; None if the server keeps none.

        Needs the right REPLICATION CLIENT, on MariaDB BINLOG MONITOR.
        """
        ...

    def binlog_filters(self) -> BinlogFilters:
        """The databases that are logged. Needs the same right as `position`."""
        ...

    def describe(self, database: str, table: str) -> Table | None:
        """The present columns and primary key of a table.

        None if the table does not exist, or the account has no right on it.
        """
        ...

    def sizes(self) -> list[TableSize]:
        """All base tables outside the system schemas, by name."""
        ...

    def unique_keys(self) -> dict[str, list[UniqueKey]]:
        """Unique indexes besides the primary key, by table."""
        ...

    def primary_keys(self) -> dict[str, tuple[str, ...]]:
        """Primary keys by table, for tables that have one."""
        ...

    def cascades(self, tables: list[str]) -> list[Cascade]:
        """Foreign keys of these tables with ON DELETE/UPDATE CASCADE or SET NULL."""
        ...

    def generated(self, tables: list[str]) -> dict[str, tuple[str, ...]]:
        """Generated columns, stored and virtual, of those of these tables that have some.

        Row start and row end of a system-versioned table are not among them.
        """
        ...

    def precise(self) -> frozenset[str]:
        """Tables of MariaDB with transaction-precise system versioning."""
        ...

    def writes(self) -> tuple[str, dict[str, int]] | None:
        """(source of the counts, rows written per table since the server started).

        None when the server does not count.
        """
        ...

    def grants(self) -> list[str]:
        """The rows of SHOW GRANTS for the logged-in account, roles included."""
        ...

    def retention_hours(self) -> int | None:
        """The `binlog retention hours` of RDS and Aurora.

        None when it is not set, so that binlogs are removed at once, or cannot be read.
        """
        ...

    def variables(self, *names: str) -> dict[str, str]:
        """Global variables by name, without those that the server does not know."""
        ...

    def chunk(
        self,
        table: Table,
        key: tuple[str, ...],
        after: list[Any] | None,
        limit: int,
        *,
        reached: Position | None,
    ) -> list[Row]:
        """Up to `limit` rows in key order whose key is above `after`.

        Fewer when the rows are large; none only at the end.

        after: canonical values; None: from the start.
        reached: the read view is proved to contain everything before this position; None: no proof.
        """
        ...

    def rows(
        self,
        table: Table,
        key: tuple[str, ...],
        keys: list[list[Any]],
        *,
        reached: Position | None = None,
    ) -> Iterator[Row]:
        """The rows that exist with these keys, in no order.

        A row whose key is equal by the column's collation is returned too. A key that is no value
        of its columns finds nothing.
        """
        ...

    def close(self) -> None: ...
