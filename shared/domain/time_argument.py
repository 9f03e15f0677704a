"""A time as a person writes it, with its time zone."""

from datetime import UTC, datetime

from shared.values.errors import ConfigError


def parse_time(text: str) -> datetime:
    """A time of ISO 8601 with a zone, in UTC. Raises ConfigError."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
        why = "names no time zone."
    except (ValueError, OverflowError):
        why = "is no time."
    raise ConfigError(
        why,
        thing=f"time {text[:100]!r}",
        hint="Write 2026-11-27T05:52:00Z, or with another zone 2026-11-27T06:52:00+01:00.",
    )
