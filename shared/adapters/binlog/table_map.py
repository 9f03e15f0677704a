"""Table maps: the binlog's own description of a table, which stands before its row events.

Source: MySQL sql/log_event.h, Table_map_log_event; MariaDB sql/log_event.h. Column types:
include/field_types.h.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from shared.adapters.binlog.charsets import BINARY, Charset, Charsets
from shared.adapters.binlog.length import length_encoded
from shared.values.errors import SourceError


class Type(IntEnum):
    """Column types as they stand in the binlog."""

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


_NUMERIC = frozenset(
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
_BLOBS = frozenset((Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB, Type.BLOB))
_CHARACTER = (
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
    | _BLOBS
)
_TWO_BYTES = frozenset(
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
_ONE_BYTE = (
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
    | _BLOBS
)

OLD_TEMPORAL = frozenset((Type.TIMESTAMP, Type.DATETIME, Type.TIME))
"""Dates and times in the formats from before MySQL 5.6.4 and MariaDB 10.1.2."""

# optional metadata
_SIGNEDNESS, _CHARSET_DEFAULT, _CHARSET_EACH, _NAMES, _SET_LABELS, _ENUM_LABELS = 1, 2, 3, 4, 5, 6
_KEY, _KEY_WITH_PREFIX, _LABEL_CHARSET_DEFAULT, _LABEL_CHARSET_EACH = 8, 9, 10, 11


class ColumnMap(NamedTuple):
    """One column. `length` is, by type: the bytes of the length prefix of blobs, the maximal bytes
    of strings, the digits of decimals, the bits of BIT, the bytes of enum and set; `scale` the
    digits behind the point or of fractional seconds. `charset` is None where there is no text.
    """

    name: str
    type: Type
    length: int
    scale: int
    nullable: bool
    unsigned: bool
    charset: Charset | None
    labels: tuple[str, ...]


class TableMap(NamedTuple):
    """One table."""

    database: str
    name: str
    columns: tuple[ColumnMap, ...]
    key: tuple[str, ...]


def names(body: bytes) -> tuple[str, str]:
    """(database, table) of a table map event's body, without reading the rest."""
    length = body[8]
    database = body[9 : 9 + length]
    at = 10 + length
    return database.decode(), body[at + 1 : at + 1 + body[at]].decode()


