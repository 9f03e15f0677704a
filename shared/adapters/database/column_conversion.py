"""Columns between SQL and the canonical values of docs/types.md: select, read, compare.

The client library converts nothing: it delivers text or bytes as the server sent them. So no value
passes through a Python type that cannot hold it.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from struct import error, unpack
from typing import Any

import msgspec

from shared.adapters.database.identifiers import identifier
from shared.values.change import Row
from shared.values.errors import SourceError
from shared.values.float32 import shortest, widened
from shared.values.geometry import wkt
from shared.values.table import Column, Table

Decode = Callable[[Any], Any]

_INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}


def expression(column: Column) -> str:
    """The expression of a column in a SELECT list.

    FLOAT and DOUBLE are multiplied by one as DOUBLE. Otherwise MySQL prints six digits of a FLOAT,
    or as many as FLOAT(m,d) shows. VECTOR is selected as hex, because its wire type differs between
    servers.
    """
    name = identifier(column.name)
    if column.kind in ("float", "double"):
        return f"{name} * 1e0"
    if column.kind == "vector":
        return f"HEX({name})"
    return name


def decoder(column: Column) -> Decode | None:
    """The function that makes the canonical value from the server's value, which is never NULL.

    None where the two are the same.
    """
    kind = column.kind
    if kind in _INTEGERS:
        return int
    if kind in _BYTES:
        return _base64
    return _DECODERS.get(kind)


def reader(table: Table) -> Callable[[tuple[Any, ...]], Row]:
    """A function from a fetched tuple to a row.

    It makes the dict in one pass, and then converts only the columns that need it. It raises
    SourceError, without the value, for a value that cannot be read.
    """
    names = [column.name for column in table.columns]
    steps = [
        (index, column.name, decode)
        for index, column in enumerate(table.columns)
        if (decode := decoder(column))
    ]

    def read(fetched: tuple[Any, ...]) -> Row:
        row = dict(zip(names, fetched, strict=True))
        for index, name, decode in steps:
            value = fetched[index]
            if value is not None:
                try:
                    row[name] = decode(value)
                except (ValueError, error) as problem:
                    raise SourceError(
                        f"a value of column {name} cannot be read ({type(problem).__name__}).",
                        thing=table.full_name,
                        hint=UNREADABLE_HINT,
                    ) from None
        return row

    return read


UNREADABLE_HINT = (
    "Correct the value in the database, or drop its column from capture (drop: under tables: in "
    "the stanza)."
)


def bindable(column: Column, value: Any, table: str) -> Any:
    """A canonical key value as a parameter that compares in the column's order, by its index.

    Without a conversion a decimal in text would be compared as a double, and an ENUM with a label
    as text, although it sorts by number. Source: MySQL reference manual, "Type Conversion in
    Expression Evaluation", "The ENUM Type". Raises SourceError for a null.
    """
    kind = column.kind
    if value is None:
        raise SourceError(
            f"has a row whose key column {column.name} is null or a zero date: it cannot be "
            "addressed.",
            thing=table,
            hint="Correct the row, or name another unique key under tables: in the stanza.",
        )
    if kind == "decimal":
        return Decimal(value)
    if kind == "float":
        return widened(value)
    if kind in _BYTES:
        return a2b_base64(value)
    if kind == "enum":
        if value in column.labels:
            return column.labels.index(value) + 1
        if not value:
            return 0  # what the server stores for an invalid value
        # information_schema shows "?" for letters beyond the basic plane
        raise SourceError(
            f"has a label in key column {column.name} that information_schema does not show.",
            thing=table,
            hint="Use labels of the basic plane, or name another unique key in the stanza.",
        )
    if kind == "set":
        chosen = set(value.split(",")) if value else set()
        return sum(1 << bit for bit, label in enumerate(column.labels) if label in chosen)
    if kind == "datetime":
        return value.replace("T", " ")
    if kind == "timestamp":
        return value[:-1].replace("T", " ")
    return value


_TEXT_FORMS = {
    "decimal": r"-?\d{1,65}(\.\d{1,38})?",
    "date": r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])",
    "time": r"-?\d{2,3}:[0-5]\d:[0-5]\d(\.\d{1,6})?",
    "uuid": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "inet4": r"[0-9.]{7,15}",
    "inet6": r"[0-9a-f:.]{2,45}",
}
_TEXT_FORMS["datetime"] = _TEXT_FORMS["date"] + r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?"
_TEXT_FORMS["timestamp"] = _TEXT_FORMS["datetime"] + "Z"
_FORMS = {kind: re.compile(form, re.ASCII) for kind, form in _TEXT_FORMS.items()}


def is_canonical(column: Column, value: Any) -> bool:
    """Whether `value` may be a value of a key column, as docs/types.md writes them.

    Other values would cause an error of the server, or of `bindable`.
    """
    kind = column.kind
    if kind in _INTEGERS or kind == "bit":
        return isinstance(value, int)
    if kind in ("float", "double"):
        return isinstance(value, (int, float)) and isfinite(value)
    if not isinstance(value, str):
        return False
    if form := _FORMS.get(kind):
        return form.fullmatch(value) is not None
    if kind in _BYTES:
        return _is_base64(value)
    if kind in ("enum", "set"):
        return all(
            label in column.labels or any(map(_UNSHOWN, column.labels))
            for label in (value.split(",") if kind == "set" else [value])
            if value
        )
    # What another character set lacks is left to the server, see `Incomparable`. latin1 is
    # frequent, so its queries are saved.
    return column.charset != "latin1" or all(
        letter in _LATIN1_ALSO or letter.encode("cp1252", "ignore") for letter in value
    )


_UNSHOWN = re.compile(r"\?").search
_LATIN1_ALSO = "\x81\x8d\x8f\x90\x9d"
"""The servers' latin1 is cp1252 and these. Source: MySQL reference manual, "West European Character
Sets".
"""


def _is_base64(value: str) -> bool:
    try:
        return b2a_base64(a2b_base64(value, strict_mode=True), newline=False).decode() == value
    except ValueError:  # binascii.Error, and a text beyond ASCII
        return False


def _base64(value: bytes) -> str:
    return b2a_base64(value, newline=False).decode()


def _decimal(value: str) -> str:
    """The digits without the zeros of ZEROFILL, which are not part of the value."""
    if value[0] == "0" and len(value) > 1 and value[1] != ".":
        value = value.lstrip("0")
        return "0" + value if not value or value[0] == "." else value
    return value


def _has_date(value: str) -> bool:
    return value[:4] != "0000" and value[5:7] != "00" and value[8:10] != "00"


def _date(value: str) -> str | None:
    return value if _has_date(value) else None


def _datetime(value: str) -> str | None:
    return f"{value[:10]}T{value[11:]}" if _has_date(value) else None


def _timestamp(value: str) -> str | None:
    return f"{value[:10]}T{value[11:]}Z" if _has_date(value) else None


def _vector(value: str) -> list[float]:
    data = bytes.fromhex(value)
    return [shortest(number) for number in unpack(f"<{len(data) // 4}f", data)]


def _label(value: str | bytes) -> str:
    """The text of labels; those of a binary column come as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _json(value: str) -> msgspec.Raw:
    return msgspec.Raw(value)


_DECODERS: dict[str, Decode] = {
    "decimal": _decimal,
    "float": lambda value: shortest(float(value)),
    "double": float,
    "bit": lambda value: int.from_bytes(value),
    "date": _date,
    "datetime": _datetime,
    "timestamp": _timestamp,
    "enum": _label,
    "set": _label,
    "json": _json,
    "geometry": wkt,
    "vector": _vector,
}
