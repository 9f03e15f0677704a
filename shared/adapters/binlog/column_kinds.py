"""A column of a table map as the rest of the library knows it."""

from collections.abc import Mapping

from shared.adapters.binlog.charset_decoding import BINARY
from shared.adapters.binlog.column_types import ColumnMap, Type
from shared.values.table import Column

_KINDS = {
    Type.TINY: "tinyint",
    Type.SHORT: "smallint",
    Type.INT24: "mediumint",
    Type.LONG: "int",
    Type.LONGLONG: "bigint",
    Type.FLOAT: "float",
    Type.DOUBLE: "double",
    Type.DECIMAL: "decimal",
    Type.BIT: "bit",
    Type.YEAR: "year",
    Type.DATE: "date",
    Type.NEWDATE: "date",
    Type.TIME: "time",
    Type.TIME2: "time",
    Type.DATETIME: "datetime",
    Type.DATETIME2: "datetime",
    Type.TIMESTAMP: "timestamp",
    Type.TIMESTAMP2: "timestamp",
    Type.ENUM: "enum",
    Type.SET: "set",
    Type.JSON: "json",
    Type.GEOMETRY: "geometry",
    Type.VECTOR: "vector",
}
_VARIABLE = frozenset((Type.VARCHAR, Type.VAR_STRING, Type.VARCHAR_COMPRESSED))
_SIZES = {1: "tiny", 2: "", 3: "medium", 4: "long"}
_TEXTS = frozenset(("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"))
UNREADABLE_LABEL = "\ufffd"


def describe(column: ColumnMap, special: Mapping[str, str]) -> Column:
    """The column as information_schema describes it, so that both lanes give the same.

    `special` names columns that the binlog shows as BINARY or VARBINARY but are uuid, inet4, inet6
    or vector.
    """
    kind = special.get(column.name) or _KINDS.get(column.type) or _string(column)
    charset = column.charset.name if column.charset and kind in _TEXTS else ""
    return Column(
        name=column.name,
        kind=kind,
        unsigned=column.unsigned and column.type != Type.YEAR,
        nullable=column.nullable,
        length=_length(column, kind),
        scale=column.scale,
        charset="" if charset == BINARY else charset,
        labels=tuple(UNREADABLE_LABEL if one is None else one for one in column.labels),
    )


def _string(column: ColumnMap) -> str:
    binary = column.charset is None or column.charset.name == BINARY
    if column.type == Type.STRING:
        return "binary" if binary else "char"
    if column.type in _VARIABLE:
        return "varbinary" if binary else "varchar"
    return f"{_SIZES.get(column.length, '')}{'blob' if binary else 'text'}"


def _length(column: ColumnMap, kind: str) -> int:
    length = column.length - (column.type == Type.VARCHAR_COMPRESSED)  # one byte tells how
    if kind in ("char", "varchar") and column.charset:
        return length // column.charset.most_bytes
    return length if kind in ("binary", "varbinary", "decimal", "bit") else 0
