"""The views of a table in the archive: its changes with typed columns, and its present rows.

They are generated from the table's schema history, in Trino's SQL. A column that was dropped or
renamed stays in the views under its former name, and is NULL where a row lacks it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from shared.domain.archived_change import TRUNCATE
from shared.domain.athena_types import common_type, literal_sql, name_sql, type_of, value_sql
from shared.values.table import Table

_CHANGE = {
    "change_operation": "op",
    "change_committed_at": "committed_at",
    "change_stream": "stream",
    "change_epoch": "epoch",
    "change_n": "n",
    "change_id": "id",
    "change_transaction": "tx_id",
    "change_schema_version": "schema_version",
    "change_before": '"before"',
}
"""Columns of every view of changes that are not the table's own."""

_ROW = ("change_committed_at", "change_epoch", "change_n", "change_schema_version")
"""Those of these columns that a view of rows has, too."""

TablePlace = tuple[str, str, str]
"""Source, database and name of a table."""


class View(msgspec.Struct, frozen=True):
    """A view. sql: makes it, or puts it in the place of a former one."""

    name: str
    table: str
    sql: str
    columns: tuple[str, ...]


def base_names(tables: Sequence[TablePlace]) -> dict[TablePlace, str]:
    """The name from which the names of views are made, by (source, database, table).

    That is the table's name. Where two would have the same, their databases are in front, and their
    sources where the databases have the same name too. Names that are still equal end with a hash.
    """
    short = {place: _plain(place[2]) for place in tables}
    known = Counter(short.values())
    sources = Counter(place[1:] for place in tables)
    names = {}
    for place, name in short.items():
        source, database, _ = place
        front = f"{source}_{database}" if sources[place[1:]] > 1 else database
        names[place] = name if known[name] == 1 else f"{_plain(front)}_{name}"
    known = Counter(names.values())
    return {
        place: name
        if known[name] == 1
        else f"{name}_{blake2b(repr(place).encode(), digest_size=4).hexdigest()}"
        for place, name in names.items()
    }


def views_of(source: str, name: str, versions: Sequence[Table]) -> list[View]:
    """The views `NAME_changes` and `NAME_rows` of a table with these column sets."""
    table = versions[-1]
    where = (
        f'source = {literal_sql(source)} AND "database" = {literal_sql(table.database)} AND '
        f'"table" = {literal_sql(table.name)}'
    )
    typed = _typed(versions)
    images = {"changes": 'coalesce("after", "before")', "rows": '"after"'}
    found = []
    for kind, image in images.items():
        extra = _CHANGE if kind == "changes" else {each: _CHANGE[each] for each in _ROW}
        names = _names(typed, extra)
        own = [
            f"{value_sql(typed[column], image, column)} AS {name_sql(names[column])}"
            for column in typed
        ]
        others = [f"{sql} AS {each}" for each, sql in extra.items()]
        columns = ",\n  ".join([*own, *others])
        body = _changes(columns, where) if kind == "changes" else _rows(columns, where)
        title = f"{name}_{kind}"
        sql = f"CREATE OR REPLACE VIEW {name_sql(title)} AS\n{body}"
        found.append(View(title, table.full_name, sql, (*names.values(), *extra)))
    return found


def _changes(columns: str, where: str) -> str:
    return "\n".join(("SELECT", f"  {columns}", "FROM changes", f"WHERE {where} AND op <> 't'"))


def _rows(columns: str, where: str) -> str:
    """The newest change of each key, unless it is a delete or older than the last truncate."""
    newest = 'row_number() OVER (PARTITION BY "key" ORDER BY epoch DESC, n DESC) AS newest'
    kept = 'committed_at, epoch, n, schema_version, op, "after"'
    gone = f"AND op = 't' AND \"key\" = {literal_sql(TRUNCATE)} ORDER BY epoch DESC, n DESC LIMIT 1"
    return "\n".join(
        (
            "SELECT",
            f"  {columns}",
            " ".join(("FROM (SELECT", f"{kept},", newest, "FROM changes WHERE", where)),
            "  AND op <> 't') AS kept",
            "LEFT JOIN (SELECT epoch AS gone_epoch, n AS gone_n FROM changes",
            f"  WHERE {where} {gone}) AS gone ON true",
            "WHERE newest = 1 AND op <> 'd' AND (gone_epoch IS NULL OR epoch > gone_epoch",
            "  OR (epoch = gone_epoch AND n > gone_n))",
        )
    )


def _typed(versions: Sequence[Table]) -> dict[str, str]:
    """Column → type: first the columns of the newest version, then those of former ones."""
    types: dict[str, list[str]] = {}
    for version in reversed(versions):
        for column in version.columns:
            types.setdefault(column.name, []).append(type_of(column))
    return {name: common_type(found) for name, found in types.items()}


def _names(typed: dict[str, str], extra: Sequence[str] | dict[str, str]) -> dict[str, str]:
    """Column → its name in a view: in lower case, and no name twice."""
    taken = set(extra)
    names = {}
    for column in typed:
        name = column.lower()
        while name in taken:
            name += "_"
        taken.add(name)
        names[column] = name
    return names


def _plain(name: str) -> str:
    """A name with the characters that Glue allows."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
