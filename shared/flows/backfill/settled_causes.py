"""Settled causes: for what a table is due when it is begun, and what of that a job has settled."""

from collections.abc import Collection, Iterable, Mapping

from shared.domain.open_dues import OpenDue
from shared.values.job import TableFill


def begun(table: str, estimate: int, due: Iterable[OpenDue]) -> TableFill:
    """A table before its first row.

    due: read before any row is: what comes later is not in all of the rows, and stays due.
    """
    mine = [one for one in due if one.concerns(table)]
    return TableFill(
        estimate=estimate,
        settles={one.table: one.cause for one in mine if not one.own},
        settles_own={one.table: one.cause for one in mine if one.own},
    )


def settled(
    filled: Mapping[str, TableFill], tables: Collection[str], *, resync: bool
) -> tuple[dict[str, str], dict[str, str]]:
    """The causes, noted for the source and for the consumer alone, that are settled now.

    filled: the tables that were filled. tables: all of the consumer's; a cause that is about every
    table of a database is settled once all of these were filled. resync: whether the job deleted
    documents without a row. A backfill settles a table where it found none.
    """
    right = {
        name: each for name, each in filled.items() if resync or (each.swept and not each.ghosts)
    }
    return (
        _agreed({name: each.settles for name, each in right.items()}, tables),
        _agreed({name: each.settles_own for name, each in right.items()}, tables),
    )


def _agreed(causes: Mapping[str, Mapping[str, str]], tables: Collection[str]) -> dict[str, str]:
    """By the table that a cause was noted for: the cause, when all tables concerned have it."""
    found: dict[str, str] = {}
    for noted_for in {key for each in causes.values() for key in each}:
        concerned = [name for name in tables if OpenDue(noted_for, "", "").concerns(name)]
        had = {causes.get(name, {}).get(noted_for, "") for name in concerned}
        if len(had) == 1 and "" not in had:
            found[noted_for] = had.pop()
    return found
