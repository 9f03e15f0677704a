"""Dates and times: from the binlog's packed bytes to ISO 8601 text, through caches.

The same values come again and again.
A cache maps a value, or a part of it, to its text: `cache[raw]` costs one dict look-up. Zero dates
and partly-zero dates are None. Source: MySQL internals manual, "Date and Time Data Type
Representation"; sql-common/my_time.cc.
"""

from abc import abstractmethod
from datetime import date, timedelta

_LIMIT = 1 << 15
_EPOCH = date(1970, 1, 1)


class Cache(dict[bytes, str | None]):
    """Raw bytes → text, filled on demand, emptied when it has grown too large."""

    def __missing__(self, raw: bytes) -> str | None:
        if len(self) >= _LIMIT:
            self.clear()
        self[raw] = text = self.read(raw)
        return text

    @abstractmethod
    def read(self, raw: bytes) -> str | None: ...


class Nothing(str):
    """Stands for the day of a zero date: whatever is added to it, the result is None."""

    __slots__ = ()

    def __add__(self, other: str) -> None:  # type: ignore[override]
        return None


class Days(dict[int, str]):
    """How DATETIME packs its day, a sign bit (always set) in front → `YYYY-MM-DDT`."""

    def __missing__(self, packed: int) -> str:
        if len(self) >= _LIMIT:
            self.clear()
        months, day = divmod(packed - (1 << 22), 32)
        if months < 0:
            raise ValueError("datetime")
        year, month = divmod(months, 13)
        text = iso_date(year, month, day)
        self[packed] = start = f"{text}T" if text else Nothing()
        return start


class Clock(dict[int, str]):
    """How DATETIME packs its time of day → `HH:MM:SS`."""

    def __missing__(self, packed: int) -> str:
        hour, minute, second = packed >> 12, packed >> 6 & 63, packed & 63
        if hour > 23 or minute > 59 or second > 59:
            raise ValueError("time of day")
        self[packed] = text = f"{hour:02}:{minute:02}:{second:02}"
        return text


class InstantDays(dict[int, str]):
    """Days since 1970 → `YYYY-MM-DDT`."""

    def __missing__(self, days: int) -> str:
        self[days] = text = f"{_EPOCH + timedelta(days)}T"
        return text


class InstantClock(dict[int, str]):
    """Seconds of a day → `HH:MM:SS` and what is put behind it."""

    def __init__(self, behind: str = "") -> None:
        super().__init__()
        self._behind = behind

    def __missing__(self, seconds: int) -> str:
        self[seconds] = text = (
            f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{self._behind}"
        )
        return text


class Fractions(dict[int, str]):
    """The integer behind a value with fractional seconds → `.f`, cut to `digits`.

    It counts hundredths, ten-thousandths or millionths.
    """

    def __init__(self, digits: int) -> None:
        super().__init__()
        self._digits, self._size = digits, digits + 1 & ~1

    def __missing__(self, value: int) -> str:
        if value >= 10**self._size:
            raise ValueError("fraction of a second")
        if len(self) >= _LIMIT:
            self.clear()
        self[value] = text = f".{value:0{self._size}}"[: self._digits + 1]
        return text


DAYS, CLOCK = Days(), Clock()
INSTANT_DAYS, INSTANT_CLOCK, INSTANT_CLOCK_Z = InstantDays(), InstantClock(), InstantClock("Z")
FRACTIONS = tuple(map(Fractions, range(7)))


def iso_date(year: int, month: int, day: int) -> str | None:
    """`YYYY-MM-DD`; None when a part is zero.

    Days that the calendar lacks are kept: servers store 2021-02-31 under ALLOW_INVALID_DATES.
    """
    if year > 9999 or month > 12 or day > 31:
        raise ValueError("date")
    return f"{year:04}-{month:02}-{day:02}" if year and month and day else None


class Dates(Cache):
    """DATE: 3 bytes, little-endian, day 5 bits, month 4, year 15."""

    def read(self, raw: bytes) -> str | None:
        packed = int.from_bytes(raw, "little")
        return iso_date(packed >> 9, packed >> 5 & 15, packed & 31)


class Times(Cache):
    """TIME(digits): sign 1 bit, unused 1, hour 10, minute 6, second 6, then the fraction.

    A negative value is the complement of all of it.
    """

    def __init__(self, digits: int) -> None:
        super().__init__()
        self._digits = digits

    def read(self, raw: bytes) -> str | None:
        size = len(raw) - 3
        value = int.from_bytes(raw, "big") - (0x800000 << 8 * size)
        sign, value = ("-", -value) if value < 0 else ("", value)
        packed, rest = value >> 8 * size, value & (1 << 8 * size) - 1
        hour, minute, second = packed >> 12, packed >> 6 & 63, packed & 63
        if hour > 838 or minute > 59 or second > 59:
            raise ValueError("time")
        fraction = FRACTIONS[self._digits][rest] if self._digits else ""
        return f"{sign}{hour:02}:{minute:02}:{second:02}{fraction}"


YEARS = (0, *range(1901, 2156))
"""YEAR: one byte, years since 1900; 0 is the year 0000."""
