"""FLOAT columns: the shortest number for their 32 bits."""

from math import isfinite
from struct import Struct

_float32 = Struct("<f")
_SMALLEST_NORMAL = 2.0**-126


def shortest(value: float) -> float:
    """The double with the fewest decimal digits that rounds to the same 32-bit float.

    So 0.1 stays 0.1, and does not become 0.10000000149011612.
    """
    if not isfinite(value) or (value == int(value) and abs(value) < 1 << 24):
        return value
    packed = _float32.pack(value)
    # below the smallest normal number fewer digits may do
    for digits in range(1 if abs(value) < _SMALLEST_NORMAL else 6, 9):
        short = float(f"{value:.{digits}g}")
        if _fits(short) and _float32.pack(short) == packed:
            return short
    return float(f"{value:.9g}")


def widened(value: float) -> float:
    """The 32-bit float that a server stores for a number, as the double it compares with."""
    return float(_float32.unpack(_float32.pack(value))[0])


def _fits(value: float) -> bool:
    """Whether a number rounds to a finite 32-bit float.

    The limit is half a step above the largest one: 2¹²⁸ − 2¹⁰⁴.
    """
    return abs(value) < 3.4028235677973366e38
