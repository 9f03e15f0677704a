"""DECIMAL: nine digits in four bytes, big-endian, both ends with fewer; negative numbers complemented.

Source: MySQL strings/decimal.cc, decimal2bin.
"""

from shared.adapters.binlog.temporal import Cache

_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)


def size(precision: int, scale: int) -> int:
    """Bytes of a DECIMAL(precision, scale)."""
    whole, whole_rest = divmod(precision - scale, 9)
    part, part_rest = divmod(scale, 9)
    return 4 * (whole + part) + _BYTES[whole_rest] + _BYTES[part_rest]


class Decimals(Cache):
    """Raw bytes → the number as text, with exactly `scale` digits behind the point."""

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__()
        self._scale = scale
        whole, whole_rest = divmod(precision - scale, 9)
        part, part_rest = divmod(scale, 9)
        # groups as (bytes, digits)
        self._whole = [(_BYTES[whole_rest], whole_rest)] * bool(whole_rest) + [(4, 9)] * whole
        self._part = [(4, 9)] * part + [(_BYTES[part_rest], part_rest)] * bool(part_rest)
        self.size = size(precision, scale)

    def read(self, raw: bytes) -> str:
        if len(raw) != self.size:
            raise ValueError("decimal")
        value = int.from_bytes(raw, "big") ^ 1 << 8 * self.size - 1
        negative = value >> 8 * self.size - 1
        if negative:
            value ^= (1 << 8 * self.size) - 1
        data = value.to_bytes(self.size, "big")
        whole, at = self._digits(data, 0, self._whole)
        part, at = self._digits(data, at, self._part)
        text = whole.lstrip("0") or "0"
        if part:
            text = f"{text}.{part}"
        return f"-{text}" if negative else text

    @staticmethod
    def _digits(data: bytes, at: int, groups: list[tuple[int, int]]) -> tuple[str, int]:
        text = ""
        for count, digits in groups:
            group = int.from_bytes(data[at : at + count], "big")
            if group >= 10**digits:
                raise ValueError("decimal")
            text += f"{group:0{digits}}"
            at += count
        return text, at
