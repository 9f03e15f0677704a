"""Captured tables: the tables of a source that reach a consumer, as they are now.

Each has the plan by which its rows become changes.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from shared.adapters.database.contract import Database, TableSize
from shared.domain.table_plan import TablePlan
from shared.values.errors import ConfigError, SourceError
from shared.values.settings import ConsumerSettings, SourceSettings, table_settings
from shared.values.table import Table
from shared.values.table_pattern import TablePatterns


class CapturedTable(msgspec.Struct, frozen=True):
    """A table of the source that a consumer takes.

    table: its columns now. plan: how its rows leave.
    rows, row_bytes: information_schema's estimates.
    """

    table: Table
    plan: TablePlan
    rows: int
    row_bytes: int

    @property
    def name(self) -> str:
        return self.table.full_name

    @property
    def key(self) -> tuple[str, ...]:
        """The key columns of a row as it is read."""
        return self.plan.table.key


def names_that_reach(
    database: Database, source: SourceSettings, consumer: ConsumerSettings
) -> list[str]:
    """The names of the tables in the database that reach the consumer."""
    return list(_sizes(database, source, consumer))


def captured_tables(
    database: Database,
    source: SourceSettings,
    consumer: ConsumerSettings,
    chosen: Sequence[str] = (),
    *,
    mask_key: bytes = b"",
    examine: Callable[[Table], None] = lambda _: None,
) -> list[CapturedTable]:
    """The tables that reach the consumer, or those of them that `chosen` selects.

    chosen: names, or patterns with `*`. A table that the consumer names and that the database
        lacks hinders nothing where others are chosen.
    mask_key: the key of mask `hash`.
    examine: is given the columns of each table.
    Raises ConfigError when one chosen is none of the consumer's, SourceError when the database
    lacks a table that is named or a table has no key.
    """
    sizes = _sizes(database, source, consumer)
    lacking = [name for name in consumer.tables if "*" not in name and name not in sizes]
    names = list(sizes)
    if chosen:
        names = _chosen([*names, *lacking], chosen, consumer.name)
    if gone := [name for name in lacking if name in names or not chosen]:
        raise unknown_table(gone[0])
    if not names:
        raise ConfigError(
            "takes no table that is in the database.",
            thing=f"consumer {consumer.name}",
            hint=f"It takes {', '.join(consumer.tables)}.",
        )
    found = []
    for name in names:
        table = database.describe(sizes[name].database, sizes[name].name)
        if table is None:
            raise unknown_table(name)
        examine(table)
        plan = TablePlan(table, table_settings(source.tables, name), mask_key)
        found.append(CapturedTable(table, plan, sizes[name].rows, sizes[name].row_bytes))
    return found


def _sizes(
    database: Database, source: SourceSettings, consumer: ConsumerSettings
) -> dict[str, TableSize]:
    captured, taken = TablePatterns(source.tables), TablePatterns(consumer.tables)
    return {
        size.full_name: size
        for size in database.sizes()
        if captured.table(size.database, size.name) and taken.table(size.database, size.name)
    }


def unknown_table(name: str) -> SourceError:
    return SourceError(
        "is not in the database, or the account may not SELECT from it.",
        thing=f"table {name}",
        hint=(
            "Check its name in the stanza and the account's grants; `rowline tables` lists "
            "what the account sees."
        ),
    )


def _chosen(names: list[str], chosen: Iterable[str], consumer: str) -> list[str]:
    found: list[str] = []
    for pattern in chosen:
        selected = TablePatterns([pattern])
        matching = [name for name in names if selected.table(*name.split(".", 1))]
        if not matching:
            raise ConfigError(
                f"is no table of consumer {consumer}.",
                thing=pattern,
                hint=f"It takes {', '.join(names) or 'none'}.",
            )
        found += matching
    return list(dict.fromkeys(found))
