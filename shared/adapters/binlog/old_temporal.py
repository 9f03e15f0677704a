"""Dates and times in the formats from before MySQL 5.6.4 and MariaDB 10.1.2."""

from shared.adapters.binlog.temporal import (
    CLOCK,
    INSTANT_CLOCK,
    INSTANT_CLOCK_Z,
    INSTANT_DAYS,
    Cache,
    iso_date,
)


def _instant(seconds: int) -> str | None:
    """`YYYY-MM-DDTHH:MM:SSZ` of Unix seconds; None for 0, which means the zero date."""
    return INSTANT_DAYS[seconds // 86400] + INSTANT_CLOCK_Z[seconds % 86400] if seconds else None


class OldTimestamps(Cache):
    """TIMESTAMP of servers before MySQL 5.6.4, and of tables they made.

    Unix seconds, 4 bytes little-endian.
    """

    def read(self, raw: bytes) -> str | None:
        return _instant(int.from_bytes(raw, "little"))


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
    """TIMESTAMP(digits) as MariaDB stored it before 10.1.2 (mysql56_temporal_format=OFF).

    Unix seconds, 4 bytes, then the fraction, all big-endian.

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
    """DATETIME(digits) in the old format.

    One big-endian number in mixed radix: 13 months, 32 days, 24 hours …
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
    """TIME(digits) of such tables.

    A big-endian number of fractions of a second, counted from one second below the smallest
    TIME.
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
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{sign}{clock}.{part:0{self._digits}}"
