"""Table maps: the binlog's own description of a table, which precedes its row events.

Source: MySQL sql/log_event.h, Table_map_log_event; MariaDB sql/log_event.h.
"""

from typing import NamedTuple

from shared.adapters.binlog.charset_decoding import BINARY, Charset, Charsets
from shared.adapters.binlog.column_types import (
    CHARACTER,
    NUMERIC,
    ONE_BYTE,
    TWO_BYTES,
    ColumnMap,
    Type,
)
from shared.adapters.binlog.length_encoded import length_encoded
from shared.adapters.binlog.optional_metadata import OptionalMetadata
from shared.values.errors import SourceError

_NO_NAMES = (
    "SET GLOBAL binlog_row_metadata = FULL (on RDS and Aurora: the parameter binlog_row_metadata "
    "of the parameter group); what was written before stays without names, so start at latest. "
    "Needs MySQL 8.0.1 or MariaDB 10.5."
)


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
    metadata = OptionalMetadata(body, at + len(nulls))
    column_names = metadata.names()
    if len(column_names) != count:
        raise SourceError(
            "the binlog carries no column names.",
            thing=thing,
            hint=_NO_NAMES,
        )
    real = [type_ for type_, _, _ in shapes]
    collations = metadata.collations(
        [
            i
            for i, type_ in enumerate(real)
            if type_ in CHARACTER or (type_ == Type.GEOMETRY and geometry_has_charset)
        ]
    )
    unsigned = metadata.unsigned([i for i, type_ in enumerate(real) if type_ in NUMERIC])
    labelled = [i for i, type_ in enumerate(real) if type_ in (Type.ENUM, Type.SET)]
    collations |= metadata.label_collations(labelled)
    used = {
        i: charsets.of_collation(number)
        for i, number in collations.items()
        if real[i] != Type.GEOMETRY
    }
    labels = _labels(metadata, real, used)
    columns = tuple(
        ColumnMap(
            column_names[i],
            type_,
            length,
            scale,
            bool(nulls[i >> 3] >> (i & 7) & 1),
            i in unsigned,
            used.get(i),
            labels.get(i, ()),
        )
        for i, (type_, length, scale) in enumerate(shapes)
    )
    return TableMap(database, table, columns, tuple(column_names[i] for i in metadata.key()))


def _labels(
    metadata: OptionalMetadata, types: list[Type], charsets: dict[int, Charset]
) -> dict[int, tuple[str | None, ...]]:
    """Column → its labels, of ENUM and SET columns."""
    labels: dict[int, tuple[str | None, ...]] = {}
    for lists, wanted in (
        (metadata.enum_labels(), Type.ENUM),
        (metadata.set_labels(), Type.SET),
    ):
        columns = [i for i, type_ in enumerate(types) if type_ == wanted]
        for i, raw in zip(columns, lists, strict=True):
            labels[i] = tuple(_label(label, charsets[i]) for label in raw)
    return labels


def _label(raw: bytes, charset: Charset) -> str | None:
    """A label as text. Of a binary column it is UTF-8, which is how information_schema shows it.

    A server can damage labels itself: CONVERT TO CHARACTER SET keeps the bytes of an ENUM's labels.
    """
    try:
        return raw.decode() if charset.name == BINARY else charset.decode(raw)
    except UnicodeDecodeError:
        return None


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
    """(type, length, scale) of each column.

    STRING also represents ENUM and SET, and hides two bits of its length in the type.
    """
    shapes: list[tuple[Type, int, int]] = []
    at = 0
    for type_ in types:
        length = scale = 0
        if type_ in TWO_BYTES:
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
        elif type_ in ONE_BYTE:
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
