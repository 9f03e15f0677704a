"""DECIMAL: nine digits in four bytes, big-endian, both ends with fewer; negative numbers
complemented.

Source: MySQL strings/decimal.cc, decimal2bin.
"""

from functools import lru_cache

from shared.adapters.binlog.temporal import Cache

_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


def size(precision: int, scale: int) -> int:
    """Bytes of a DECIMAL(precision, scale)."""
    whole, whole_rest = divmod(precision - scale, 9)
    part, part_rest = divmod(scale, 9)
    return 4 * (whole + part) + _BYTES[whole_rest] + _BYTES[part_rest]


class Decimals(Cache):
    """Raw bytes → the number as text, with exactly `scale` digits behind the point.

    As one big-endian integer, the bytes are groups of digits side by side, with the sign bit
    flipped so that they sort as numbers do; a negative number is the complement of the positive
    one.
    """

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__()
        self.size = size(precision, scale)
        whole, whole_rest = divmod(precision - scale, 9)
        part, part_rest = divmod(scale, 9)
        self._flip = 1 << 8 * self.size - 1
        # digits of the groups, the last one first
        self._part = [part_rest] * bool(part_rest) + [9] * part
        self._whole = [9] * whole + [whole_rest] * bool(whole_rest)
        self._scale = scale

    def read(self, raw: bytes) -> str:
        if len(raw) != self.size:
            raise ValueError("decimal")
        value, sign = int.from_bytes(raw, "big") - self._flip, ""
        if value < 0:
            value, sign = ~value, "-"
        value, part = _digits(value, self._part)
        value, whole = _digits(value, self._whole)
        return f"{sign}{whole}.{part:0{self._scale}}" if self._scale else f"{sign}{whole}"


def _digits(value: int, groups: list[int]) -> tuple[int, int]:
    """(what is left in front, the number that the groups at the end of `value` make)."""
    number, unit = 0, 1
    for digits in groups:
        bits = 8 * _BYTES[digits]
        group = value & (1 << bits) - 1
        if group >= 10**digits:
            raise ValueError("decimal")
        number += group * unit
        unit *= 10**digits
        value >>= bits
    return value, number


def short(precision: int, scale: int) -> tuple[int, int, tuple[str, ...]] | None:
    """The parts of an expression that reads a short decimal in place; None for a long one.

    They are the number whose subtraction flips the sign bit, the bits behind the point, and the
    text of each fraction. A short decimal has at most 9 digits before the point and 4 behind it.
    Most prices differ, so a cache of such decimals would only cost time.
    """
    if precision - scale > 9 or scale > 4:
        return None
    return 1 << 8 * size(precision, scale) - 1, 8 * _BYTES[scale], _fractions(scale)


@lru_cache(None)
def _fractions(scale: int) -> tuple[str, ...]:
    return tuple(f".{n:0{scale}}" for n in range(10**scale)) if scale else ("",)


def negative(value: int, bits: int, fractions: tuple[str, ...]) -> str:
    """The text of such a decimal below zero, from the complement of its integer."""
    return f"-{value >> bits}{fractions[value & (1 << bits) - 1]}"
