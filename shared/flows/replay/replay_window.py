"""Replay window: the time that a replay is about, as a person writes it."""

import re
from datetime import timedelta

from shared.domain.time_argument import parse_time
from shared.values.errors import ConfigError
from shared.values.unix_micros import micros

_AGE = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def moment_us(text: str, now_ms: int) -> int:
    """An age such as `90m`, or a time with its zone, as Unix µs. Raises ConfigError."""
    if match := _AGE.fullmatch(text):
        try:
            return now_ms * 1000 - timedelta(**{_UNITS[match[2]]: int(match[1])}) // timedelta(
                microseconds=1
            )
        except (OverflowError, ValueError):  # ValueError: thousands of digits
            raise ConfigError(
                "is no age.", thing=f"{text[:100]!r}", hint="Write 90m, 12h or 3d."
            ) from None
    return micros(parse_time(text))
