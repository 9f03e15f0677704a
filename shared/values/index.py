"""Index: its name, and its definition (settings and mappings) from the user's file or from a
table's columns.
"""

import re
from hashlib import blake2b
from typing import Any

from shared.values.document import Shape
from shared.values.errors import ConfigError
from shared.values.settings import ConsumerSettings
from shared.values.table import Column, Table

GC_DELETES = "1h"
"""How long Elasticsearch remembers the version of a deleted document (its own default is 60 s):
longer than any message that was read before a backfill began may still be in a function's hands.
Source: Elasticsearch reference, "index.gc_deletes".
"""

ALIAS_LIMIT = 248
"""Bytes: an index name may have 255, and `-000001` is added."""

_ODD = re.compile(r"[^a-z0-9_.-]")


def alias_of(consumer: ConsumerSettings, database: str, table: str) -> str:
    """The alias under which a table's documents are written and searched. Raises ConfigError.

    `{database}` and `{table}` of the pattern are replaced by the names; a name that Elasticsearch
    cannot take (upper case, other characters), or a database name with a hyphen, which would be
    ambiguous, is made valid and gets `~` and a hash of the true name: no two tables ever share an
    index.
    """
    pattern = consumer.elasticsearch.alias
    alias = pattern.replace("{database}", _valid(database, hyphen=False)).replace(
        "{table}", _valid(table, hyphen=True)
    )
    if (
        len(alias.encode()) > ALIAS_LIMIT
        or _ODD.search(alias.replace("~", ""))
        or alias[:1] in "_-."
    ):
        raise ConfigError(
            f"gives {alias!r}, which cannot be an index name.",
            thing=f"consumers.{consumer.name}.elasticsearch.alias",
            hint=(
                "Use lower-case letters, digits, `_`, `.` and `-`, a letter or digit first, at "
                f"most {ALIAS_LIMIT} bytes."
            ),
        )
    return alias


def check_alias(consumer: ConsumerSettings) -> None:
    """Refuse a pattern that would put two tables into one index, where rows of the same key
    overwrite each other. Raises ConfigError.
    """
    pattern, place = consumer.elasticsearch.alias, f"consumers.{consumer.name}.elasticsearch.alias"
    databases = {table.partition(".")[0] for table in consumer.tables}
    several = len(consumer.tables) > 1 or any(table.endswith(".*") for table in consumer.tables)
    if several and "{table}" not in pattern:
        raise ConfigError(
            "would put several tables into one index.",
            thing=place,
            hint="Write {table} into it, or make a consumer for each table.",
        )
    if len(databases) > 1 and "{database}" not in pattern:
        raise ConfigError(
            "would mix tables of several databases.", thing=place, hint="Write {database} into it."
        )
    if re.search(r"\{database\}[^-]*\{table\}|\{table\}[^-]*\{database\}", pattern):
        raise ConfigError(
            "does not keep database and table apart.",
            thing=place,
            hint="Put a `-` between them: {database}-{table}.",
        )
    alias_of(consumer, "database", "table")


def definition_of(consumer: ConsumerSettings, table: Table | None) -> dict[str, Any]:
    """The body that creates the index: the user's own file, else derived from the columns of
    `table`; with `gc_deletes` unless the file sets it.
    """
    own = consumer.elasticsearch.index
    if own:
        if unknown := sorted(set(own) - {"settings", "mappings", "aliases"}):
            raise ConfigError(
                f"has {unknown[0]!r}, which no index has.",
                thing=f"consumers.{consumer.name}.elasticsearch.index",
                hint="It holds `settings`, `mappings` and `aliases`.",
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
            "properties": properties_of(Shape.of(consumer), table) if table else {},
        },
    }


def properties_of(shape: Shape, table: Table) -> dict[str, Any]:
    """Field → mapping, for the columns that are kept."""
    names = shape.names([column.name for column in table.columns])
    return {
        names[column.name]: mapping_of(column) for column in table.columns if column.name in names
    }


def mapping_of(column: Column) -> dict[str, Any]:
    """The mapping of one column (docs/elasticsearch.md has the table). All integers are `long`, so
    that widening a column never asks for a new index.
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


def _valid(name: str, *, hyphen: bool) -> str:
    plain = _ODD.sub("_", name.lower()).lstrip("_.-")
    if plain == name and (hyphen or "-" not in name):
        return name
    return f"{plain}~{blake2b(name.encode(), digest_size=4).hexdigest()}"


def _sets_gc_deletes(settings: dict[str, Any]) -> bool:
    nested = settings.get("index")
    return (
        "index.gc_deletes" in settings
        or "gc_deletes" in settings
        or (isinstance(nested, dict) and "gc_deletes" in nested)
    )
