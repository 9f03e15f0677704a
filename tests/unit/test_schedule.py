"""Schedules as the plugin accepts them are read, and name the right times."""

from datetime import UTC, datetime

import pytest

from shared.values.schedule import last_time


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "now", "last"),
    [
        ("nightly", "2026-11-27 02:00:00", "2026-11-27 02:00"),
        ("nightly", "2026-11-27 01:59:59", "2026-11-26 02:00"),
        ("weekly", "2026-11-27 05:00:00", "2026-11-22 02:00"),
        ("weekly", "2026-11-29 02:00:30", "2026-11-29 02:00"),
        ("cron(0/15 * * * ? *)", "2026-11-27 05:44:00", "2026-11-27 05:30"),
        ("cron(30 4 1 * ? *)", "2026-11-27 05:00:00", "2026-11-01 04:30"),
        ("cron(30 4 ? * MON-FRI *)", "2026-11-29 05:00:00", "2026-11-27 04:30"),
        ("cron(5,35 22,3 ? * 2,7 *)", "2026-11-27 05:00:00", "2026-11-23 22:35"),
        ("cron(0 12 29 FEB ? *)", "2026-11-27 05:00:00", "2024-02-29 12:00"),
        ("cron(0 0 1 jan-mar ? 2025)", "2026-11-27 05:00:00", "2025-03-01 00:00"),
        ("cron(10-20/5 6 * * ? *)", "2026-11-27 06:19:00", "2026-11-27 06:15"),
    ],
)
def test_the_last_time(schedule: str, now: str, last: str) -> None:
    assert last_time(schedule, at(now)) == at(last)


def test_a_year_that_has_not_come_names_no_time() -> None:
    assert last_time("cron(0 0 1 1 ? 2030)", at("2026-11-27 05:00:00")) is None


@pytest.mark.parametrize("text", ["daily", "cron(0 2 * *)", "cron(60 2 * * ? *)", "cron()"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        last_time(text, at("2026-11-27 05:00:00"))
