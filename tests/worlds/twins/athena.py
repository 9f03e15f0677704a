"""Athena's twin: DuckDB over rows in memory."""

import itertools
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import duckdb
import pyarrow as pa

from local.emulator.athena_dialect import BadQuery, bind, parse, tables, to_duckdb
from shared.adapters.athena.contract import (
    MOST_ROWS,
    Execution,
    QueryError,
    QueryParameter,
    ResultPage,
    literal,
)
from shared.adapters.snapshots.snapshots_columns import ARROW
from tests.worlds.changes_table import Row, arrow

_QUOTED = re.compile(r"((?:TIMESTAMP )?)'((?:[^']|'')*)'")
_MARK = re.compile(r"\ue000\d+\ue000|0001-01-01 00:00:00\.\d{6}")
"""No test asks for such a text or time."""


class MemoryAthena:
    """Runs a query when it is started; `poll` says so from the second time on.

    limit: bytes that the workgroup allows. ready: say so at once.
    """

    def __init__(self, limit: int = 0, *, ready: bool = False) -> None:
        self._duckdb = duckdb.connect(":memory:")
        empty = arrow([])
        self._duckdb.register("given", empty)
        self._duckdb.execute("CREATE TABLE changes AS SELECT * FROM given")
        self._duckdb.register("given", pa.Table.from_pylist([], ARROW))
        self._duckdb.execute("CREATE TABLE snapshots AS SELECT * FROM given")
        self._done: dict[str, tuple[ResultPage, str]] = {}
        self._polled: set[str] = set()
        self._tokens: dict[str, str] = {}
        self._numbers = itertools.count(1)
        self._limit, self._ready = limit, ready
        self.asked: list[tuple[str, Sequence[QueryParameter]]] = []

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows to the table `changes`."""
        self._duckdb.register("given", arrow(rows))
        self._duckdb.execute("INSERT INTO changes SELECT * FROM given")

    def append_snapshots(self, rows: Sequence[Row]) -> None:
        """Add rows to the table `snapshots`."""
        self._duckdb.register("given", pa.Table.from_pylist(list(rows), ARROW))
        self._duckdb.execute("INSERT INTO snapshots SELECT * FROM given")

    def define(self, statement: str) -> None:
        """Make a view with Athena's CREATE VIEW."""
        self._duckdb.execute(to_duckdb(parse(statement)))

    def start(self, sql: str, parameters: Sequence[QueryParameter] = (), token: str = "") -> str:
        if token and token in self._tokens:
            return self._tokens[token]
        self.asked.append((sql, parameters))
        query = f"query-{next(self._numbers)}"
        if token:
            self._tokens[token] = query
        try:
            statement, reads = translated(sql, [literal(each) for each in parameters])
        except BadQuery as error:
            raise QueryError(f"was refused: {error}.", thing="the query") from None
        try:
            found = self._duckdb.execute(statement)
            columns = tuple(each[0] for each in found.description or [])
            rows = [tuple(map(_text, row)) for row in found.fetchall()]
            failure = "Bytes scanned limit was exceeded" if reads and self._limit else ""
            self._done[query] = (ResultPage(columns, rows), failure)
        except duckdb.Error as error:
            self._done[query] = (ResultPage((), []), str(error))
        return query

    def poll(self, query: str) -> Execution:
        _, failure = self._of(query)
        if query not in self._polled and not self._ready:
            self._polled.add(query)
            return Execution("running")
        if "limit" in failure:
            return Execution("cancelled", failure, self._limit)
        return Execution("failed", failure) if failure else Execution("succeeded", "", 1)

    def results(self, query: str, page: str = "", most: int = MOST_ROWS) -> ResultPage:
        whole, failure = self._of(query)
        if failure:
            raise QueryError(f"has failed: {failure}", thing="the query")
        first = int(page or 0)
        last = first + most
        following = str(last) if last < len(whole.rows) else ""
        return ResultPage(whole.columns, whole.rows[first:last], following)

    def stop(self, query: str) -> None:
        self._of(query)

    def scan_limit(self) -> int:
        return self._limit

    def _of(self, query: str) -> tuple[ResultPage, str]:
        if query not in self._done:
            raise QueryError(f"{query} is not known.", thing="the query")
        return self._done[query]


def translated(sql: str, literals: Sequence[str]) -> tuple[str, bool]:
    """The statement for DuckDB, and whether it reads a table. Raises BadQuery.

    A question that is asked a thousand times, with other texts each time, is translated once.
    """
    held, marked = {}, []
    for number, each in enumerate(literals):
        if part := _QUOTED.fullmatch(each):
            # Of a time, the translation tells how exact it is.
            mark = f"0001-01-01 00:00:00.{number:06}" if part[1] else f"\ue000{number}\ue000"
            held[mark] = part[2]
            each = f"{part[1]}'{mark}'"
        marked.append(each)
    statement, reads = _translated(sql, tuple(marked))
    return _MARK.sub(lambda mark: held.get(mark[0], mark[0]), statement), reads


@lru_cache(maxsize=500)
def _translated(sql: str, literals: tuple[str, ...]) -> tuple[str, bool]:
    tree = bind(parse(sql), literals)
    return to_duckdb(tree), any(True for _ in tables(tree))


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, bytes):
        return value.hex(" ")
    if hasattr(value, "hour"):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return str(value)
