"""Schedule due: begins a job of a consumer when its schedule says so, once for each time."""

from collections.abc import Callable

from shared.domain.polling import Polling
from shared.flows.jobs.job_refused import JobBusy
from shared.flows.jobs.submission import submit
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.job import Wanted, Work, slot_of
from shared.values.schedule import last_time

LATE_SECONDS = 3_600.0
"""A job whose time passed longer ago is not made up for: a new schedule begins with its next time,
and a watch that was away raises alarms of its own.
"""

BY = "schedule"
_ENDED = 20


def begin_if_due(setup: WatchSetup, name: str, schedule: str, work: Callable[[], Work]) -> None:
    """Put a job into the slot of a consumer; one that failed begins again.

    work: makes the kind and its options. A job of a person is left alone: the scheduled one follows
    it within the hour.
    """
    at = last_time(schedule, setup.clock())
    if at is None or setup.clock() - at > LATE_SECONDS:
        return
    scheduled_ms, jobs, wanted = int(at * 1000), setup.parts.state.jobs, work()
    slot = slot_of(wanted)
    job = jobs.current(name, slot)
    begun = [job] if job else [one for one in jobs.ended(name, _ENDED) if one.slot == slot]
    if any(one.wanted.scheduled_ms >= scheduled_ms for one in begun):
        return
    if job and (job.holder or job.state == "running"):
        return
    try:
        submit(
            jobs,
            name,
            wanted,
            Wanted(restart=True, scheduled_ms=scheduled_ms),
            by=BY,
            now_ms=lambda: setup.now_ms,
            polling=Polling(setup.clock, setup.sleep),
        )
    except JobBusy:
        return  # somebody was faster
