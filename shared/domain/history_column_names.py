"""Columns that probably have another name in another version of their table."""

import msgspec

from shared.values.table import Column, Table


def renamed(former: Table, later: Table) -> dict[str, str]:
    """Former name → later name, where nothing but names differs between the two versions.

    The binlog's history of columns is not kept, so this is an assumption: a column that was dropped
    while an equal one was added in its place looks the same.
    """
    if len(former.columns) != len(later.columns):
        return {}
    pairs = list(zip(former.columns, later.columns, strict=True))
    if any(_bare(old) != _bare(new) for old, new in pairs):
        return {}
    names = {old.name: new.name for old, new in pairs if old.name != new.name}
    # A name that is on both sides has moved, and nothing is known of what came of it.
    return {} if names.keys() & set(names.values()) else names


def _bare(column: Column) -> Column:
    return msgspec.structs.replace(column, name="")
