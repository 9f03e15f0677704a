"""Schedule: when something is due, as a stanza says it: `nightly`, `weekly` or `cron(…)`, in UTC.

`cron(…)` has the six fields of EventBridge: minutes, hours, day of month, month, day of week, year.
Source: EventBridge Scheduler user guide, "Schedule types". `L`, `W` and `#` are not supported; the
plugin refuses them.
"""

import calendar
import re
from datetime import UTC, datetime, timedelta
from functools import cache

NAMED_SCHEDULES = {"nightly": "cron(0 2 * * ? *)", "weekly": "cron(0 2 ? * SUN *)"}
_DAYS = {name: n for n, name in enumerate("SUN MON TUE WED THU FRI SAT".split(), 1)}
_MONTHS = {name.upper(): n for n, name in enumerate(calendar.month_abbr) if name}
_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (1, 7, _DAYS),
    (1970, 2199, {}),
)
_LONGEST_DAYS = 366 * 8
"""The 29th of February may be eight years away."""


def last_time(schedule: str, now: float) -> float | None:
    """The last time at or before `now` (Unix seconds) that a schedule names; None for never."""
    minutes, hours, days, months, weekdays, years = _parsed(schedule)
    at = datetime.fromtimestamp(now, UTC).replace(second=0, microsecond=0)
    day = at.replace(hour=0, minute=0)
    for back in range(_LONGEST_DAYS):
        one = day - timedelta(days=back)
        weekday = (one.weekday() + 1) % 7 + 1  # Sunday is 1
        if one.year not in years or one.month not in months:
            continue
        if one.day not in days or weekday not in weekdays:
            continue
        for hour in sorted(hours, reverse=True):
            for minute in sorted(minutes, reverse=True):
                found = one.replace(hour=hour, minute=minute)
                if found <= at:
                    return found.timestamp()
    return None


@cache
def _parsed(schedule: str) -> tuple[frozenset[int], ...]:
    """The values of each field. Raises ValueError."""
    match = re.fullmatch(r"cron\(([^()]*)\)", NAMED_SCHEDULES.get(schedule, schedule))
    texts = match[1].split() if match else []
    if len(texts) != len(_FIELDS):
        raise ValueError(f"{schedule!r} is no schedule")
    return tuple(_values(text, *field) for text, field in zip(texts, _FIELDS, strict=True))


def _values(text: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.upper().split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = least, most
        else:
            low, dash, high = span.partition("-")
            first = names.get(low) or int(low)
            last = names.get(high) or int(high) if dash else most if step else first
        found |= set(range(first, last + 1, int(step or 1)))
    if not found or min(found) < least or max(found) > most:
        raise ValueError(f"{text!r} is not between {least} and {most}")
    return frozenset(found)
