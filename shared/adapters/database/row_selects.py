"""The text and the parameters of the SELECTs that read a table's rows."""

from typing import Any

from shared.adapters.database.column_conversion import bindable, expression, is_canonical
from shared.adapters.database.identifiers import identifier
from shared.values.table import Column, Table


def chunk_select(
    table: Table, key: tuple[str, ...], after: list[Any] | None, index: str
) -> tuple[str, list[Any]]:
    """Select rows in key order whose key is above `after`; the caller appends the limit.

    index: the name of the key's index; empty if it is not known.
    """
    where, bound = _above(table, key, after) if after is not None else ("", [])
    order = ", ".join(identifier(name) for name in key)
    # The optimizer must not sort the whole table for each chunk.
    force = f" FORCE INDEX ({identifier(index)})" if index else ""
    return f"{_select(table)}{force}{where} ORDER BY {order} LIMIT %s", bound


def rows_select(
    table: Table, key: tuple[str, ...], keys: list[list[Any]]
) -> tuple[str, list[Any]] | None:
    """Select the rows with these keys; None if no key is left.

    Keys that are no values of the key columns are left out, because they may come from anywhere.
    """
    columns = _columns(table, key)
    found_by = [bound for values in keys if (bound := _bound(columns, values, table.full_name))]
    if not found_by:
        return None
    one = " AND ".join(f"{identifier(name)} = %s" for name in key)
    where = " OR ".join([f"({one})"] * len(found_by))
    return f"{_select(table)} WHERE {where}", [value for values in found_by for value in values]


def _select(table: Table) -> str:
    """The SELECT list names each column, because `*` leaves out invisible ones."""
    columns = ", ".join(expression(column) for column in table.columns)
    return f"SELECT {columns} FROM {identifier(table.database)}.{identifier(table.name)}"  # noqa: S608


def _columns(table: Table, key: tuple[str, ...]) -> list[Column]:
    by_name = {column.name: column for column in table.columns}
    return [by_name[name] for name in key]


def _bound(columns: list[Column], values: list[Any], table: str) -> list[Any]:
    if not all(map(is_canonical, columns, values)):
        return []
    return [bindable(column, value, table) for column, value in zip(columns, values, strict=True)]


def _above(table: Table, key: tuple[str, ...], after: list[Any]) -> tuple[str, list[Any]]:
    """The condition for keys above `after`, in a form that uses the index.

    It is `a >= 1 AND (a > 1 OR (b >= 2 AND (b > 2 OR c > 3)))`, because a row comparison
    `(a, b, c) > (1, 2, 3)` would not use it.
    """
    columns = _columns(table, key)
    values = [
        bindable(column, value, table.full_name)
        for column, value in zip(columns, after, strict=True)
    ]
    text, bound = f"{identifier(key[-1])} > %s", [values[-1]]
    for name, value in zip(reversed(key[:-1]), reversed(values[:-1]), strict=True):
        column = identifier(name)
        text, bound = f"{column} >= %s AND ({column} > %s OR ({text}))", [value, value, *bound]
    return f" WHERE {text}", bound
