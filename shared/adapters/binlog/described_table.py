"""Describes a table for the binlog reader: its table map, corrected by information_schema.

A table map of MariaDB shows some types as others, and columns that no SELECT shows: hashes of
UNIQUE keys over long texts, and the period of a system-versioned table. information_schema
describes only the present. For a table that was dropped or altered since, only the certain facts of
its table map count.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from shared.adapters.binlog.charset_decoding import BINARY, Charsets
from shared.adapters.binlog.column_kinds import describe
from shared.adapters.binlog.column_readers import reader
from shared.adapters.binlog.column_types import OLD_TEMPORAL, ColumnMap, Type
from shared.adapters.binlog.row_source import NamedReader
from shared.adapters.binlog.table_map import TableMap
from shared.adapters.database.description import Description
from shared.values.table import Column, Table

SPECIAL_KINDS = ("uuid", "inet4", "inet6", "vector")
_HASH = re.compile(r"DB_ROW_HASH_\d+")
"""What MariaDB calls the hidden column of a UNIQUE key that it keeps by hash. Source: MariaDB
sql/sql_table.cc, make_unique_key_name and add_hash_field.
"""
_ROW_START, _ROW_END = "row_start", "row_end"
"""What MariaDB calls the hidden period columns. Source: MariaDB knowledge base, "System-Versioned
Tables".
"""
PRIVATE_ROW_END = "\0row_end"
"""The name under which row end is read where the table does not show it."""


class DescribedTables(Protocol):
    """What must be asked of the server itself, because the binlog does not tell."""

    def charsets(self) -> Charsets:
        """The server's character sets."""
        ...

    def present(self, database: str, table: str, columns: Sequence[str]) -> Description | None:
        """The table as it is now; None when it is not there.

        Raises SourceError when the account may not see one of these columns that the table has.
        """
        ...


class Period(NamedTuple):
    """The period of the rows of a system-versioned table.

    row_end: the column with the end of the period, by the name under which it is read.
    certain: false where only rows can show that the table was versioned.
    """

    row_end: str
    certain: bool


class DescribedTable(NamedTuple):
    """A table map as the decoder needs it.

    table: the table as both lanes give it.
    columns: a reader for each column of the table map.
    json: the positions of JSON columns.
    period: of a system-versioned table.
    """

    table: Table
    columns: list[NamedReader]
    json: list[int]
    period: Period | None = None


def described(
    raw: TableMap, catalog: DescribedTables, dropped: frozenset[str], *, mariadb: bool
) -> DescribedTable:
    """Describe a table. Raises SourceError for an unknown type, and what `catalog` raises."""
    name = f"{raw.database}.{raw.name}"
    asked = _unclear(raw, dropped) if mariadb else []
    now = (
        catalog.present(raw.database, raw.name, asked) if asked or _may_hide(raw, mariadb) else None
    )
    present = {column.name: column for column in now.table.columns} if now else {}
    maps = [_with_digits(column, present) for column in raw.columns]
    special = {one.name: one.kind for one in present.values() if one.kind in SPECIAL_KINDS}
    columns = [describe(column, special) for column in maps]
    hidden, row_end, certain = _hidden(raw, now, present) if mariadb else (set[str](), "", True)
    left_out = hidden | dropped
    kept = tuple(column for column in columns if column.name not in left_out)
    period = None
    if row_end:
        period = Period(row_end if row_end not in left_out else PRIVATE_ROW_END, certain)
    return DescribedTable(
        Table(
            raw.database,
            raw.name,
            kept,
            tuple(column for column in raw.key if column != row_end or not certain),
            tuple(column for column in columns if column.name not in hidden) if dropped else (),
        ),
        [
            (_name(column, left_out, row_end), reader(one, column.kind, name))
            for one, column in zip(maps, columns, strict=True)
        ],
        [i for i, column in enumerate(columns) if column.kind == "json"],
        period,
    )


def _name(column: Column, left_out: set[str] | frozenset[str], row_end: str) -> str | None:
    if column.name not in left_out:
        return column.name
    return PRIVATE_ROW_END if column.name == row_end else None


def _unclear(raw: TableMap, dropped: frozenset[str]) -> list[str]:
    """The columns that cannot be read before the server says what they are."""
    return [
        column.name
        for column in raw.columns
        if column.name not in dropped and (_may_be_special(column) or column.type in OLD_TEMPORAL)
    ]


def _may_be_special(column: ColumnMap) -> bool:
    """Whether the column may be UUID, INET4 or INET6, shown as BINARY, or VECTOR, as VARBINARY."""
    if column.charset is None or column.charset.name != BINARY:
        return False
    return (column.type == Type.STRING and column.length in (4, 16)) or (
        column.type == Type.VARCHAR and column.length % 4 == 0
    )


def _may_hide(raw: TableMap, mariadb: bool) -> bool:
    """Whether columns may be there that no SELECT shows."""
    return mariadb and (any(map(_is_hash, raw.columns)) or sum(map(_is_period, raw.columns)) > 1)


def _is_hash(column: ColumnMap) -> bool:
    return column.type == Type.LONGLONG and _HASH.fullmatch(column.name) is not None


def _is_period(column: ColumnMap) -> bool:
    return column.type == Type.TIMESTAMP2 and column.scale == 6 and not column.nullable


def _with_digits(column: ColumnMap, present: Mapping[str, Column]) -> ColumnMap:
    """The column with the digits of its fractional seconds, which its old format does not tell."""
    if column.type not in OLD_TEMPORAL or column.name not in present:
        return column
    return column._replace(scale=present[column.name].scale)


def _hidden(
    raw: TableMap, now: Description | None, present: Mapping[str, Column]
) -> tuple[set[str], str, bool]:
    """(columns that no SELECT shows, row end or "", whether that is certain)."""
    hidden = {one.name for one in raw.columns if _is_hash(one) and one.name not in present}
    periods = [column.name for column in raw.columns if _is_period(column)]
    if now and now.row_end in periods and now.row_start in periods:
        return hidden | ({now.row_start, now.row_end} - present.keys()), now.row_end, True
    gone = [name for name in periods if name not in present]
    if {_ROW_START, _ROW_END} <= set(gone) and (not raw.key or _ROW_END in raw.key):
        return hidden | {_ROW_START, _ROW_END}, _ROW_END, True
    # DROP SYSTEM VERSIONING takes both columns away: an end in the key, which those have, that is
    # gone together with a start.
    ends = [name for name in gone if name in raw.key]
    if len(ends) == 1 and len(gone) > 1:
        return hidden, ends[0], False
    return hidden, "", True
