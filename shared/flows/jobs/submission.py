"""Submission: puts a job into its slot for the jobs function, from anywhere, without a database."""

from collections.abc import Callable

import msgspec

from shared.adapters.state.jobs import Jobs
from shared.domain.polling import Polling
from shared.flows.jobs.job_refused import require_not_in_function, until_silent
from shared.flows.jobs.taking_a_job import new_id
from shared.values.errors import ConfigError
from shared.values.job import (
    BackfillWork,
    CutoverWork,
    FillWork,
    Job,
    VerifyWork,
    Wanted,
    Work,
    into_of,
    slot_of,
)
from shared.values.progress import Progress
from shared.values.replay_work import ReplayWork


def submit(
    jobs: Jobs,
    consumer: str,
    work: Work,
    wanted: Wanted,
    *,
    by: str,
    now_ms: Callable[[], int],
    polling: Polling,
    show: Callable[[Progress], None] = lambda _progress: None,
) -> Job:
    """Begin a job in the jobs function, or let it continue the one that was interrupted.

    work: the kind and its options, with no table yet.
    show: is told when a process must be waited for that may be dead.
    Raises JobBusy when somebody works on a job of this slot, and ConfigError when the job that was
    interrupted is another one.
    """
    slot = slot_of(work)
    while True:
        seen = jobs.current(consumer, slot)
        if seen is None:
            began_ms = now_ms()
            job = Job(new_id(began_ms), consumer, work, by=by, began_ms=began_ms, in_function=True)
            job = msgspec.structs.replace(job, wanted=wanted, token=1, beat=1)
            if jobs.begin(job):
                return job
            continue
        require_not_in_function(seen)
        free = until_silent(jobs, seen, polling, show)
        if free is None:
            continue
        if taken := jobs.take(_continued(free, work, wanted), ""):
            return taken


def _continued(job: Job, work: Work, wanted: Wanted) -> Job:
    """The job as the jobs function will continue it. Raises ConfigError when it is another one."""
    into = into_of(job) is not None
    wants_into = isinstance(work, BackfillWork | ReplayWork) and work.into is not None
    step = job.work.step if isinstance(job.work, CutoverWork) else ""
    wants_step = work.step if isinstance(work, CutoverWork) else ""
    if (type(job.work), into, step) != (type(work), wants_into, wants_step):
        raise ConfigError(
            f"{job.kind} {job.id} is under way.",
            thing=f"consumer {job.consumer}",
            hint=f"Continue it, or end it: rowline jobs cancel {job.id}.",
        )
    if isinstance(job.work, VerifyWork) and isinstance(work, VerifyWork):
        # A comparison of other tables, or with other options, begins again.
        mine = (work.repair, work.index, work.ignore, wanted.tables)
        held = job.work
        same = (held.repair, held.index, held.ignore, job.wanted.tables) == mine
        wanted = msgspec.structs.replace(wanted, restart=wanted.restart or not same)
        if not same:
            job = msgspec.structs.replace(job, work=work)
    elif isinstance(job.work, ReplayWork) and isinstance(work, ReplayWork):
        if job.work.choice != work.choice or bool(job.work.bases) != bool(work.bases):
            raise ConfigError(
                f"{job.kind} {job.id} of other changes is under way.",
                thing=f"consumer {job.consumer}",
                hint=f"Continue it: rowline jobs resume {job.id}. Or end it: rowline jobs cancel "
                f"{job.id}.",
            )
        job = msgspec.structs.replace(job, work=msgspec.structs.replace(job.work, rate=work.rate))
    elif isinstance(job.work, CutoverWork) and isinstance(work, CutoverWork):
        job = msgspec.structs.replace(
            job, work=msgspec.structs.replace(job.work, accept=work.accept)
        )
    elif wanted.tables and not wanted.restart and wanted.tables != job.wanted.tables:
        going = job.work.chosen if isinstance(job.work, FillWork) else ()
        raise ConfigError(
            f"{job.kind} {job.id} of {', '.join(going) or 'other tables'} is under way.",
            thing=f"consumer {job.consumer}",
            hint=(
                "Run the same command without --tables to continue it, or add --restart to "
                "begin again with these tables."
            ),
        )
    elif not wanted.restart:
        wanted = msgspec.structs.replace(wanted, tables=job.wanted.tables)
    return msgspec.structs.replace(
        job, in_function=True, wanted=wanted, stumbles=0, refused=0, left_s=0.0
    )
