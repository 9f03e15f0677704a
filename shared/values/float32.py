"""FLOAT columns hold 32 bits: the shortest number that stands for them, instead of all digits of
the double they widen to.
"""

from math import isfinite
from struct import Struct

_float32 = Struct("<f")
_SMALLEST_NORMAL = 2.0**-126


def shortest(value: float) -> float:
    """The double with the fewest decimal digits that rounds to the same 32-bit float as `value`
    (`0.1`, not `0.10000000149011612`).
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
    """What the server holds for that number: the 32-bit float, as the double it compares with."""
    return float(_float32.unpack(_float32.pack(value))[0])


def _fits(value: float) -> bool:
    """Whether it rounds to a finite 32-bit float: up to half a step above the largest, 2¹²⁸ −
    2¹⁰⁴.
    """
    return abs(value) < 3.4028235677973366e38
