"""Schemas: the column sets of each captured table, and when its rows changed without row events."""

from typing import Protocol

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

    def rewritten(self, source: str, table: str, transaction: str) -> None:
        """Note that a DDL statement in this transaction changed rows of `DATABASE.TABLE` that the
        binlog does not show; the last one stays.
        """
        ...

    def rewrites(self, source: str) -> dict[str, str]:
        """`DATABASE.TABLE` → the transaction of its last such statement."""
        ...
