"""Index definition: settings and mappings, from the user's file or a table's columns."""

from typing import Any

from shared.flows.consume.sinks.elasticsearch.document_shape import Shape
from shared.values.errors import ConfigError
from shared.values.table import Column, Table

GC_DELETES = "1h"
"""How long Elasticsearch remembers the version of a deleted document (its own default is 60 s):
longer than any message that was read before a backfill began may still be in a function's hands.
Source: Elasticsearch reference, "index.gc_deletes".
"""


def definition_of(
    own: dict[str, Any], place: str, shape: Shape, table: Table | None
) -> dict[str, Any]:
    """The body that creates an index, with `gc_deletes` unless the user's file sets it.

    own: the content of the user's file; empty: derived from the columns of `table`.
    place: leads to the stanza. Raises ConfigError.
    """
    if own:
        if unknown := sorted(set(own) - {"settings", "mappings"}):
            raise ConfigError(
                f"has {unknown[0]!r}, which no index has.",
                thing=f"{place}.index",
                hint="It holds `settings` and `mappings`; the alias is the stanza's.",
            )
        settings = own.get("settings", {})
        return (
            own
            if _sets_gc_deletes(settings)
            else {**own, "settings": {**settings, "index.gc_deletes": GC_DELETES}}
        )
    return {
        "settings": {
            "index.gc_deletes": GC_DELETES,
            # A DDL that changes a column's type must not make documents fail: the value stays in
            # _source, unsearchable, its field in _ignored.
            "index.mapping.ignore_malformed": True,
            # A table has up to 1,017 columns, two fields each (text and its keyword).
            "index.mapping.total_fields.limit": 5000,
        },
        "mappings": {
            "dynamic": False,
            "properties": properties_of(shape, table) if table else {},
        },
    }


def properties_of(shape: Shape, table: Table) -> dict[str, Any]:
    """Field → mapping, for the columns that are kept."""
    names = shape.names([column.name for column in table.columns])
    return {
        names[column.name]: mapping_of(column) for column in table.columns if column.name in names
    }


def mapping_of(column: Column) -> dict[str, Any]:
    """The mapping of one column; docs/elasticsearch.md has the table.

    All integers are `long`, so that widening a column never asks for a new index.
    """
    kind = column.kind
    if (kind == "bigint" and column.unsigned) or (kind == "bit" and column.length > 63):
        return {"type": "unsigned_long"}
    if kind in ("tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"):
        return {"type": "long"}
    if kind == "decimal":
        # The exact digits are in _source; 18 digits without a scale fit a long, all else is
        # searched as a double.
        return {"type": "long" if column.scale == 0 and 0 < column.length <= 18 else "double"}
    if kind in ("float", "double"):
        return {"type": kind}
    if kind in ("date", "datetime", "timestamp"):
        # Milliseconds from year 1 to 9999; date_nanos would end at 1970 and 2262. Microseconds stay
        # in _source.
        return {"type": "date", "format": "strict_date_optional_time"}
    if kind in ("inet4", "inet6"):
        return {"type": "ip"}
    if kind == "json":
        return {"type": "object", "enabled": False}
    if kind == "vector":
        return {"type": "float", "index": False, "doc_values": False}
    if kind in ("char", "varchar", "text", "tinytext", "mediumtext", "longtext"):
        return {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
    if kind.endswith("blob"):
        return {"type": "binary"}
    # time, enum, set, uuid, binary(16) ids as base64, WKT: matched as a whole. 8,191 characters of
    # 4 bytes are what a term of 32,766 bytes holds.
    return {"type": "keyword", "ignore_above": 8191}


def _sets_gc_deletes(settings: dict[str, Any]) -> bool:
    nested = settings.get("index")
    return (
        "index.gc_deletes" in settings
        or "gc_deletes" in settings
        or (isinstance(nested, dict) and "gc_deletes" in nested)
    )
