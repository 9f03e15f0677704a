"""Table listing: the tables of a source, and the problems of capturing each."""

from collections.abc import Sequence

import msgspec

from shared.adapters.database.contract import Database
from shared.domain.captured_tables import unknown_table
from shared.domain.preflight.inspection import read_catalog
from shared.domain.preflight.table_checks import table_problems
from shared.values.settings import SourceSettings, TableSettings, table_settings
from shared.values.table_pattern import TablePatterns


class ListedTable(msgspec.Struct, frozen=True):
    """One table.

    rows: the server's estimate.
    bytes: size with indexes.
    key: the key that it would be captured by; empty without one.
    changes: rows written since the server started; None if the server does not count them.
    captured: whether the source captures it.
    problems: all problems of capturing it.
    refused: those problems that prevent the relay from starting.
    """

    table: str
    rows: int
    bytes: int
    key: tuple[str, ...]
    changes: int | None
    captured: bool
    problems: list[str]
    refused: list[str] = []

    @property
    def can_be_captured(self) -> bool:
        """Whether a relay starts with the table as it is."""
        return not self.refused


class Listing(msgspec.Struct, frozen=True):
    """The selected tables, by name.

    source: the stanza that they are compared with; empty without one.
    changes_from: where the counts of changes come from; empty without counts.
    """

    source: str
    changes_from: str
    tables: list[ListedTable]


def list_tables(
    database: Database, source: SourceSettings | None, patterns: Sequence[str]
) -> Listing:
    """List the tables that match one of `patterns`.

    source: None checks each table as if it were captured with default settings.

    Raises SourceError for a missing table that a pattern names in full.
    """
    chosen = {pattern: TableSettings() for pattern in patterns}
    catalog = read_catalog(
        database,
        SourceSettings(name="", secret="", tables={**(source.tables if source else {}), **chosen}),
    )
    for named in patterns:
        if "*" not in named and named not in catalog.sizes:
            raise unknown_table(named)
    server, counted, selected = database.server(), database.writes(), TablePatterns(patterns)
    captured = TablePatterns(source.tables) if source else None
    listed = []
    for name, size in catalog.sizes.items():
        if not selected.table(size.database, size.name):
            continue
        is_captured = bool(captured and captured.table(size.database, size.name))
        settings = (
            table_settings(source.tables, name) if source and is_captured else TableSettings()
        )
        found = table_problems(server, catalog, name, settings)
        problems, refused = (
            [one.what for one in found],
            [one.what for one in found if one.level == "fail"],
        )
        changes = counted[1].get(name) if counted else None
        key = settings.key or tuple(catalog.primary.get(name, ()))
        listed.append(
            ListedTable(name, size.rows, size.bytes, key, changes, is_captured, problems, refused)
        )
    return Listing(source.name if source else "", counted[0] if counted else "", listed)
