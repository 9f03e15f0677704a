"""Assumed columns: a row under the columns that its table had at another time than its change.

A value under a former name, type or place is shown, and said to be assumed.
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.domain.history_column_names import renamed
from shared.domain.moved_columns import moved_columns
from shared.values.table import Column, Table

RawRow = dict[str, msgspec.Raw]
"""Column → its JSON text: numbers keep all their digits."""

_LONGER = frozenset(("char", "varchar"))
"""Kinds whose values stay as they are when the column gets more room; BINARY is padded."""


class UnderColumns(NamedTuple):
    """A row under other columns.

    unknown: columns whose values the archive does not know. assumed: columns that are shown with
    the value of a former name, type or place.
    """

    row: RawRow
    unknown: tuple[str, ...]
    assumed: tuple[str, ...]


def under_columns(
    row: RawRow, own: Table | None, in_force: Table, between: Sequence[Table] = ()
) -> UnderColumns:
    """A row of the columns `own` under those in force. own: None where they are not known.

    between: columns that the table had meanwhile. A column that one of them lacks is a new one. So
    may be one that has moved among the others: an added column comes last.
    """
    names = renamed(own, in_force) if own is not None else {}
    kept = [{each.name for each in table.columns} for table in between]
    moved = {
        name
        for table in (*between, *([own] if own else []))
        for name in moved_columns(_names(table), _names(in_force))
    }
    former = {new: old for old, new in names.items()}
    kinds = {each.name: each for each in own.columns} if own is not None else {}
    made: RawRow = {}
    unknown, assumed = [], []
    for column in in_force.columns:
        if column.name in row and all(column.name in each for each in kept):
            made[column.name] = row[column.name]
            former_kind = kinds.get(column.name, column)
            if column.name in moved or not _keeps_values(former_kind, column):
                assumed.append(column.name)
        elif column.name not in row and former.get(column.name) in row:
            made[column.name] = row[former[column.name]]
            assumed.append(column.name)
        else:
            unknown.append(column.name)
    return UnderColumns(made, tuple(unknown), tuple(assumed))


def came_back(row: RawRow, in_force: Table, between: Sequence[Table]) -> bool:
    """Whether a column of the row was dropped, or maybe was, and another one has its name now."""
    found = under_columns(row, in_force, in_force, between)
    return bool(found.unknown or found.assumed)


def _names(table: Table) -> list[str]:
    return [each.name for each in table.columns]


def _keeps_values(former: Column, later: Column) -> bool:
    """Whether each value of a column is the same under its later definition."""
    widened = later.length >= former.length and later.kind in _LONGER
    return (
        (later.kind, later.unsigned, later.scale, later.charset)
        == (former.kind, former.unsigned, former.scale, former.charset)
        and (later.length == former.length or widened)
        and later.nullable >= former.nullable
        and later.labels[: len(former.labels)] == former.labels
    )
