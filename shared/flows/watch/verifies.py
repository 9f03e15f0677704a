"""Verifies: starts the verify of each consumer whose schedule says so."""

from shared.domain.patience import Patience
from shared.flows.jobs.holding import JobBusy
from shared.flows.jobs.submission import submit
from shared.flows.watch.each import for_each
from shared.flows.watch.setup import WatchSetup
from shared.values.job import VerifyWork, Wanted
from shared.values.schedule import last_time
from shared.values.verify_schedule import VerifySchedule

LATE_SECONDS = 3_600.0
"""A verify whose time passed longer ago is not made up for: a new schedule begins with its next
time, and a watch that was away raises alarms of its own.
"""

RUN_SECONDS = 6 * 3_600.0
"""A verify that is not done so long after its time is overdue."""

_ENDED = 20
BY = "schedule"


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
    at = last_time(wanted.schedule, setup.clock() - RUN_SECONDS) if wanted else None
    if at is None:
        return False
    job = setup.parts.state.jobs.current(name, "verify")
    if job and 0 < job.wanted.scheduled_ms <= at * 1000:
        return True
    report = setup.parts.state.reports.read(name)
    return report is not None and report.get("finished_ms", 0) < at * 1000


def _start(setup: WatchSetup, name: str, wanted: VerifySchedule | None) -> None:
    at = last_time(wanted.schedule, setup.clock()) if wanted else None
    if wanted is None or at is None or setup.clock() - at > LATE_SECONDS:
        return
    scheduled_ms, jobs = int(at * 1000), setup.parts.state.jobs
    job = jobs.current(name, "verify")
    begun = [job] if job else [one for one in jobs.ended(name, _ENDED) if one.slot == "verify"]
    if any(one.wanted.scheduled_ms >= scheduled_ms for one in begun):
        return
    if job and (job.holder or job.state == "running"):
        return  # somebody's own verify; this one follows it within the hour
    try:
        submit(
            jobs,
            name,
            VerifyWork(repair=wanted.repair),
            Wanted(restart=True, scheduled_ms=scheduled_ms),
            by=BY,
            now_ms=lambda: setup.now_ms,
            patience=Patience(setup.clock, setup.sleep),
        )
    except JobBusy:
        return  # somebody was faster
