"""JSON columns of MySQL: from the binary format in which the server stores them to JSON text.

The text holds what SELECT shows: decimals keep their digits, dates and times are strings as MySQL
prints them, opaque bytes are `base64:typeN:…`. Source: MySQL sql-common/json_binary.h (layout),
json_dom.cc (printing).
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from struct import Struct, error
from typing import Any, NamedTuple

import msgspec

from shared.adapters.binlog.decimals import Decimals, size

_encode = msgspec.json.Encoder().encode
_LITERALS = {0: None, 1: True, 2: False}
_DECIMAL, _DATE, _TIME, _DATETIME, _TIMESTAMP = 246, 10, 11, 12, 7
_STRING, _OPAQUE = 12, 15
_NUMBERS = {
    n: Struct(code).unpack_from
    for n, code in {5: "<h", 6: "<H", 7: "<i", 8: "<I", 9: "<q", 10: "<Q", 11: "<d"}.items()
}
_SHAPES_LIMIT = 1 << 12


class _Format(NamedTuple):
    """Small containers count in 2 bytes, large ones in 4. `literal`, `int16` … tell which values
    stand in their entry instead of behind it.
    """

    head: int
    key: int
    entry: int
    sizes: Callable[..., tuple[Any, ...]]
    entries: str
    keys: Callable[..., tuple[Any, ...]]
    inline: frozenset[int]
    counts: str
    arrays: dict[
        int, Callable[..., tuple[Any, ...]]
    ]  # number of values → what reads the head of an array: count, size, entries
    objects: dict[
        int, Callable[..., tuple[Any, ...]]
    ]  # the same of an object: count, size, all its key entries as bytes, entries of the values
    shapes: "dict[bytes, _Shape]"  # key entries of an object → what is known of such objects
    made: dict[tuple[int, ...], Callable[..., Any]]  # types in an array → a function made for them
    seen: Counter[tuple[tuple[str, ...] | None, tuple[int, ...]]]  # how often names and types came


_SMALL = _Format(
    4,
    4,
    3,
    Struct("<HH").unpack_from,
    "BH",
    Struct("<HH").unpack_from,
    frozenset((4, 5, 6)),
    "HH",
    {},
    {},
    {},
    {},
    Counter(),
)
_LARGE = _Format(
    8,
    6,
    5,
    Struct("<II").unpack_from,
    "BI",
    Struct("<IH").unpack_from,
    frozenset((4, 5, 6, 7, 8)),
    "II",
    {},
    {},
    {},
    {},
    Counter(),
)


class Documents(dict[bytes, Any]):
    """Raw bytes of a document → its text as `msgspec.Raw`, filled on demand: small documents come
    again, if only in the other image of an update.
    """

    def __missing__(self, raw: bytes) -> Any:
        text = msgspec.Raw(_encode(tree(raw)))
        if len(raw) <= 1024:
            if len(self) >= 1 << 13:
                self.clear()
            self[raw] = text
        return text


def tree(raw: bytes) -> Any:
    """A document as dicts, lists and scalars that msgspec encodes. Raises ValueError when the bytes
    are no document.

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
        format_ = _LARGE if kind & 1 else _SMALL
        return _array(data, at, format_) if kind >= 2 else _object(data, at, format_)
    if kind == _STRING:
        return _string(data, at)
    if kind == 4:
        return _LITERALS[data[at]]
    if kind == _OPAQUE:
        return _opaque(data, at)
    return _NUMBERS[kind](data, at)[0]


def _string(data: bytes, at: int) -> str:
    length, at = _length(data, at)
    if at + length > len(data):
        raise ValueError("JSON string")
    return data[at : at + length].decode()


def _array(data: bytes, at: int, format_: _Format) -> list[Any]:
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


class _Shape(NamedTuple):
    """Where the keys of an object stand and what they are."""

    start: int
    stop: int
    raw: bytes
    names: tuple[str, ...]
    made: dict[
        tuple[int, ...], Callable[..., Any]
    ]  # types of the values → a function made for them


def _object(data: bytes, at: int, format_: _Format) -> dict[str, Any]:
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


def _new_shape(data: bytes, at: int, count: int, format_: _Format, keys: bytes) -> _Shape:
    places = [format_.keys(keys, format_.key * i) for i in range(count)]
    if any(at + offset + length > len(data) for offset, length in places):
        raise ValueError("JSON key")
    names = tuple(data[at + offset : at + offset + length].decode() for offset, length in places)
    start = places[0][0] if places else 0
    stop = sum(places[-1]) if places else 0
    shape = _Shape(start, stop, data[at + start : at + stop], names, {})
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
    data: bytes, at: int, found: tuple[Any, ...], format_: _Format, shape: _Shape | None
) -> list[Any]:
    """The values of a container at `at`, by its entries (type, offset or value)."""
    if len(found) <= 2 * _MOST_VALUES:
        _make_if_usual(found[::2], format_, shape)
    entries = iter(found)
    values: list[Any] = []
    inline = format_.inline
    for kind, value in zip(entries, entries, strict=True):
        if kind == _STRING:
            offset = at + value
            length = data[offset]
            if length < 128 and offset + length < len(data):
                values.append(data[offset + 1 : offset + 1 + length].decode())
            else:
                values.append(_string(data, offset))
        elif kind in inline:
            if kind == 4:
                values.append(_LITERALS[value & 255])
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


