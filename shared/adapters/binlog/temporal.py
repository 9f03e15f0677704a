"""Dates and times: from the binlog's packed bytes to ISO 8601 text, through caches, because the
same values come again and again.

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
    """The integer behind a value with fractional seconds (hundredths, ten-thousandths or
    millionths) → `.f`, cut to `digits`.
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
    """`YYYY-MM-DD`; None when a part is zero. Days that the calendar lacks are kept: servers store
    2021-02-31 under ALLOW_INVALID_DATES.
    """
    if year > 9999 or month > 12 or day > 31:
        raise ValueError("date")
    return f"{year:04}-{month:02}-{day:02}" if year and month and day else None


class Dates(Cache):
    """DATE: 3 bytes, little-endian, day 5 bits, month 4, year 15."""

    def read(self, raw: bytes) -> str | None:
        packed = int.from_bytes(raw, "little")
        return iso_date(packed >> 9, packed >> 5 & 15, packed & 31)


def instant(seconds: int) -> str | None:
    """`YYYY-MM-DDTHH:MM:SSZ` of Unix seconds; None for 0, which stands for the zero date."""
    return INSTANT_DAYS[seconds // 86400] + INSTANT_CLOCK_Z[seconds % 86400] if seconds else None


class Times(Cache):
    """TIME(digits): sign 1 bit, unused 1, hour 10, minute 6, second 6, then the fraction; a
    negative value is the complement of all of it.
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


class OldTimestamps(Cache):
    """TIMESTAMP of servers before MySQL 5.6.4, and of tables they made: Unix seconds, 4 bytes
    little-endian.
    """

    def read(self, raw: bytes) -> str | None:
        return instant(int.from_bytes(raw, "little"))


class OldDatetimes(Cache):
    """DATETIME of such tables: the decimal number YYYYMMDDhhmmss, 8 bytes little-endian."""

    def read(self, raw: bytes) -> str | None:
        day, time = divmod(int.from_bytes(raw, "little"), 1_000_000)
        text = iso_date(day // 10_000, day // 100 % 100, day % 100)
        clock = CLOCK[time // 10_000 << 12 | time // 100 % 100 << 6 | time % 100]
        return f"{text}T{clock}" if text else None


class OldTimes(Cache):
    """TIME of such tables: the decimal number hhmmss, 3 bytes little-endian, signed."""

    def read(self, raw: bytes) -> str | None:
        value = int.from_bytes(raw, "little", signed=True)
        sign, value = ("-", -value) if value < 0 else ("", value)
        return f"{sign}{value // 10_000:02}:{value // 100 % 100:02}:{value % 100:02}"


class FractionalTimestamps(Cache):
    """TIMESTAMP(digits) as MariaDB stored it before 10.1.2 (mysql56_temporal_format=OFF): Unix
    seconds, 4 bytes, then the fraction, all big-endian.

    The three formats of this kind: MariaDB sql/field.cc, Field_timestamp_hires,
    Field_datetime_hires, Field_time_hires.
    """

    SIZES = (4, 5, 5, 6, 6, 7, 7)

    def __init__(self, digits: int) -> None:
        super().__init__()
        self._digits = digits

    def read(self, raw: bytes) -> str | None:
        seconds, part = int.from_bytes(raw[:4], "big"), int.from_bytes(raw[4:], "big")
        if part >= 10**self._digits:
            raise ValueError("timestamp")
        if not seconds and not part:
            return None
        days, rest = divmod(seconds, 86400)
        return f"{INSTANT_DAYS[days]}{INSTANT_CLOCK[rest]}.{part:0{self._digits}}Z"


class FractionalDatetimes(Cache):
    """DATETIME(digits) of such tables: one big-endian number, of which each part counts as often as
    it can be: 13 months, 32 days, 24 hours …
    """

    SIZES = (5, 6, 6, 7, 7, 7, 8)

    def __init__(self, digits: int) -> None:
        super().__init__()
        self._digits = digits

    def read(self, raw: bytes) -> str | None:
        seconds, part = divmod(int.from_bytes(raw, "big"), 10**self._digits)
        hours, second = divmod(seconds, 3600)
        days, hour = divmod(hours, 24)
        months, day = divmod(days, 32)
        year, month = divmod(months, 13)
        text = iso_date(year, month, day)
        return (
            f"{text}T{hour:02}:{second // 60:02}:{second % 60:02}.{part:0{self._digits}}"
            if text
            else None
        )


class FractionalTimes(Cache):
    """TIME(digits) of such tables: a big-endian number of fractions of a second, counted from one
    second below the smallest TIME.
    """

    SIZES = (3, 4, 4, 5, 5, 5, 6)
    _ZERO = 838 * 3600 + 59 * 60 + 59 + 1

    def __init__(self, digits: int) -> None:
        super().__init__()
        self._digits = digits

    def read(self, raw: bytes) -> str | None:
        unit = 10**self._digits
        value = int.from_bytes(raw, "big") - self._ZERO * unit
        sign, value = ("-", -value) if value < 0 else ("", value)
        seconds, part = divmod(value, unit)
        if seconds >= self._ZERO:
            raise ValueError("time")
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{part:0{self._digits}}"  # noqa: E501


YEARS = (0, *range(1901, 2156))
"""YEAR: one byte, years since 1900; 0 is the year 0000."""
