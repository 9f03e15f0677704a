"""Column types as table maps name them, and what a table map says of one column.

Source: MySQL and MariaDB include/field_types.h.
"""

from enum import IntEnum
from typing import NamedTuple

from shared.adapters.binlog.charset_decoding import Charset


class Type(IntEnum):
    """Column types, as the binlog encodes them."""

    TINY = 1
    SHORT = 2
    LONG = 3
    FLOAT = 4
    DOUBLE = 5
    NULL = 6
    TIMESTAMP = 7
    LONGLONG = 8
    INT24 = 9
    DATE = 10
    TIME = 11
    DATETIME = 12
    YEAR = 13
    NEWDATE = 14
    VARCHAR = 15
    BIT = 16
    TIMESTAMP2 = 17
    DATETIME2 = 18
    TIME2 = 19
    BLOB_COMPRESSED = 140
    VARCHAR_COMPRESSED = 141
    VECTOR = 242
    JSON = 245
    DECIMAL = 246
    ENUM = 247
    SET = 248
    TINY_BLOB = 249
    MEDIUM_BLOB = 250
    LONG_BLOB = 251
    BLOB = 252
    VAR_STRING = 253
    STRING = 254
    GEOMETRY = 255


NUMERIC = frozenset(
    (
        Type.TINY,
        Type.SHORT,
        Type.INT24,
        Type.LONG,
        Type.LONGLONG,
        Type.DECIMAL,
        Type.FLOAT,
        Type.DOUBLE,
        Type.YEAR,
    )
)
BLOBS = frozenset((Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB, Type.BLOB))
CHARACTER = (
    frozenset(
        (
            Type.STRING,
            Type.VAR_STRING,
            Type.VARCHAR,
            Type.VECTOR,
            Type.BLOB_COMPRESSED,
            Type.VARCHAR_COMPRESSED,
        )
    )
    | BLOBS
)
TWO_BYTES = frozenset(
    (
        Type.VARCHAR,
        Type.VAR_STRING,
        Type.VARCHAR_COMPRESSED,
        Type.BIT,
        Type.DECIMAL,
        Type.STRING,
        Type.ENUM,
        Type.SET,
    )
)
ONE_BYTE = (
    frozenset(
        (
            Type.FLOAT,
            Type.DOUBLE,
            Type.TIMESTAMP2,
            Type.DATETIME2,
            Type.TIME2,
            Type.VECTOR,
            Type.JSON,
            Type.BLOB_COMPRESSED,
            Type.GEOMETRY,
        )
    )
    | BLOBS
)

OLD_TEMPORAL = frozenset((Type.TIMESTAMP, Type.DATETIME, Type.TIME))
"""Dates and times in the formats from before MySQL 5.6.4 and MariaDB 10.1.2."""


class ColumnMap(NamedTuple):
    """What a table map says of one column.

    length: by type, the bytes of the length prefix of blobs, the maximal bytes of strings, the
        digits of decimals, the bits of BIT, the bytes of ENUM and SET.
    scale: the digits behind the decimal point, or of fractional seconds.
    charset: None where the column holds no text.
    labels: those of ENUM and SET; None is a label that is not valid in the column's character set.
    """

    name: str
    type: Type
    length: int
    scale: int
    nullable: bool
    unsigned: bool
    charset: Charset | None
    labels: tuple[str | None, ...]
