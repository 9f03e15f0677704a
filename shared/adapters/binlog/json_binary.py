"""JSON columns of MySQL: from the binary format in which the server stores them to JSON text.

The text holds what SELECT shows: decimals keep their digits, dates and times are strings as MySQL prints them, opaque bytes are `base64:typeN:…`.
Source: MySQL sql-common/json_binary.h (layout), json_dom.cc (printing).
"""

from base64 import b64encode
from struct import Struct, error
from typing import Any

import msgspec

from shared.adapters.binlog.decimals import Decimals, size

_SMALL = Struct("<HH").unpack_from
_LARGE = Struct("<II").unpack_from
_encode = msgspec.json.Encoder().encode
_LITERALS = {0: None, 1: True, 2: False}
_DECIMAL, _DATE, _TIME, _DATETIME, _TIMESTAMP = 246, 10, 11, 12, 7
_INLINE_SMALL = frozenset((4, 5, 6))
_INLINE_LARGE = frozenset((4, 5, 6, 7, 8))
_NUMBERS = {n: Struct(code).unpack_from for n, code in {5: "<h", 6: "<H", 7: "<i", 8: "<I", 9: "<q", 10: "<Q", 11: "<d"}.items()}
_ENTRIES = {(n, large): Struct("<" + ("BI" if large else "BH") * n).unpack_from for n in range(24) for large in (False, True)}
_KEYS_LIMIT = 1 << 12


class Documents(dict[bytes, Any]):
    """Raw bytes of a document → its text as `msgspec.Raw`, filled on demand: small documents come again, if only in the other image of an update."""

    def __missing__(self, raw: bytes) -> Any:
        text = msgspec.Raw(_encode(tree(raw)))
        if len(raw) <= 1024:
            if len(self) >= 1 << 13:
                self.clear()
            self[raw] = text
        return text


def tree(raw: bytes) -> Any:
    """A document as dicts, lists and scalars that msgspec encodes. Raises ValueError when the bytes are no document.

    No bytes at all stand for null: that is how MySQL stores a NOT NULL column that an IGNORE left without a value.
    """
    if not raw:
        return None
    try:
        return _value(raw, raw[0], 1)
    except (error, IndexError, KeyError, RecursionError) as problem:
        raise ValueError(f"JSON: {problem!r}") from None


def _value(data: bytes, kind: int, at: int) -> Any:
    if kind < 4:
        return _container(data, at, array=kind >= 2, large=bool(kind & 1))
    if kind == 12:
        length, at = _length(data, at)
        if at + length > len(data):
            raise ValueError("JSON string")
        return data[at : at + length].decode()
    if kind == 4:
        return _LITERALS[data[at]]
    if kind == 15:
        return _opaque(data, at)
    return _NUMBERS[kind](data, at)[0]


def _container(data: bytes, at: int, *, array: bool, large: bool) -> Any:
    """An object or array at `at`; offsets inside count from there, in 2 bytes or, `large`, in 4."""
    count, total = (_LARGE if large else _SMALL)(data, at)
    head, key, entry = (8, 6, 5) if large else (4, 4, 3)
    if at + total > len(data) or count * entry > total:
        raise ValueError("JSON container")
    names = () if array else _keys(data, at, count, large=large)
    first = at + head + (0 if array else key * count)
    reader = _ENTRIES.get((count, large)) or Struct("<" + ("BI" if large else "BH") * count).unpack_from
    entries = reader(data, first)
    inline = _INLINE_LARGE if large else _INLINE_SMALL
    values = []
    for i in range(count):
        kind = entries[2 * i]
        if kind == 12:
            offset = at + entries[2 * i + 1]
            length = data[offset]
            if length < 128:
                offset += 1
            else:
                length, offset = _length(data, offset)
            if offset + length > len(data):
                raise ValueError("JSON string")
            values.append(data[offset : offset + length].decode())
        elif kind in inline:
            values.append(_value(data, kind, first + entry * i + 1))
        else:
            if entries[2 * i + 1] <= head:
                raise ValueError("JSON offset")
            values.append(_value(data, kind, at + entries[2 * i + 1]))
    return values if array else dict(zip(names, values, strict=True))


_known_keys: dict[bytes, tuple[str, ...]] = {}


def _keys(data: bytes, at: int, count: int, *, large: bool) -> tuple[str, ...]:
    """The keys of an object. Documents of one shape have the same bytes there, from the first key entry's offset to the last key's end."""
    if not count:
        return ()
    head, width = (8, 6) if large else (4, 4)
    entries = data[at + head : at + head + width * count]
    start = int.from_bytes(entries[: width - 2], "little")
    stop = int.from_bytes(entries[-width:-2], "little") + int.from_bytes(entries[-2:], "little")
    seen = entries + data[at + start : at + stop]
    known = _known_keys.get(seen)
    if known is not None:
        return known
    unpack = Struct("<IH" if large else "<HH").unpack_from
    keys = []
    for i in range(count):
        offset, length = unpack(data, at + head + width * i)
        if at + offset + length > len(data):
            raise ValueError("JSON key")
        keys.append(data[at + offset : at + offset + length].decode())
    names = tuple(keys)
    if len(seen) <= 1024:
        if len(_known_keys) >= _KEYS_LIMIT:
            _known_keys.clear()
        _known_keys[seen] = names
    return names


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
    return text if day_only else f"{text} {packed >> 12 & 31:02}:{packed >> 6 & 63:02}:{packed & 63:02}.{micro:06}"


def _time(packed: int) -> str:
    sign, packed = ("-", -packed) if packed < 0 else ("", packed)
    micro, packed = packed & 0xFFFFFF, packed >> 24
    return f"{sign}{packed >> 12 & 1023:02}:{packed >> 6 & 63:02}:{packed & 63:02}.{micro:06}"
