"""A column of a table map as the rest of the library knows it."""

from collections.abc import Mapping

from shared.adapters.binlog.charsets import BINARY
from shared.adapters.binlog.column_types import ColumnMap, Type
from shared.values.table import Column

_INTEGER_KINDS = {
    Type.TINY: "tinyint",
    Type.SHORT: "smallint",
    Type.INT24: "mediumint",
    Type.LONG: "int",
    Type.LONGLONG: "bigint",
}
_SIMPLE_KINDS = {
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


def describe(column: ColumnMap, special: Mapping[str, str]) -> Column:
    """The column as the rest of the library knows it. `special` names columns that the binlog shows
    as BINARY or VARBINARY but are uuid, inet4, inet6 or vector.
    """
    kind = (
        special.get(column.name)
        or _INTEGER_KINDS.get(column.type)
        or _SIMPLE_KINDS.get(column.type)
    )
    if kind is None:
        binary = column.charset is None or column.charset.name == BINARY
        if column.type == Type.STRING:
            kind = "binary" if binary else "char"
        elif column.type in (Type.VARCHAR, Type.VAR_STRING, Type.VARCHAR_COMPRESSED):
            kind = "varbinary" if binary else "varchar"
        else:
            kind = "blob" if binary else "text"
    return Column(
        name=column.name,
        kind=kind,
        unsigned=column.unsigned,
        nullable=column.nullable,
        length=0
        if kind in ("text", "blob", "json", "geometry", "vector", "float", "double", "enum", "set")
        else column.length,
        scale=column.scale,
        charset=column.charset.name
        if column.charset and kind in ("char", "varchar", "text")
        else "",
        labels=column.labels,
    )
