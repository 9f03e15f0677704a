"""Gap: CREATE VIEW succeeds in the emulated Athena, and stores nothing.

Here a view is a table of Glue, as AWS keeps it, and its text takes the place of its name in a
query. Like AWS, a view refuses columns of timestamps with a time zone.

Source: Athena user guide, "Work with views".
"""

import base64
import json
import re
from typing import Any

from ministack.services import glue
from sqlglot import exp

from local.emulator.athena_dialect import BadQuery, parse, put_query

_TEXT = re.compile(r"/\* Presto View: (\S+) \*/")
MOST_NESTED = 10
_KINDS = {
    "BIGINT": "bigint",
    "INTEGER": "int",
    "BOOLEAN": "boolean",
    "DOUBLE": "double",
    "FLOAT": "float",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}


def stored(table: dict[str, Any]) -> dict[str, Any] | None:
    """The definition in a table of Glue; None: it is no view."""
    if table.get("TableType") != "VIRTUAL_VIEW":
        return None
    found = _TEXT.search(table.get("ViewOriginalText") or "")
    return json.loads(base64.b64decode(found[1])) if found else None


def inline(node: exp.Table, view: dict[str, Any]) -> exp.Expr:
    """Put a view's query in the place of its name; returns the query inside the statement."""
    return put_query(node, parse(view["originalSql"]))


def create(tree: exp.Create, database: str, columns: list[tuple[str, str]]) -> None:
    """Keep a view. columns: name and type in DuckDB."""
    name = tree.this.name
    where = tree.this.db or database
    if where not in glue._databases:
        raise BadQuery(f"Schema '{where}' does not exist")
    for column, kind in columns:
        if "TIME ZONE" in kind:
            raise BadQuery(
                f"Invalid column type for column {column}: Unsupported Hive type: "
                "timestamp(3) with time zone"
            )
    definition = {
        "originalSql": tree.expression.sql(dialect="athena"),
        "catalog": "awsdatacatalog",
        "schema": database,
        "columns": [{"name": column, "type": kind.lower()} for column, kind in columns],
    }
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    made = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [
                {"Name": column, "Type": _KINDS.get(kind, "string")} for column, kind in columns
            ],
            "Location": "",
        },
    }
    held = glue._tables.get(f"{where}/{name}")
    if held is None:
        glue._create_table({"DatabaseName": where, "TableInput": made})
    elif stored(held) is None:
        raise BadQuery(f"View '{where}.{name}' already exists as a table")
    elif tree.args.get("replace"):
        glue._update_table({"DatabaseName": where, "TableInput": made})
    else:
        raise BadQuery(f"View already exists: '{where}.{name}'")


def drop(tree: exp.Drop, database: str) -> None:
    """Remove a view."""
    named = tree.find(exp.Table)
    assert named is not None
    where, name = named.db or database, named.name
    held = glue._tables.get(f"{where}/{name}")
    if held is None or stored(held) is None:
        if tree.args.get("exists"):
            return
        raise BadQuery(f"View '{where}.{name}' does not exist")
    glue._delete_table({"DatabaseName": where, "Name": name})
