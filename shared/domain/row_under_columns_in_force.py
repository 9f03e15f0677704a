"""A row under the columns in force: a row at a time, as its table had columns then."""

from collections.abc import Sequence

import msgspec

from shared.domain.archived_change import Archived
from shared.domain.assumed_columns import came_back, under_columns
from shared.domain.row_answer import RowAt
from shared.values.table import Table


def under_columns_in_force(
    found: RowAt,
    later: Archived | None,
    in_force: Table,
    in_force_version: int,
    versions: Sequence[Table],
    between: Sequence[Table],
    after: Sequence[Table],
) -> RowAt:
    """The row under the columns in force.

    later: its next change. between: the columns between the time and what shows the row. after:
    those until its next change.
    """
    row = found.row or {}
    if found.schema_version == in_force_version and not came_back(row, in_force, between):
        return found
    if (
        later is not None
        and later.before is not None
        and later.schema_version == in_force_version
        and not came_back(later.before, in_force, after)
    ):
        return msgspec.structs.replace(
            found,
            row=later.before,
            schema_version=in_force_version,
            why="its columns had changed; its next change shows the row before it",
            next=later,
        )
    return _projected(found, in_force, in_force_version, versions, between)


def beside_a_rival(found: RowAt, in_force: Table, rival: Table) -> RowAt:
    """The row, where its table may have had other columns already."""
    row = found.row or {}
    under, _, changed = under_columns(row, in_force, rival)
    assumed = [name for name in row if name not in under or name in changed]
    return msgspec.structs.replace(
        found,
        why=f"{found.why}; its table has other columns from its next change on, or before that",
        certain=False,
        assumed=tuple(dict.fromkeys((*found.assumed, *assumed))),
    )


def _projected(
    found: RowAt,
    in_force: Table,
    version: int,
    versions: Sequence[Table],
    between: Sequence[Table],
) -> RowAt:
    """The row under the columns of another version."""
    own = versions[found.schema_version - 1] if found.schema_version <= len(versions) else None
    row, unknown, assumed = under_columns(found.row or {}, own, in_force, between)
    return msgspec.structs.replace(
        found,
        row=row,
        schema_version=version,
        why=f"{found.why}, under the columns that the table had then",
        certain=found.certain and not unknown and not assumed,
        unknown=unknown,
        assumed=assumed,
    )
