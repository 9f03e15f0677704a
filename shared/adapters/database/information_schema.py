"""Facts from information_schema about all tables."""

import re
from collections.abc import Container

from shared.adapters.database.contract import Cascade, TableSize, UniqueKey
from shared.adapters.database.description import row_ends
from shared.adapters.database.identifiers import identifier
from shared.adapters.database.query import Query

_NOT_SYSTEM = "NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')"
_NAME = r"`(?:[^`]|``)+`"
_FOREIGN_KEY = re.compile(
    rf"^  CONSTRAINT ({_NAME}) FOREIGN KEY \([^\n]*?\) REFERENCES "
    rf"(?:({_NAME})\.)?({_NAME}) \([^\n]*?\)([^\n]*)$",
    re.MULTILINE,
)
_CASCADING = re.compile(r"ON (?:DELETE|UPDATE) (?:CASCADE|SET NULL)")


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
    ends = row_ends(query)
    for database, name, column in query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM information_schema.STATISTICS"  # noqa: S608
        f" WHERE INDEX_NAME = 'PRIMARY' AND TABLE_SCHEMA {_NOT_SYSTEM} ORDER BY "
        "TABLE_SCHEMA, TABLE_NAME, SEQ_IN_INDEX"
    ):
        table = f"{database}.{name}"
        if column != ends.get(table):
            found[table] = (*found.get(table, ()), column)
    return found


def unique_keys(query: Query) -> dict[str, list[UniqueKey]]:
    """Unique keys by table.

    Indexes over expressions or prefixes of columns are left out, because they do not identify rows
    by whole columns.
    """
    parts: dict[tuple[str, str], list[tuple[str | None, str | None, bool]]] = {}
    ends = row_ends(query)
    for database, name, index, column, prefix, nullable in query(
        "SELECT TABLE_SCHEMA, TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART, NULLABLE "  # noqa: S608
        "FROM information_schema.STATISTICS"
        f" WHERE NON_UNIQUE = 0 AND INDEX_NAME <> 'PRIMARY' AND TABLE_SCHEMA {_NOT_SYSTEM} "
        "ORDER BY 1, 2, 3, SEQ_IN_INDEX"
    ):
        table = f"{database}.{name}"
        if column is None or column != ends.get(table):
            parts.setdefault((table, index), []).append((column, prefix, nullable == "YES"))
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
    """Foreign keys that change rows, from SHOW CREATE TABLE.

    MariaDB's information_schema hides foreign keys from accounts that may only SELECT.
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


def precise(query: Query) -> frozenset[str]:
    """Tables whose row start is a transaction's number.

    Source: MariaDB knowledge base, "System-Versioned Tables", section "Transaction-Precise History
    in InnoDB".
    """
    return frozenset(
        f"{database}.{name}"
        for database, name in query(
            "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMNS WHERE "
            "GENERATION_EXPRESSION = 'ROW START' AND DATA_TYPE = 'bigint'"
        )
    )


def generated(query: Query, tables: Container[str]) -> dict[str, tuple[str, ...]]:
    """Generated columns by table.

    For other columns MySQL has an empty expression and MariaDB NULL. MariaDB also has one for row
    start and row end.
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
