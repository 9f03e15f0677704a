"""How spans of time are printed and read."""

import re

from shared.values.errors import ConfigError


def duration(seconds: float) -> str:
    """`6m12s`, `2h10m`, `3d4h`: the two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d{hours}h"
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_MOST = 100 * 365 * 86_400
"""No clock goes back further."""


def seconds_of(text: str) -> int:
    """The seconds of `90m`, `24h` or `7d`. Raises ConfigError."""
    number, unit = text[:-1], text[-1:]
    known = re.fullmatch(r"\d{1,9}", number) and unit in _UNITS
    if not known or int(number) * _UNITS[unit] > _MOST:
        raise ConfigError(
            "is no span of time.", thing=repr(text), hint="Write 30s, 90m, 24h or 7d."
        )
    return int(number) * _UNITS[unit]
