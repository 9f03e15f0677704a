"""Schemas: the column sets of each captured table."""

from typing import Protocol

from shared.values.column_history import ColumnHistory
from shared.values.table import Table


class Schemas(Protocol):
    """The history of each captured table. A version once given never changes."""

    def version_of(self, source: str, table: Table) -> int:
        """The schema_version of exactly this column set: known, or the next number, stored before
        it returns.
        """
        ...

    def latest(self, source: str, database: str, table: str) -> Table | None: ...

    def read(self, source: str, database: str, table: str, version: int) -> Table | None: ...

    def column_history(self, source: str, database: str, table: str) -> ColumnHistory | None:
        """The columns under which rows have left; None when nothing is kept of the table."""
        ...

    def keep_column_history(
        self, source: str, database: str, table: str, history: ColumnHistory
    ) -> None:
        """Store it; the table's relay is the only writer."""
        ...
