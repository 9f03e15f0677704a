"""Athena: SELECTs over the archive, with bound parameters, in pages, and what they read.

Athena only reads here. A DELETE or an UPDATE would write delete files and commits that the
archive's ledger does not know.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, Protocol

import msgspec

from shared.values.errors import RowlineError

QueryState = Literal["running", "succeeded", "failed", "cancelled"]

QueryParameter = str | int | datetime
"""A value for a `?`. A time without a zone is UTC, as the archive's columns are."""

MOST_PARAMETER = 1024
"""Bytes of one parameter. Source: Athena API reference, StartQueryExecution,
"ExecutionParameters"."""

MOST_ROWS = 1000
"""Of one page. Source: Athena API reference, GetQueryResults, "MaxResults"."""


class QueryError(RowlineError):
    """Athena refused a query, or the query failed."""


class Execution(msgspec.Struct, frozen=True):
    """How far a query is.

    reason: why it failed or was cancelled. scanned: the bytes that it has read so far.
    """

    state: QueryState
    reason: str = ""
    scanned: int = 0


class ResultPage(msgspec.Struct, frozen=True):
    """Rows of a result, as text; None is NULL.

    next: names the next page; empty: this is the last one.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str | None, ...]]
    next: str = ""


class Athena(Protocol):
    """One workgroup and one database. Methods raise Outage and StackError."""

    def start(self, sql: str, parameters: Sequence[QueryParameter] = (), token: str = "") -> str:
        """Start a query; returns its id. Raises QueryError when Athena refuses it.

        parameters: of each `?` in order; a `?` may only be in a WHERE clause. token: 32 to 128
        characters; a query that was started with it before is not started again.
        """
        ...

    def poll(self, query: str) -> Execution:
        """How far a query is. Raises QueryError for an id that is not known."""
        ...

    def results(self, query: str, page: str = "", most: int = MOST_ROWS) -> ResultPage:
        """A page of a query that succeeded; the first one without `page`. Raises QueryError."""
        ...

    def stop(self, query: str) -> None:
        """Cancel a query that still runs."""
        ...

    def scan_limit(self) -> int:
        """The bytes that the workgroup lets one query read; 0: no limit."""
        ...


def literal(value: QueryParameter) -> str:
    """A parameter as Athena wants it: an SQL literal, in which a value cannot be anything else.

    Raises QueryError for a text that is too long; `text_parameters` cuts such a text.
    """
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, datetime):
        utc = value.astimezone(UTC) if value.tzinfo else value
        text = utc.replace(tzinfo=None).isoformat(" ", "microseconds")
        return f"TIMESTAMP '{text}'"
    made = "'" + value.replace("'", "''") + "'"
    if len(made.encode(errors="surrogatepass")) > MOST_PARAMETER:
        raise QueryError(
            f"has a value of {len(made):,} characters; Athena takes {MOST_PARAMETER:,} bytes.",
            thing="the query",
            hint="Use a shorter value.",
        )
    return made


def text_parameters(text: str) -> tuple[str, list[str]]:
    """The SQL for a text of any length, and its parameters: `?`, or several of them joined."""
    parts, part, size = [], "", 2
    for character in text:
        own = len(character.encode(errors="surrogatepass")) * (2 if character == "'" else 1)
        if size + own > MOST_PARAMETER:
            parts.append(part)
            part, size = "", 2
        part, size = part + character, size + own
    parts.append(part)
    if len(parts) == 1:
        return "?", parts
    return "concat(" + ", ".join("?" * len(parts)) + ")", parts
