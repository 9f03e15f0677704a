"""What backfill, verify, tables, doctor and init need of the source besides its binlog: plain SELECTs."""

from collections.abc import Iterator
from typing import Any, Protocol

import msgspec

from shared.values.change import Row
from shared.values.position import Position
from shared.values.table import Table


class TableSize(msgspec.Struct, frozen=True):
    """What information_schema says of a table: estimated rows and bytes (data + indexes)."""

    database: str
    name: str
    rows: int
    bytes: int
    engine: str


class Database(Protocol):
    """A MySQL or MariaDB server, by SQL. Values are those of docs/types.md, the same that the binlog reader gives.

    Raises SourceUnavailable, SourceError.
    """

    def describe(self, database: str, table: str) -> Table | None:
        """Columns and primary key as they are now; None when there is no such table."""
        ...

    def sizes(self) -> list[TableSize]:
        """All base tables outside the system schemas."""
        ...

    def variables(self, *names: str) -> dict[str, str]:
        """Global variables by name; those the server does not know are left out."""
        ...

    def chunk(self, table: Table, key: tuple[str, ...], after: list[Any] | None, limit: int, *, reached: Position) -> list[Row]:
        """Up to `limit` rows in key order whose key is above `after` (canonical values; None: from the start), from a read view that is proved to contain everything up to `reached`."""
        ...

    def rows(self, table: Table, key: tuple[str, ...], keys: list[list[Any]], *, reached: Position | None = None) -> Iterator[Row]:
        """The rows with these keys that exist."""
        ...