def parse(body: bytes, charsets: Charsets, *, geometry_has_charset: bool) -> TableMap:
    """Read a table map event's body.

    `geometry_has_charset`: MariaDB counts geometry columns among those with a character set, MySQL
    does not. Raises SourceError where the server's settings leave out what is needed, or for a
    column type that is not known.
    """
    database, table = names(body)
    thing = f"{database}.{table}"
    at = 10 + body[8]
    at += body[at] + 2
    count, at = length_encoded(body, at)
    types = _types(body[at : at + count], thing)
    at += count
    size, at = length_encoded(body, at)
    shapes = _shapes(types, body[at : at + size], thing)
    at += size
    nulls = body[at : at + (count + 7) // 8]
    blocks = _blocks(body, at + len(nulls))
    column_names = _strings(blocks.get(_NAMES, b""))
    if len(column_names) != count:
        raise SourceError(
            "the binlog carries no column names.",
            thing=thing,
            hint="SET GLOBAL binlog_row_metadata = FULL (on RDS and Aurora: the parameter binlog_row_metadata of the parameter group); "  # noqa: E501
            "what was written before stays without names, so start at latest. Needs MySQL 8.0.1 or MariaDB 10.5.",  # noqa: E501
        )
    real = [type_ for type_, _, _ in shapes]
    character = [
        i
        for i, type_ in enumerate(real)
        if type_ in _CHARACTER or (type_ == Type.GEOMETRY and geometry_has_charset)
    ]
    labelled = [i for i, type_ in enumerate(real) if type_ in (Type.ENUM, Type.SET)]
    collations = _collations(blocks, character, _CHARSET_DEFAULT, _CHARSET_EACH)
    label_collations = _collations(blocks, labelled, _LABEL_CHARSET_DEFAULT, _LABEL_CHARSET_EACH)
    unsigned = _bits(
        blocks.get(_SIGNEDNESS, b""), [i for i, type_ in enumerate(real) if type_ in _NUMERIC]
    )
    labels: dict[int, tuple[str, ...]] = {}
    for block, type_ in ((_ENUM_LABELS, Type.ENUM), (_SET_LABELS, Type.SET)):
        lists = _label_lists(blocks.get(block, b""))
        for i, raw in zip([i for i in labelled if real[i] == type_], lists, strict=True):
            charset = charsets.of_collation(label_collations[i])
            labels[i] = tuple(
                charset.decode(label) if charset.name != BINARY else label.decode("latin-1")
                for label in raw
            )
    columns = tuple(
        ColumnMap(
            column_names[i],
            type_,
            length,
            scale,
            bool(nulls[i >> 3] >> (i & 7) & 1),
            i in unsigned,
            charsets.of_collation(collations[i])
            if i in collations and type_ != Type.GEOMETRY
            else None,
            labels.get(i, ()),
        )
        for i, (type_, length, scale) in enumerate(shapes)
    )
    return TableMap(database, table, columns, tuple(column_names[i] for i in _key(blocks)))


def _types(codes: bytes, thing: str) -> list[Type]:
    try:
        return [Type(code) for code in codes]
    except ValueError as error:
        raise SourceError(
            f"has a column of a type that is not known here ({error}).",
            thing=thing,
            hint="Leave the table out.",
        ) from None


def _shapes(types: list[Type], metadata: bytes, thing: str) -> list[tuple[Type, int, int]]:
    """(type, length, scale) of each column: STRING also stands for ENUM and SET, and hides two bits
    of its length in the type.
    """
    shapes: list[tuple[Type, int, int]] = []
    at = 0
    for type_ in types:
        length = scale = 0
        if type_ in _TWO_BYTES:
            first, second = metadata[at], metadata[at + 1]
            at += 2
            if type_ in (Type.STRING, Type.ENUM, Type.SET):
                type_ = Type(first | 0x30) if first & 0x30 != 0x30 else Type(first)
                length = second | ((first & 0x30) ^ 0x30) << 4
            elif type_ == Type.DECIMAL:
                length, scale = first, second
            elif type_ == Type.BIT:
                length = first + 8 * second
            else:
                length = first | second << 8
        elif type_ in _ONE_BYTE:
            length = metadata[at]
            at += 1
            if type_ in (Type.TIMESTAMP2, Type.DATETIME2, Type.TIME2):
                length, scale = 0, length
        shapes.append((type_, length, scale))
    if at != len(metadata):
        raise SourceError(
            "has a table map that cannot be read.",
            thing=thing,
            hint="Report it with the server's version.",
        )
    return shapes


def _blocks(body: bytes, at: int) -> dict[int, bytes]:
    blocks: dict[int, bytes] = {}
    while at < len(body):
        kind = body[at]
        size, at = length_encoded(body, at + 1)
        blocks[kind] = body[at : at + size]
        at += size
    return blocks


def _strings(block: bytes) -> list[str]:
    strings, at = [], 0
    while at < len(block):
        size, at = length_encoded(block, at)
        strings.append(block[at : at + size].decode())
        at += size
    return strings


def _label_lists(block: bytes) -> list[list[bytes]]:
    lists, at = [], 0
    while at < len(block):
        count, at = length_encoded(block, at)
        labels = []
        for _ in range(count):
            size, at = length_encoded(block, at)
            labels.append(block[at : at + size])
            at += size
        lists.append(labels)
    return lists


def _integers(block: bytes) -> list[int]:
    integers, at = [], 0
    while at < len(block):
        value, at = length_encoded(block, at)
        integers.append(value)
    return integers


def _collations(
    blocks: dict[int, bytes], columns: list[int], default: int, each: int
) -> dict[int, int]:
    """Column → collation: a default with exceptions, or one for each."""
    if default in blocks:
        first, *pairs = _integers(blocks[default])
        exceptions = dict(zip(pairs[::2], pairs[1::2], strict=True))
        return {column: exceptions.get(i, first) for i, column in enumerate(columns)}
    return dict(zip(columns, _integers(blocks.get(each, b"")), strict=each in blocks))


def _bits(block: bytes, columns: list[int]) -> set[int]:
    """The columns whose bit is set, most significant bit first."""
    return {
        column
        for i, column in enumerate(columns)
        if i >> 3 < len(block) and block[i >> 3] & 0x80 >> (i & 7)
    }


def _key(blocks: dict[int, bytes]) -> list[int]:
    if _KEY in blocks:
        return _integers(blocks[_KEY])
    return _integers(blocks.get(_KEY_WITH_PREFIX, b""))[::2]


def may_be_special(column: ColumnMap) -> bool:
    """Whether the column may be of a type of MariaDB that looks like another here: UUID, INET6 and
    INET4 like BINARY, VECTOR like VARBINARY.
    """
    if column.charset is None or column.charset.name != BINARY:
        return False
    return (column.type == Type.STRING and column.length in (4, 16)) or (
        column.type == Type.VARCHAR and column.length % 4 == 0
    )


def with_fractions(described: TableMap, digits: Mapping[str, int]) -> TableMap:
    """The table with the digits of fractional seconds that its old dates and times have."""
    columns = (
        column._replace(scale=digits.get(column.name, 0)) if column.type in OLD_TEMPORAL else column
        for column in described.columns
    )
    return described._replace(columns=tuple(columns))