_USUAL, _MOST_VALUES, _MOST_SEEN = 16, 32, 1 << 12


def _make_if_usual(kinds: tuple[int, ...], format_: _Format, shape: _Shape | None) -> None:
    """Containers of the same keys and types come again and again: make a function for them when
    they have come a few times.
    """
    names = shape.names if shape else None
    format_.seen[names, kinds] += 1
    if format_.seen[names, kinds] < _USUAL:
        if len(format_.seen) > _MOST_SEEN:
            format_.seen.clear()
        return
    first = 3 if shape else 2  # behind count, size and the key entries
    expressions = [_expression(kind, first + 2 * i + 1, format_) for i, kind in enumerate(kinds)]
    if names is None:
        text = f"[{', '.join(expressions)}]"
    else:
        text = (
            "{"
            + ", ".join(
                f"{name!r}: {expression}"
                for name, expression in zip(names, expressions, strict=True)
            )
            + "}"
        )
    own: dict[str, Any] = {f"n{kind}": reader for kind, reader in _NUMBERS.items()}
    own |= {
        "LITERALS": _LITERALS,
        "string": _string,
        "value": _value,
        "object": _object,
        "array": _array,
        "SMALL": _SMALL,
        "LARGE": _LARGE,
    }
    made = shape.made if shape else format_.made
    if len(made) >= _MOST_MADE:
        made.clear()
    made[kinds] = eval(f"lambda b, at, e: {text}", own)  # noqa: S307 - the text is made here; names stand in it as literals


_MOST_MADE = 256


def _expression(kind: int, i: int, format_: _Format) -> str:
    """Source text of a value whose entry holds `e[i]`."""
    if kind == _STRING:
        return (
            f"b[o + 1:o + 1 + n].decode() if (n := b[(o := at + e[{i}])]) < 128 and o + n < "
            "len(b) else string(b, o)"
        )
    if kind < 4:
        # an offset into the container's own head would never end
        container, own = "array" if kind >= 2 else "object", "LARGE" if kind & 1 else "SMALL"
        return f"{container}(b, at + e[{i}], {own}) if e[{i}] > 3 else string(b, len(b))"
    if kind not in format_.inline:
        return (
            f"n{kind}(b, at + e[{i}])[0]"
            if kind in _NUMBERS
            else f"value(b, {kind}, at + e[{i}]) if e[{i}] > 3 else string(b, len(b))"
        )
    if kind == 4:
        return f"LITERALS[e[{i}] & 255]"
    bits = 16 if kind < 7 else 32
    if kind in (5, 7):
        return f"((e[{i}] & {(1 << bits) - 1}) ^ {1 << bits - 1}) - {1 << bits - 1}"
    return f"e[{i}] & {(1 << bits) - 1}"


def _length(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, 7 bits a byte, least significant first."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 28:
            raise ValueError("JSON length")


_decimals: dict[tuple[int, int], Decimals] = {}


def _opaque(data: bytes, at: int) -> Any:
    """A value of an SQL type inside JSON."""
    kind = data[at]
    length, at = _length(data, at + 1)
    raw = data[at : at + length]
    if len(raw) != length:
        raise ValueError("JSON opaque")
    if kind == _DECIMAL:
        precision, scale = raw[0], raw[1]
        if not scale <= precision <= 65 or len(raw) != 2 + size(precision, scale):
            raise ValueError("JSON decimal")
        reader = _decimals.setdefault((precision, scale), Decimals(precision, scale))
        return msgspec.Raw(reader.read(raw[2:]).encode())
    if kind in (_DATE, _DATETIME, _TIMESTAMP):
        return _datetime(int.from_bytes(raw, "little"), day_only=kind == _DATE)
    if kind == _TIME:
        return _time(int.from_bytes(raw, "little", signed=True))
    return f"base64:type{kind}:{b64encode(raw).decode()}"


def _datetime(packed: int, *, day_only: bool) -> str:
    micro, packed = packed & 0xFFFFFF, packed >> 24
    months, day = packed >> 22, packed >> 17 & 31
    text = f"{months // 13:04}-{months % 13:02}-{day:02}"
    return (
        text
        if day_only
        else f"{text} {packed >> 12 & 31:02}:{packed >> 6 & 63:02}:{packed & 63:02}.{micro:06}"
    )


def _time(packed: int) -> str:
    sign, packed = ("-", -packed) if packed < 0 else ("", packed)
    micro, packed = packed & 0xFFFFFF, packed >> 24
    return f"{sign}{packed >> 12 & 1023:02}:{packed >> 6 & 63:02}:{packed & 63:02}.{micro:06}"
