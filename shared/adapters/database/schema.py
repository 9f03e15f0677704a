"""What information_schema knows, as the values of this project."""

import re
from collections.abc import Callable, Container
from typing import Any

from shared.adapters.database.columns import identifier
from shared.adapters.database.contract import Cascade, TableSize, UniqueKey
from shared.values.table import Column, Table

Query = Callable[..., list[tuple[Any, ...]]]

_NOT_SYSTEM = "NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
_GEOMETRIES = {
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
}
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_NAME = r"`(?:[^`]|``)+`"
_FOREIGN_KEY = re.compile(
    rf"^  CONSTRAINT ({_NAME}) FOREIGN KEY \([^\n]*?\) REFERENCES "
    rf"(?:({_NAME})\.)?({_NAME}) \([^\n]*?\)([^\n]*)$",
    re.MULTILINE,
)
_CASCADING = re.compile(r"ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL)")
_LENGTH = re.compile(r"\((\d+)")


def describe(query: Query, database: str, name: str) -> Table | None:
    """The table as it is now, generated and invisible columns included; None when it is not
    there.
    """
    found = query(
        "SELECT COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, "
        "CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION,"
        " CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND "
        "TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
        database,
        name,
    )
    if not found:
        return None
    key = query(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %s "
        "AND TABLE_NAME = %s AND INDEX_NAME = 'PRIMARY'"
        " ORDER BY SEQ_IN_INDEX",
        database,
        name,
    )
    return Table(
        database=database,
        name=name,
        columns=tuple(_column(*row) for row in found),
        key=tuple(column for (column,) in key),
    )


def _column(
    name: str,
    kind: str,
    full: str,
    nullable: str,
    characters: str | None,
    precision: str | None,
    scale: str | None,
    fraction: str | None,
    charset: str | None,
) -> Column:
    kind = kind.lower()
    if kind in _GEOMETRIES:
        kind = "geometry"
    declared = _LENGTH.search(full)
    length = int(characters or precision or (declared[1] if declared and kind == "vector" else 0))
    # MySQL and MariaDB print labels with doubled quotes and backslashes as they are.
    labels = (
        tuple(label.replace("''", "'") for label in _LABEL.findall(full))
        if kind in ("enum", "set")
        else ()
    )
    return Column(
        name=name,
        kind=kind,
        unsigned="unsigned" in full.lower().split(),
        nullable=nullable == "YES",
        length=length,
        scale=int(scale if scale is not None and kind == "decimal" else fraction or 0),
        charset=charset or "",
        labels=labels,
    )


def sizes(query: Query) -> list[TableSize]:
    return [
        TableSize(
            database=database,
            name=name,
            rows=int(rows or 0),
            bytes=int(size or 0),
            engine=engine or "",
            row_bytes=int(row or 0),
        )
        for database, name, rows, size, engine, row in query(
            "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_ROWS, DATA_LENGTH + INDEX_LENGTH, ENGINE, "  # noqa: S608
            "AVG_ROW_LENGTH FROM information_schema.TABLES"
            " WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA "
            f"{_NOT_SYSTEM} ORDER BY 1, 2"
        )
    ]


def primary_keys(query: Query) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for database, name, column in query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS"  # noqa: S608
        f" WHERE INDEX_NAME = 'PRIMARY' AND TABLE_SCHEMA {_NOT_SYSTEM} ORDER BY "
        "TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX"
    ):
        table = f"{database}.{name}"
        found[table] = (*found.get(table, ()), column)
    return found


def unique_keys(query: Query) -> dict[str, list[UniqueKey]]:
    """Indexes over expressions or over the beginning of a column are left out: they identify
    nothing by whole columns.
    """
    parts: dict[tuple[str, str], list[tuple[str | None, str | None, bool]]] = {}
    for database, name, index, column, prefix, nullable in query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE "  # noqa: S608
        "FROM information_schema.STATISTICS"
        f" WHERE NON_UNIQUE = 0 AND INDEX_NAME <> 'PRIMARY' AND TABLE_SCHEMA {_NOT_SYSTEM} "
        "ORDER BY 1, 2, 3, SEQ_IN_INDEX"
    ):
        parts.setdefault((f"{database}.{name}", index), []).append(
            (column, prefix, nullable == "YES")
        )
    found: dict[str, list[UniqueKey]] = {}
    for (table, index), columns in parts.items():
        names = tuple(
            column for column, prefix, _ in columns if column is not None and prefix is None
        )
        if len(names) == len(columns):
            found.setdefault(table, []).append(
                UniqueKey(index, names, any(nullable for _, _, nullable in columns))
            )
    return found


def cascades(query: Query, tables: list[tuple[str, str]]) -> list[Cascade]:
    """Read from SHOW CREATE TABLE: MariaDB's information_schema hides foreign keys from accounts
    that may only SELECT.
    """
    found = []
    for database, name in tables:
        created = query(f"SHOW CREATE TABLE {identifier(database)}.{identifier(name)}")[0][1]
        for constraint, parent_database, parent, rules in _FOREIGN_KEY.findall(created):
            if actions := _CASCADING.findall(rules):
                full_parent = f"{_plain(parent_database) or database}.{_plain(parent)}"
                found.append(
                    Cascade(
                        f"{database}.{name}", full_parent, _plain(constraint), ", ".join(actions)
                    )
                )
    return found


def generated(query: Query, tables: Container[str]) -> dict[str, tuple[str, ...]]:
    """MySQL has an empty expression for other columns, MariaDB NULL, and one for row start and row
    end.
    """
    found: dict[str, tuple[str, ...]] = {}
    for database, name, column in query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"  # noqa: S608
        " WHERE GENERATION_EXPRESSION <> '' AND GENERATION_EXPRESSION NOT IN ('ROW "
        f"START', 'ROW END') AND TABLE_SCHEMA {_NOT_SYSTEM}"
        " ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION"
    ):
        if (table := f"{database}.{name}") in tables:
            found[table] = (*found.get(table, ()), column)
    return found


def _plain(quoted: str) -> str:
    return quoted[1:-1].replace("``", "`")
