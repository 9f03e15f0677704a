"""Values of SQL types inside MySQL's JSON: decimals, dates and times, other bytes.

Source: MySQL sql-common/json_dom.cc (printing), json_binary.h (layout).
"""

from base64 import b64encode
from typing import Any

import msgspec

from shared.adapters.binlog.decimals import Decimals, size
from shared.adapters.binlog.json_format import variable_length

_MOST_DIGITS = 81
"""Nine words of nine digits, which is what a decimal is made of in memory: more than the 65 digits
of a column, because JSON holds the digits that it has room for. Source: MySQL strings/decimal.cc.
"""
_DECIMAL, _DATE, _TIME, _DATETIME, _TIMESTAMP = 246, 10, 11, 12, 7
_decimals: dict[tuple[int, int], Decimals] = {}


def opaque(data: bytes, at: int) -> Any:
    """A value of an SQL type inside JSON."""
    kind = data[at]
    length, at = variable_length(data, at + 1)
    raw = data[at : at + length]
    if len(raw) != length:
        raise ValueError("JSON opaque")
    if kind == _DECIMAL:
        precision, scale = raw[0], raw[1]
        if not scale <= precision <= _MOST_DIGITS or len(raw) != 2 + size(precision, scale):
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
