"""One table as information_schema describes it.

SELECTs read rows by this description. The binlog reader takes from it the facts that a table map of
MariaDB leaves out. So both give the same columns and the same key.
"""

import re
from typing import Any

import msgspec

from shared.adapters.database.identifiers import identifier
from shared.adapters.database.query import Query
from shared.values.table import Column, Table

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
_LABEL = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_ESCAPED = re.compile(r"''|\\(.)", re.DOTALL)
_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "Z": "\x1a"}
_LENGTH = re.compile(r"\((\d+)")
_ROW_START, _ROW_END = "ROW START", "ROW END"


class Description(msgspec.Struct, frozen=True):
    """A table as both lanes give it.

    index: the name of the index of its key.
    row_start, row_end: the columns of MariaDB's system versioning; empty if the definition names
        none. They are among the columns unless they are INVISIBLE.
    """

    table: Table
    index: str = ""
    row_start: str = ""
    row_end: str = ""


def describe(query: Query, database: str, name: str) -> Description | None:
    """The table as it is now, with generated and invisible columns.

    None if it does not exist, or the account may not see it.
    """
    found = query(
        "SELECT COLUMN_NAME, GENERATION_EXPRESSION, EXTRA, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, "
        "CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, "
        "CHARACTER_SET_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND "
        "TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
        database,
        name,
    )
    if not found:
        return None
    index, key = _key(query, database, name)
    period = {row[1]: row[0] for row in found if row[1] in (_ROW_START, _ROW_END)}
    row_start, row_end = period.get(_ROW_START, ""), period.get(_ROW_END, "")
    hidden = {row[0] for row in found if row[0] in period.values() and "INVISIBLE" in row[2]}
    return Description(
        Table(
            database=database,
            name=name,
            columns=tuple(_column(row[0], *row[3:]) for row in found if row[0] not in hidden),
            key=tuple(column for column in key if column != row_end),
        ),
        index,
        row_start,
        row_end,
    )


def _key(query: Query, database: str, name: str) -> tuple[str, list[str]]:
    """The name and the columns of the key by which the server identifies rows.

    Without a primary key this is the first unique key over whole NOT NULL columns; the binlog calls
    it the primary key. Source: MySQL sql/table.cc, open_table_from_share.
    """
    parts: dict[str, list[tuple[Any, ...]]] = {}
    for _, unique, index, _, column, _, _, prefix, _, nullable, *_ in query(
        f"SHOW KEYS FROM {identifier(database)}.{identifier(name)}"
    ):
        if not int(unique):
            parts.setdefault(index, []).append((column, prefix, nullable == "YES"))
    for index, columns in parts.items():
        if index == "PRIMARY" or all(
            column and not prefix and not nullable for column, prefix, nullable in columns
        ):
            return index, [column for column, _, _ in columns]
    return "", []


def row_ends(query: Query) -> dict[str, str]:
    """Table → its row end, if it is named; system versioning adds it to each unique key."""
    return {
        f"{database}.{name}": column
        for database, name, column in query(
            "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE "
            "GENERATION_EXPRESSION = %s",
            _ROW_END,
        )
    }


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
    return Column(
        name=name,
        kind=kind,
        unsigned="unsigned" in full.lower().split(),
        nullable=nullable == "YES",
        length=_length(kind, full, characters, precision),
        scale=int(scale if scale is not None and kind == "decimal" else fraction or 0),
        # MySQL has no character set for a binary column, MariaDB one of this name
        charset="" if charset is None or charset == "binary" else charset,
        labels=tuple(map(_label, _LABEL.findall(full))) if kind in ("enum", "set") else (),
    )


def _label(quoted: str) -> str:
    """A label as servers print it in COLUMN_TYPE. Source: MySQL sql/sql_string.cc,
    append_unescaped.
    """
    return _ESCAPED.sub(lambda part: _ESCAPES.get(part[1], part[1]) if part[1] else "'", quoted)


def _length(kind: str, full: str, characters: str | None, precision: str | None) -> int:
    """The length, but only where the binlog has it too."""
    if kind in ("char", "varchar", "binary", "varbinary"):
        return int(characters or 0)
    if kind in ("decimal", "bit"):
        return int(precision or 0)
    declared = _LENGTH.search(full) if kind == "vector" else None
    return int(declared[1]) if declared else 0
