"""Column readers: how each column type is read.

The pieces of source text from which `row_compiler` builds one function per table.
"""

from typing import Any, NamedTuple

from shared.adapters.binlog import inflate
from shared.adapters.binlog.charset_decoding import BINARY, UTF8
from shared.adapters.binlog.column_types import ColumnMap, Type
from shared.adapters.binlog.decimals import Decimals, negative, short, size
from shared.adapters.binlog.json_binary import JsonTexts
from shared.adapters.binlog.looked_up_values import Floats, Sets, base64, enum_labels, vector
from shared.adapters.binlog.mariadb_types import Inets
from shared.adapters.binlog.old_temporal import (
    FractionalDatetimes,
    FractionalTimes,
    FractionalTimestamps,
    OldDatetimes,
    OldTimes,
    OldTimestamps,
)
from shared.adapters.binlog.temporal import (
    CLOCK,
    DAYS,
    FRACTIONS,
    INSTANT_CLOCK,
    INSTANT_CLOCK_Z,
    INSTANT_DAYS,
    YEARS,
    Dates,
    Times,
)
from shared.values.errors import SourceError
from shared.values.geometry import wkt


class ColumnReader(NamedTuple):
    """One column's reader, as source text.

    A value of fixed width is read by the `struct` format `format`, as `parts` values; one of
    variable width has its length in `prefix` bytes in front, and is a slice. `expression` makes the
    column's value of `{0}` (and `{1}`); `{t}` in it is a variable of its own, and `{a}`, `{b}`, …
    are the `objects`.
    """

    format: str
    expression: str
    objects: tuple[Any, ...] = ()
    prefix: int = 0
    parts: int = 1


_INTEGERS = {Type.TINY: "bB", Type.SHORT: "hH", Type.LONG: "iI", Type.LONGLONG: "qQ"}
_FRACTIONAL: dict[Type, type[FractionalTimestamps | FractionalDatetimes | FractionalTimes]] = {
    Type.TIMESTAMP: FractionalTimestamps,
    Type.DATETIME: FractionalDatetimes,
    Type.TIME: FractionalTimes,
}
_FRACTION_BYTES = (0, 1, 1, 2, 2, 3, 3)
_documents = JsonTexts()


def reader(column: ColumnMap, kind: str, table: str) -> ColumnReader:
    """How to read a value of the column, which is of the kind `kind` (see `Column`).

    Raises SourceError that names the `table` for a type that cannot be read.
    """
    type_ = column.type
    if type_ in _INTEGERS:
        return ColumnReader(_INTEGERS[type_][column.unsigned], "{0}")
    if type_ == Type.INT24:
        return ColumnReader("HB" if column.unsigned else "Hb", "{0} + ({1} << 16)", parts=2)
    if type_ == Type.DOUBLE:
        return ColumnReader("d", "{0}")
    if type_ == Type.FLOAT:
        return ColumnReader("4s", "{a}[{0}]", objects=(Floats(),))
    if type_ == Type.DECIMAL:
        return _decimal(column.length, column.scale)
    if type_ == Type.YEAR:
        return ColumnReader("B", "{a}[{0}]", objects=(YEARS,))
    if type_ == Type.BIT:
        return ColumnReader(f"{(column.length + 7) // 8}s", "{a}({0})", objects=(int.from_bytes,))
    if type_ in (Type.DATE, Type.NEWDATE):
        return ColumnReader("3s", "{a}[{0}]", objects=(Dates(),))
    if type_ == Type.DATETIME2:
        return _datetime(column.scale)
    if type_ == Type.TIMESTAMP2:
        return _timestamp(column.scale)
    if type_ == Type.TIME2:
        return ColumnReader(
            f"{3 + _FRACTION_BYTES[column.scale]}s", "{a}[{0}]", objects=(Times(column.scale),)
        )
    if column.scale and type_ in _FRACTIONAL:
        fractional = _FRACTIONAL[type_]
        return ColumnReader(
            f"{fractional.SIZES[column.scale]}s", "{a}[{0}]", objects=(fractional(column.scale),)
        )
    if type_ == Type.TIMESTAMP:
        return ColumnReader("4s", "{a}[{0}]", objects=(OldTimestamps(),))
    if type_ == Type.DATETIME:
        return ColumnReader("8s", "{a}[{0}]", objects=(OldDatetimes(),))
    if type_ == Type.TIME:
        return ColumnReader("3s", "{a}[{0}]", objects=(OldTimes(),))
    if type_ == Type.ENUM:
        return ColumnReader(
            "H" if column.length == 2 else "B", "{a}[{0}]", objects=(enum_labels(column),)
        )
    if type_ == Type.SET:
        return ColumnReader(f"{column.length}s", "{a}[{0}]", objects=(Sets(column),))
    if type_ == Type.JSON:
        return ColumnReader("", "{a}[{0}]", prefix=column.length, objects=(_documents,))
    if type_ == Type.GEOMETRY:
        return ColumnReader("", "{a}({0})", prefix=column.length, objects=(wkt,))
    if type_ == Type.VECTOR:
        return ColumnReader("", "{a}({0})", prefix=column.length, objects=(vector,))
    if type_ in (Type.STRING, Type.VARCHAR, Type.VAR_STRING):
        return _string(column, kind, 1 if column.length < 256 else 2)
    if type_ == Type.VARCHAR_COMPRESSED:
        return _compressed(_string(column, kind, 1 if column.length < 256 else 2))
    if type_ == Type.BLOB_COMPRESSED:
        return _compressed(_string(column, kind, column.length))
    if type_ in (Type.BLOB, Type.TINY_BLOB, Type.MEDIUM_BLOB, Type.LONG_BLOB):
        return _string(column, kind, column.length)
    if type_ == Type.NULL:
        return ColumnReader("", "None", parts=0)
    raise SourceError(
        f"column {column.name} is of a type that is not known here.",
        thing=table,
        hint="Drop the column from capture.",
    )


