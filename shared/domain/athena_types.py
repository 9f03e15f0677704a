"""The Athena type of a column, and the SQL that reads it out of a row's JSON (docs/types.md)."""

import re
from collections.abc import Sequence

from shared.values.table import Column

MOST_DIGITS = 38
"""Of a decimal. Source: Athena user guide, "Data types in Amazon Athena"."""

_WHOLE = ("integer", "bigint", "decimal(20,0)")
"""Types of whole numbers; each holds the values of those before it."""

_FLOATS = ("real", "double")
_BINARY = frozenset(("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"))
_JSON = frozenset(("json", "vector"))
_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_SQL = {
    "varchar": "{text}",
    "date": "TRY_CAST({text} AS date)",
    "timestamp": "TRY_CAST(replace(replace({text}, 'T', ' '), 'Z', '') AS timestamp(6))",
    "varbinary": "from_base64({text})",
    "json": "nullif(json_format(json_extract({row}, {path})), 'null')",
}
"""Types whose values are not simply cast.

A date that the calendar lacks, which MySQL may allow, is NULL. JSON is text: a view of Athena has
no JSON columns.
"""


def type_of(column: Column) -> str:
    """The type of a column; `json` is JSON text."""
    kind = column.kind
    if kind in ("tinyint", "smallint", "mediumint", "int", "year"):
        return "bigint" if kind == "int" and column.unsigned else "integer"
    if kind == "bigint":
        return "decimal(20,0)" if column.unsigned else "bigint"
    if kind == "bit":
        return "decimal(20,0)" if column.length > 63 or not column.length else "bigint"
    if kind == "decimal" and 0 < column.length <= MOST_DIGITS:
        return f"decimal({column.length},{column.scale})"
    if kind in ("float", "double"):
        return "real" if kind == "float" else "double"
    if kind in ("datetime", "timestamp"):
        return "timestamp"
    if kind in _BINARY:
        return "varbinary"
    return "json" if kind in _JSON else kind if kind == "date" else "varchar"


def common_type(types: Sequence[str]) -> str:
    """One type for a column that had several: the widest of a kind, else text."""
    found = set(types)
    if len(found) == 1:
        return found.pop()
    for kinds in (_WHOLE, _FLOATS):
        if found <= set(kinds):
            return max(found, key=kinds.index)
    decimals = [_DECIMAL.fullmatch(each) for each in found]
    if all(decimals):
        digits = [(int(each[1]), int(each[2])) for each in decimals if each]
        scale = max(scale for _, scale in digits)
        whole = max(precision - scale for precision, scale in digits)
        if whole + scale <= MOST_DIGITS:
            return f"decimal({whole + scale},{scale})"
    return "varchar"


def value_sql(kind: str, row: str, name: str) -> str:
    """The SQL for a column of a type. row: the SQL of the row's JSON text."""
    path = literal_sql('$["' + name.replace("\\", "\\\\").replace('"', '\\"') + '"]')
    text = f"json_extract_scalar({row}, {path})"
    shape = _SQL.get(kind, "CAST({text} AS {kind})")
    return shape.format(text=text, row=row, path=path, kind=kind)


def literal_sql(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name_sql(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
