"""Next slices: starts the next slice of each job that the jobs function works on.

It also frees the slot of a job whose holder was killed after it had stored the end of the job.
Otherwise no schedule would begin another one there, and consumers would record deletions for ever.
"""

from collections.abc import Iterable
from contextlib import suppress

from shared.flows.watch.function_timeouts import note_timeouts
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.job import SLOTS, Job, JobLost, Slot

_beats: dict[str, tuple[int, int]] = {}
"""Job → token and beat as the last run of this process saw them. It only saves slices that would
find that another one is at work.
"""

OVER_MS = 60_000
"""A job that ended so long ago, and still has its slot: nobody is about to free it."""


def start_slices(setup: WatchSetup) -> None:
    """Start at most one slice for each source and slot: the jobs of a source take turns."""
    note_timeouts(setup)
    consumers = setup.parts.settings.consumers
    running: dict[tuple[str, Slot], list[Job]] = {}
    for name, consumer in consumers.items():
        for slot in SLOTS:
            job = setup.parts.state.jobs.current(name, slot)
            if job and job.is_over:
                _free(setup, job)
            elif job and job.in_function and job.state == "running":
                running.setdefault((consumer.source, slot), []).append(job)
    for jobs in running.values():
        if job := _next(jobs):
            setup.start_slice(job)
    _remember(job for jobs in running.values() for job in jobs)


def _free(setup: WatchSetup, job: Job) -> None:
    if setup.now_ms - job.ended_ms > OVER_MS:
        with suppress(JobLost):  # its holder was not dead after all
            setup.parts.state.jobs.end(job)


def _next(jobs: list[Job]) -> Job | None:
    """The job whose slice is started; None when one of them is at work.

    A holder that wrote since the last run is at work. One that did not may have been killed: the
    slice finds out.
    """
    jobs = sorted(jobs, key=lambda job: job.began_ms)
    held = [job for job in jobs if job.holder]
    for job in held:
        if _beats.get(job.id, (job.token, job.beat)) != (job.token, job.beat):
            return None
    return (held or jobs)[0]


def _remember(jobs: Iterable[Job]) -> None:
    _beats.clear()
    _beats.update({job.id: (job.token, job.beat) for job in jobs})
