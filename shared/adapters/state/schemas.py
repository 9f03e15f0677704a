"""Schemas: the column sets of each captured table, and when its rows changed without row events."""

from typing import NamedTuple, Protocol

from shared.values.table import Table


class Rewrite(NamedTuple):
    """A statement that changed rows of a table without row events.

    `why` names its kind, "" where an earlier version noted it.
    """

    transaction: str
    why: str = ""


class Schemas(Protocol):
    """The history of each captured table. A version once given never changes."""

    def version_of(self, source: str, table: Table) -> int:
        """The schema_version of exactly this column set: known, or the next number, stored before
        it returns.
        """
        ...

    def latest(self, source: str, database: str, table: str) -> Table | None: ...

    def read(self, source: str, database: str, table: str, version: int) -> Table | None: ...

    def rewritten(self, source: str, table: str, transaction: str, why: str) -> None:
        """Note that rows of `DATABASE.TABLE` changed in this transaction and no event tells.

        `why` names the kind of statement. The last one stays.
        """
        ...

    def rewrites(self, source: str) -> dict[str, Rewrite]:
        """`DATABASE.TABLE` → its last such statement."""
        ...
