"""Gaps: Athena lacks parameters, request tokens, Iceberg tables, views and the scan limit.

A SELECT is read here as a tree: parameters are bound, views take the place of their names, Iceberg
tables are planned, and DuckDB runs the rest. Other statements go to the emulator as they are.
Source of the limit: Athena user guide, "Setting data usage control limits".

Shown by tests/integration/local/test_athena.py.
"""

import asyncio
import json
import tempfile
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ministack.services import athena, glue
from sqlglot import exp

from local.emulator import athena_iceberg as iceberg
from local.emulator import athena_views as views
from local.emulator.athena_dialect import (
    BadQuery,
    SeveralStatements,
    bind,
    parse,
    tables,
    to_duckdb,
)
from local.emulator.patch import around

MOST_PARAMETER = 1024
"""Characters. Source: Athena API reference, StartQueryExecution, "ExecutionParameters"."""

_started: dict[Any, str] = {}
"""ClientRequestToken → the query that it started; boto3 makes one where its caller does not."""

_EMPTY: dict[str, list[Any]] = {"columns": [], "rows": [], "column_types": []}


@dataclass
class Scan:
    """The bytes that a query reads, and how many it may."""

    size: int = 0
    limit: int = 0


class OverLimit(Exception):
    """The query would read more than its workgroup allows."""


_scan: ContextVar[Scan] = ContextVar("scan")


@around(athena, "_start_query_execution")
def start(original: Any, data: dict[str, Any]) -> Any:
    """Bind the parameters; GetQueryExecution shows the query and them apart."""
    if data.get("ClientRequestToken") in _started:
        return athena.json_response({"QueryExecutionId": _started[data["ClientRequestToken"]]})
    answer = _start(original, data)
    if answer[0] == 200:
        _started[data.get("ClientRequestToken")] = json.loads(answer[2])["QueryExecutionId"]
    return answer


def _start(original: Any, data: dict[str, Any]) -> Any:
    sql, values = data.get("QueryString", ""), data.get("ExecutionParameters") or []
    try:
        if not values:
            _is_one(sql)
            return original(data)
        if any(not 0 < len(value) <= MOST_PARAMETER for value in values):
            raise BadQuery(f"a parameter must have 1 to {MOST_PARAMETER} characters")
        bound = bind(parse(sql), values).sql(dialect="athena")
    except BadQuery as error:
        return athena.error_response_json("InvalidRequestException", str(error), 400)
    answer = original({**data, "QueryString": bound})
    if answer[0] == 200:
        execution = athena._executions[json.loads(answer[2])["QueryExecutionId"]]
        execution["Query"], execution["ExecutionParameters"] = sql, values
    return answer


def _is_one(sql: str) -> None:
    """Raises SeveralStatements. What sqlglot cannot read is left to the emulator."""
    try:
        parse(sql)
    except SeveralStatements:
        raise
    except BadQuery:
        pass


@around(athena, "_execute_query")
async def execute(original: Any, query_id: str, *arguments: Any) -> None:
    """Run a query under its workgroup's limit, and note the bytes that it read."""
    execution = athena._executions[query_id]
    group = athena._workgroups.get(execution["WorkGroup"]) or {}
    limit = (group.get("Configuration") or {}).get("BytesScannedCutoffPerQuery", 0)
    scan = Scan(limit=int(limit))
    _scan.set(scan)
    await original(query_id, *arguments)
    if scan.limit and scan.size > scan.limit:
        execution["Status"]["State"] = "CANCELLED"
        execution["Status"]["StateChangeReason"] = "Bytes scanned limit was exceeded"
    execution["Statistics"]["DataScannedInBytes"] = scan.size


@around(athena, "_run_duckdb")
async def run(original: Any, query: str, database: str, catalog: str | None = None) -> Any:
    """Run one statement."""
    try:
        tree = parse(query)
    except BadQuery:
        return await original(query, database, catalog)
    if isinstance(tree, exp.Drop) and tree.args.get("kind") == "VIEW":
        views.drop(tree, database)
        return _EMPTY
    if isinstance(tree, exp.Create) and tree.args.get("kind") == "VIEW":
        with tempfile.TemporaryDirectory(prefix="athena-") as folder:
            sql = await asyncio.to_thread(_readable, tree.expression.copy(), database, Path(folder))
            described = await original(f"DESCRIBE {sql}", database, catalog)
        _scan.get().size = 0  # a definition reads nothing
        views.create(tree, database, [(row[0], str(row[1])) for row in described["rows"]])
        return _EMPTY
    if isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
        raise BadQuery("NOT_SUPPORTED: this emulator reads only")
    if not isinstance(tree, exp.Query):
        return await original(query, database, catalog)
    with tempfile.TemporaryDirectory(prefix="athena-") as folder:
        sql = await asyncio.to_thread(_readable, tree, database, Path(folder))
        scan = _scan.get()
        if scan.limit and scan.size > scan.limit:
            raise OverLimit("Bytes scanned limit was exceeded")
        found = await original(sql, database, catalog)
    # Text, as GetQueryResults shows it: other values would stop the emulator from saving its state.
    found["rows"] = [[_text(value) for value in row] for row in found["rows"]]
    return found


def _readable(tree: exp.Expr, database: str, folder: Path) -> str:
    """A query in DuckDB's SQL, without views and Iceberg tables."""
    root = exp.Subquery(this=tree)
    waiting = [(tree, database, 0)]
    while waiting:
        part, where, depth = waiting.pop()
        for node in list(tables(part)):
            held = glue._tables.get(f"{node.db or where}/{node.name}")
            if held is None:
                if "$" in node.name:
                    raise BadQuery(f"NOT_SUPPORTED: the metadata table {node.name}")
                raise BadQuery(f"TABLE_NOT_FOUND: {node.db or where}.{node.name} does not exist")
            if (view := views.stored(held)) is not None:
                if depth >= views.MOST_NESTED:
                    raise BadQuery(f"the view {node.name} is nested too deeply")
                waiting.append((views.inline(node, view), view["schema"], depth + 1))
            elif iceberg.is_iceberg(held):
                _scan.get().size += iceberg.read(node, held, folder)
    return to_duckdb(root.this)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, list):
        return "[" + ", ".join(_text(each) or "null" for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={_text(each)}" for key, each in value.items()) + "}"
    return str(athena._datum_text(value))


@around(athena, "_save_query_results")
async def save(original: Any, query_id: str) -> None:
    """The results are at <OutputLocation>/<id>.csv, not at <id>.csv/<id>.csv."""
    execution = athena._executions[query_id]
    place = execution["ResultConfiguration"]["OutputLocation"]
    execution["ResultConfiguration"]["OutputLocation"] = place.removesuffix(f"{query_id}.csv")
    try:
        await original(query_id)
    finally:
        execution["ResultConfiguration"]["OutputLocation"] = place


@around(athena, "_get_query_results")
def results(original: Any, data: dict[str, Any]) -> Any:
    """The row of column names on the first page is one of MaxResults."""
    execution = athena._executions.get(data.get("QueryExecutionId"))
    if execution and execution["StatementType"] == "DML" and not data.get("NextToken"):
        data = {**data, "MaxResults": max(1, int(data.get("MaxResults", 1000)) - 1)}
    return original(data)
