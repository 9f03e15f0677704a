"""What backfill, verify, tables, doctor and init need of the source besides its binlog: plain
SELECTs.
"""

from collections.abc import Iterator
from typing import Any, Literal, Protocol

import msgspec

from shared.values.change import Row
from shared.values.position import Position
from shared.values.table import Table


class Server(msgspec.Struct, frozen=True):
    """Which server answers: `version` as numbers to compare and as it calls itself, `identity` as
    the binlog reader gives it (`server_uuid`, or `mariadb-SERVER_ID`), `managed` by whom: its
    settings are then changed in other places.
    """

    flavour: Literal["mysql", "mariadb"]
    version: tuple[int, ...]
    version_text: str
    identity: str
    managed: Literal["", "rds", "aurora"] = ""


class TableSize(msgspec.Struct, frozen=True):
    """What information_schema says of a table: estimated rows and bytes (data + indexes), and bytes
    of a row on average.
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
    """A unique index over whole columns; `nullable` when a column of it may be null, so that it
    does not identify every row.
    """

    name: str
    columns: tuple[str, ...]
    nullable: bool


class Cascade(msgspec.Struct, frozen=True):
    """A foreign key by which the server itself changes rows of the child `table` (`action`: what,
    on what) when a row of `parent` changes.
    """

    table: str
    parent: str
    constraint: str
    action: str


class BinlogFilters(msgspec.Struct, frozen=True):
    """The databases that the server's binlog is restricted to (`do`; empty: all), and those that
    it leaves out (`ignore`).
    """

    do: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()


class Database(Protocol):
    """A MySQL or MariaDB server, by SQL. Values are those of docs/types.md, the same that the
    binlog reader gives.

    Tables are named `database.table` in what is returned. Raises SourceUnavailable, SourceError.
    """

    def server(self) -> Server: ...

    def started(self) -> int:
        """When the server was started, Unix seconds of its own clock; compare two of them by
        `is_another_start`.
        """
        ...

    def position(self) -> Position | None:
        """The end of the binlog now; None when the server keeps none. Needs the right REPLICATION
        CLIENT (MariaDB: BINLOG MONITOR).
        """
        ...

    def binlog_filters(self) -> BinlogFilters:
        """Which databases are logged. Needs the same right as `position`."""
        ...

    def describe(self, database: str, table: str) -> Table | None:
        """Columns and primary key as they are now; None when there is no such table, or the account
        has no right on it.
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
        """Generated columns, stored and virtual ones, of those of these tables that have some; row
        start and row end of a system-versioned table are none.
        """
        ...

    def writes(self) -> tuple[str, dict[str, int]] | None:
        """(where the figures come from, rows written per table since the server started); None when
        the server does not count.
        """
        ...

    def grants(self) -> list[str]:
        """What SHOW GRANTS says of the account that is logged in, roles included."""
        ...

    def retention_hours(self) -> int | None:
        """RDS and Aurora: their own `binlog retention hours`; None when it is not set (binlogs go
        at once) or cannot be read.
        """
        ...

    def variables(self, *names: str) -> dict[str, str]:
        """Global variables by name; those the server does not know are left out."""
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
        """Up to `limit` rows in key order whose key is above `after` (canonical values; None: from
        the start), from a read view that is proved to contain everything before `reached` (None
        asks for no proof). Fewer when they are large, but none only at the end.
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
        """The rows with these keys that exist, in no order. A key equal by the column's collation
        also answers; one that is no value of its columns does not.
        """
        ...

    def close(self) -> None: ...
