"""Scheduled verifies: starts the verify of each consumer whose schedule says so."""

from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.schedule_due import begin_if_due
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.job import VerifyWork
from shared.values.schedule import last_time
from shared.values.verify_schedule import VerifySchedule

OVERDUE_SECONDS = 6 * 3_600.0
"""A verify that is not done this long after its time is overdue."""


def start_verifies(setup: WatchSetup) -> None:
    """Put a job into the slot of each consumer whose verify is due."""
    consumers = setup.parts.settings.consumers
    for_each(
        setup,
        [name for name, each in consumers.items() if each.verify and each.enabled],
        lambda name: _start(setup, name, consumers[name].verify),
    )


def is_overdue(setup: WatchSetup, name: str) -> bool:
    """Whether a scheduled verify was not done in time.

    A consumer whose first scheduled time has not come yet is not overdue.
    """
    consumer = setup.parts.settings.consumers[name]
    wanted = consumer.verify if consumer.enabled else None
    at = last_time(wanted.schedule, setup.clock() - OVERDUE_SECONDS) if wanted else None
    if at is None:
        return False
    job = setup.parts.state.jobs.current(name, "verify")
    if job and 0 < job.wanted.scheduled_ms <= at * 1000:
        return True
    report = setup.parts.state.reports.read(name)
    return report is not None and report.get("finished_ms", 0) < at * 1000


def _start(setup: WatchSetup, name: str, wanted: VerifySchedule | None) -> None:
    if wanted:
        begin_if_due(setup, name, wanted.schedule, lambda: VerifyWork(repair=wanted.repair))
