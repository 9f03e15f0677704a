"""JSON columns of MySQL: from the binary format in which the server stores them to JSON text.

The text holds what SELECT shows: decimals keep their digits, dates and times are strings as MySQL
prints them, opaque bytes are `base64:typeN:…`. Source: MySQL sql-common/json_binary.h (layout),
json_dom.cc (printing).
"""

from collections.abc import Callable
from struct import Struct, error
from typing import Any

import msgspec

from shared.adapters.binlog.json_format import (
    LARGE,
    LITERALS,
    NUMBERS,
    OPAQUE,
    SMALL,
    STRING,
    Format,
    ObjectLayout,
    variable_length,
)
from shared.adapters.binlog.json_functions import MOST_VALUES, make_if_usual
from shared.adapters.binlog.json_opaque import opaque

_encode = msgspec.json.Encoder().encode
_SHAPES_LIMIT = 1 << 12


class JsonTexts(dict[bytes, Any]):
    """Raw bytes of a document → its text as `msgspec.Raw`, filled on demand.

    Small documents come again, if only in the other image of an update.
    """

    def __missing__(self, raw: bytes) -> Any:
        text = msgspec.Raw(_encode(tree(raw)))
        if len(raw) <= 1024:
            if len(self) >= 1 << 13:
                self.clear()
            self[raw] = text
        return text


def tree(raw: bytes) -> Any:
    """A document as dicts, lists and scalars that msgspec encodes.

    Raises ValueError when the bytes are no document.

    No bytes at all stand for null: that is how MySQL stores a NOT NULL column that an IGNORE left
    without a value.
    """
    if not raw:
        return None
    try:
        return _value(raw, raw[0], 1)
    except (error, IndexError, KeyError, RecursionError) as problem:
        raise ValueError(f"JSON: {problem!r}") from None


def _value(data: bytes, kind: int, at: int) -> Any:
    if kind < 4:
        format_ = LARGE if kind & 1 else SMALL
        return _array(data, at, format_) if kind >= 2 else _object(data, at, format_)
    if kind == STRING:
        return _string(data, at)
    if kind == 4:
        return LITERALS[data[at]]
    if kind == OPAQUE:
        return opaque(data, at)
    return NUMBERS[kind](data, at)[0]


def _string(data: bytes, at: int) -> str:
    length, at = variable_length(data, at)
    if at + length > len(data):
        raise ValueError("JSON string")
    return data[at : at + length].decode()


def _array(data: bytes, at: int, format_: Format) -> list[Any]:
    """An array at `at`: count, size in bytes, entries, values. Offsets in it count from `at`."""
    count, total = format_.sizes(data, at)
    if at + total > len(data) or count * format_.entry > total:
        raise ValueError("JSON array")
    read = format_.arrays.get(count) or _reader(
        format_.arrays, count, f"<{format_.counts}{format_.entries * count}"
    )
    found = read(data, at)
    made = format_.made.get(found[2::2])
    if made is not None:
        return made(data, at, found)  # type: ignore[no-any-return]
    return _values(data, at, found[2:], format_, None)


def _object(data: bytes, at: int, format_: Format) -> dict[str, Any]:
    """An object at `at`: count, size, an entry for each key, one for each value, the keys, the
    values.
    """
    count, total = format_.sizes(data, at)
    if at + total > len(data) or count * (format_.key + format_.entry) > total:
        raise ValueError("JSON object")
    read = format_.objects.get(count)
    if read is None:
        read = _reader(
            format_.objects,
            count,
            f"<{format_.counts}{format_.key * count}s{format_.entries * count}",
        )
    found = read(data, at)
    # documents of one shape have the same key entries and the same keys
    shape = format_.shapes.get(found[2])
    if shape is None or data[at + shape.start : at + shape.stop] != shape.raw:
        shape = _new_shape(data, at, count, format_, found[2])
    made = shape.made.get(found[3::2])
    if made is not None:
        return made(data, at, found)  # type: ignore[no-any-return]
    return dict(zip(shape.names, _values(data, at, found[3:], format_, shape), strict=True))


def _new_shape(data: bytes, at: int, count: int, format_: Format, keys: bytes) -> ObjectLayout:
    places = [format_.keys(keys, format_.key * i) for i in range(count)]
    if any(at + offset + length > len(data) for offset, length in places):
        raise ValueError("JSON key")
    names = tuple(data[at + offset : at + offset + length].decode() for offset, length in places)
    start = places[0][0] if places else 0
    stop = sum(places[-1]) if places else 0
    shape = ObjectLayout(start, stop, data[at + start : at + stop], names, {})
    if len(keys) + stop - start <= 1024:
        if len(format_.shapes) >= _SHAPES_LIMIT:
            format_.shapes.clear()
        format_.shapes[keys] = shape
    return shape


def _reader(
    readers: dict[int, Callable[..., tuple[Any, ...]]], count: int, layout: str
) -> Callable[..., tuple[Any, ...]]:
    read = Struct(layout).unpack_from
    if count < 256:
        readers[count] = read
    return read


def _values(
    data: bytes, at: int, found: tuple[Any, ...], format_: Format, shape: ObjectLayout | None
) -> list[Any]:
    """The values of a container at `at`, by its entries (type, offset or value)."""
    if len(found) <= 2 * MOST_VALUES:
        make_if_usual(found[::2], format_, shape, _GENERAL)
    entries = iter(found)
    values: list[Any] = []
    inline = format_.inline
    for kind, value in zip(entries, entries, strict=True):
        if kind == STRING:
            offset = at + value
            length = data[offset]
            if length < 128 and offset + length < len(data):
                values.append(data[offset + 1 : offset + 1 + length].decode())
            else:
                values.append(_string(data, offset))
        elif kind in inline:
            if kind == 4:
                values.append(LITERALS[value & 255])
            elif kind == 5:
                values.append(((value & 0xFFFF) ^ 0x8000) - 0x8000)
            elif kind == 7:
                values.append((value ^ 0x80000000) - 0x80000000)
            else:
                values.append(value if kind == 8 else value & 0xFFFF)
        elif value < format_.head:
            raise ValueError("JSON offset")  # it would point at its own container
        else:
            values.append(_value(data, kind, at + value))
    return values


_GENERAL = {"string": _string, "value": _value, "object": _object, "array": _array}