def _decimal(precision: int, scale: int) -> ColumnReader:
    known = short(precision, scale)
    if known is None:
        decimals = Decimals(precision, scale)
        return ColumnReader(f"{decimals.size}s", "{a}[{0}]", objects=(decimals,))
    flip, bits, fractions = known
    fraction = f" + {{b}}[{{t}} & {(1 << bits) - 1}]" if scale else ""
    whole = f"{{t}} >> {bits}" if scale else "{t}"
    expression = (
        f"(str({whole}){fraction} if ({{t}} := {{a}}({{0}}) - {flip}) >= 0 else "
        f"{{c}}(~{{t}}, {bits}, {{b}}))"
    )
    return ColumnReader(
        f"{size(precision, scale)}s", expression, objects=(int.from_bytes, fractions, negative)
    )


def _datetime(scale: int) -> ColumnReader:
    """5 bytes big-endian: sign 1 bit, year·13+month 17, day 5, hour 5, minute 6, second 6.

    Then the fraction.
    """
    extra = _FRACTION_BYTES[scale]
    clock = (
        f"{{c}}[{{t}} >> {8 * extra} & 0x1FFFF] + {{d}}[{{t}} & {(1 << 8 * extra) - 1}]"
        if scale
        else "{c}[{t} & 0x1FFFF]"
    )
    expression = f"{{a}}[({{t}} := {{b}}({{0}})) >> {17 + 8 * extra}] + ({clock})"
    return ColumnReader(
        f"{5 + extra}s", expression, objects=(DAYS, int.from_bytes, CLOCK, FRACTIONS[scale])
    )


def _timestamp(scale: int) -> ColumnReader:
    """Unix seconds, 4 bytes big-endian; then the fraction.

    All zeros are the zero date; second 0 with a fraction is an instant that MariaDB stores and
    shows.
    """
    if not scale:
        expression = "({a}[{t} // 86400] + {b}[{t} % 86400] if ({t} := {c}({0})) else None)"
        return ColumnReader(
            "4s", expression, objects=(INSTANT_DAYS, INSTANT_CLOCK_Z, int.from_bytes)
        )
    bits = 8 * _FRACTION_BYTES[scale]
    seconds, fraction = f"({{t}} >> {bits})", f"{{d}}[{{t}} & {(1 << bits) - 1}]"
    expression = (
        f"({{a}}[{seconds} // 86400] + {{b}}[{seconds} % 86400] + {fraction} + 'Z' if "
        f"({{t}} := {{c}}({{0}})) else None)"
    )
    return ColumnReader(
        f"{4 + bits // 8}s",
        expression,
        objects=(INSTANT_DAYS, INSTANT_CLOCK, int.from_bytes, FRACTIONS[scale]),
    )


def _string(column: ColumnMap, kind: str, prefix: int) -> ColumnReader:
    if kind in ("uuid", "inet4", "inet6"):
        return ColumnReader("", "{a}[{0}]", prefix=prefix, objects=(Inets(kind),))
    if kind == "vector":
        return ColumnReader("", "{a}({0})", prefix=prefix, objects=(vector,))
    charset = column.charset
    if charset is None or charset.name == BINARY:
        if kind == "binary":  # the binlog leaves the zero bytes at the end out
            return ColumnReader(
                "", f"{{a}}({{0}}.ljust({column.length}, b'\\0'))", prefix=prefix, objects=(base64,)
            )
        return ColumnReader("", "{a}({0})", prefix=prefix, objects=(base64,))
    if charset.codec == UTF8:
        return ColumnReader("", "{0}.decode()", prefix=prefix)
    if charset.codec:
        return ColumnReader("", f"{{0}}.decode({charset.codec!r})", prefix=prefix)
    return ColumnReader("", "{a}({0})", prefix=prefix, objects=(charset.decode,))


def _compressed(inner: ColumnReader) -> ColumnReader:
    return inner._replace(expression=inner.expression.replace("{0}", "inflated({0})"))


GLOBALS = {"inflated": inflate.column}
"""Names that expressions refer to."""
