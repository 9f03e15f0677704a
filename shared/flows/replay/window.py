"""Window: the time that a replay is about, as a person writes it."""

import re
from datetime import UTC, datetime, timedelta

from shared.domain.time_argument import parse_time
from shared.values.errors import ConfigError

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment_us(text: str, now_ms: int) -> int:
    """An age such as `90m`, or a time with its zone, as Unix µs. Raises ConfigError."""
    if match := _AGE.fullmatch(text):
        try:
            return now_ms * 1000 - timedelta(**{_UNITS[match[2]]: int(match[1])}) // timedelta(
                microseconds=1
            )
        except OverflowError:
            raise ConfigError(
                "is no age.", thing=f"{text[:100]!r}", hint="Write 90m, 12h or 3d."
            ) from None
    return (parse_time(text) - _EPOCH) // timedelta(microseconds=1)


def time_text(at_us: int) -> str:
    """A time as commands print it and read it again."""
    at = _EPOCH + timedelta(microseconds=at_us)
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
