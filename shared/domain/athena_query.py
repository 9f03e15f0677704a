"""Athena query: runs a query of the archive to its end and reads its result."""

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from shared.adapters.athena.contract import (
    MOST_ROWS,
    Athena,
    Execution,
    QueryError,
    QueryParameter,
)

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds between two looks at a query."""

ResultRow = tuple[str | None, ...]


class FinishedQuery(msgspec.Struct, frozen=True):
    """A query that succeeded. scanned: the bytes that it read."""

    id: str
    scanned: int


def ask(
    athena: Athena,
    sql: str,
    parameters: Sequence[QueryParameter] = (),
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> FinishedQuery:
    """Run a query. Raises QueryError when it fails; an interrupted one is stopped."""
    query = athena.start(sql, parameters)
    try:
        wait = FIRST_WAIT
        while (now := athena.poll(query)).state == "running":
            sleep(wait)
            wait = min(wait * 1.5, LONGEST_WAIT)
    except KeyboardInterrupt:
        athena.stop(query)
        raise
    require_success(now)
    return FinishedQuery(query, now.scanned)


def require_success(found: Execution) -> None:
    """Raises QueryError for a query that did not succeed."""
    if found.state == "cancelled" and "limit" in found.reason.lower():
        raise QueryError(
            f"was cancelled: {found.reason}.",
            thing="the query",
            hint=(
                "Ask for fewer columns, one table, or a shorter time. `archive: {scanLimit: GB}` "
                "sets the limit."
            ),
        )
    if found.state != "succeeded":
        raise QueryError(
            f"{'was cancelled' if found.state == 'cancelled' else 'failed'}: {found.reason}.",
            thing="the query",
            hint="Correct it; docs/archive-query.md has examples.",
        )


def rows(athena: Athena, query: str, most: int | None = None) -> Iterator[ResultRow]:
    """The rows of a query that succeeded; most: no more than these."""
    page, left = "", most
    while left is None or left > 0:
        size = MOST_ROWS if left is None else min(left, MOST_ROWS)
        found = athena.results(query, page, size)
        yield from found.rows if left is None else found.rows[:left]
        if left is not None:
            left -= len(found.rows)
        page = found.next
        if not page:
            return
