"""A row under the columns that its table had at another time than the row's archived change."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.domain.history_column_names import renamed
from shared.values.table import Column, Table

RawRow = dict[str, msgspec.Raw]
"""Column → its JSON text: numbers keep all their digits."""

_LONGER = frozenset(("char", "varchar"))
"""Kinds whose values stay as they are when the column gets more room; BINARY is padded."""


class UnderColumns(NamedTuple):
    """A row under other columns.

    unknown: columns whose values the archive does not know. assumed: columns that are shown with
    the value of a former name or type.
    """

    row: RawRow
    unknown: tuple[str, ...]
    assumed: tuple[str, ...]


def under_columns(
    row: RawRow, own: Table | None, in_force: Table, between: Sequence[Table] = ()
) -> UnderColumns:
    """A row of the columns `own` under those in force. own: None where they are not known.

    between: columns that the table had meanwhile. A column that one of them lacks is a new one.
    """
    names = renamed(own, in_force) if own is not None else {}
    kept = [{each.name for each in table.columns} for table in between]
    former = {new: old for old, new in names.items()}
    kinds = {each.name: each for each in own.columns} if own is not None else {}
    made: RawRow = {}
    unknown, assumed = [], []
    for column in in_force.columns:
        if column.name in row and all(column.name in each for each in kept):
            made[column.name] = row[column.name]
            if column.name in kinds and not _keeps_values(kinds[column.name], column):
                assumed.append(column.name)
        elif column.name not in row and former.get(column.name) in row:
            made[column.name] = row[former[column.name]]
            assumed.append(column.name)
        else:
            unknown.append(column.name)
    return UnderColumns(made, tuple(unknown), tuple(assumed))


def came_back(row: RawRow, in_force: Table, between: Sequence[Table]) -> bool:
    """Whether a column of the row was dropped, and another one has its name now."""
    return bool(under_columns(row, in_force, in_force, between).unknown)


def has_same_key(own: Table, in_force: Table) -> bool:
    """Whether two versions of a table have one key, whose columns may have other names."""
    names = renamed(own, in_force)
    return tuple(names.get(each, each) for each in own.key) == in_force.key


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
