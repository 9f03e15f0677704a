"""A table whose rows two consumers of the deployed stack keep, each in its ordering."""

from typing import Any

import pymysql

from tests.integration.stack.project import Project

TABLE = "poison.orders"
CONSUMERS = {"latest": "latest-state", "every": "every-change"}
FIELDS: dict[str, dict[str, Any]] = {
    "amount": {"type": "long"},
    "day": {"type": "date", "format": "strict_date"},
    "paid": {"type": "boolean"},
    "ip": {"type": "ip"},
}
"""Columns whose fields refuse a text, each with a reason of its own."""

COLUMNS = tuple(FIELDS)
GOOD = {"amount": "1", "day": "2026-01-31", "paid": "true", "ip": "10.0.0.1"}
BAD = {"amount": "no number", "day": "no day", "paid": "perhaps", "ip": "nowhere"}


def capture(project: Project) -> None:
    """Capture the table, and add both consumers, before the project is deployed."""
    prices, alerts = "      market.prices:\n", "\nalerts:"
    project.edit("serverless.yml", prices, f"{prices}      {TABLE}: {{shardBy: grp}}\n")
    stanzas = "".join(
        f"  {name}:\n    tables: [{TABLE}]\n    ordering: {ordering}\n    parkBudget: 1000\n"
        f'    elasticsearch: {{secret: "${{param:searchSecret}}", alias: orders-{name}}}\n'
        for name, ordering in CONSUMERS.items()
    )
    project.edit("serverless.yml", alerts, f"{stanzas}{alerts}")


def create(connection: "pymysql.connections.Connection[Any]") -> None:
    """Make the table where it is missing."""
    texts = ", ".join(f"{column} VARCHAR(40)" for column in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS poison")
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {TABLE} (id INT PRIMARY KEY, grp INT NOT NULL, {texts})"
        )


def insert(cursor: Any, group: int, rows: dict[int, dict[str, str]]) -> None:
    """Rows of one group. rows: id → the columns that are not as they should be."""
    cursor.executemany(
        f"INSERT INTO {TABLE} (id, grp, {', '.join(COLUMNS)}) VALUES (%s, %s, %s, %s, %s, %s)",
        [(id, group, *({**GOOD, **odd}[name] for name in COLUMNS)) for id, odd in rows.items()],
    )


def mappings(lenient: bool) -> dict[str, Any]:
    """Of both indexes. `lenient` ones take every text, but for a boolean."""
    fields = {
        name: {**kind, **({} if name == "paid" else {"ignore_malformed": lenient})}
        for name, kind in FIELDS.items()
    }
    return {"dynamic": False, "properties": fields}
