"""Unix µs: the archive's times, as numbers, as times of Python, and as text."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def time_of(at_us: int) -> datetime:
    """A time from Unix µs."""
    return EPOCH + timedelta(microseconds=at_us)


def micros(at: datetime) -> int:
    """Unix µs of a time; one without a zone is in UTC."""
    return (at.replace(tzinfo=at.tzinfo or UTC) - EPOCH) // timedelta(microseconds=1)


def time_text(at_us: int) -> str:
    """A time as commands and the API print it, and commands read it again: ISO 8601, ms, Z."""
    return time_of(at_us).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
