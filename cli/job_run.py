"""Runs a job of a command: in the stage's jobs function, or in this process."""

import sys
import time
from contextlib import suppress

import typer

from cli.ui.console import note_console
from cli.ui.name_list import split_names
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.domain.polling import Polling
from shared.flows.jobs.following_job import follow_job
from shared.flows.jobs.job_control import resume
from shared.flows.jobs.submission import submit
from shared.stage import Stage
from shared.values.errors import Outage, RowlineError, StackError
from shared.values.job import Job, Wanted, Work

WITHOUT_LIMIT = 1 << 53
"""What --yes accepts."""


def runs_here(stage: Stage, consumer: str, here: bool) -> bool:
    """Whether a job runs in this process.

    So it does when somebody asks for it, when an address leads to other servers than the secrets
    do, and on a stage that an earlier version deployed, which has no jobs function.
    """
    if here or not stage.resources.jobs_function:
        return True
    return stage.is_led_elsewhere(consumer)


def require_function(stage: Stage) -> None:
    """Raises StackError where the stage has no jobs function."""
    if not stage.resources.jobs_function:
        raise StackError(
            "has no jobs function.",
            thing=f"stage {stage.name}",
            hint="Deploy it again with this version, or run the job's command with --here.",
        )


def run_in_function(
    stage: Stage, consumer: str, work: Work, *, tables: str, restart: bool, yes: bool
) -> Job:
    """Begin a job in the jobs function, or continue it, and watch it until it is done.

    work: the kind and its options, with no table yet. Ctrl-C ends the watching alone. Raises
    RowlineError when the job stops before it is done.
    """
    stage.consumer(consumer)
    wanted = Wanted(tuple(split_names(tables)), restart, WITHOUT_LIMIT if yes else 0)
    verb = type(work).__name__.removesuffix("Work").lower()
    with RowProgress(verb) as progress:
        job = submit(
            stage.state.jobs,
            consumer,
            work,
            wanted,
            by=whoami(),
            now_ms=lambda: time.time_ns() // 1_000_000,
            polling=Polling(),
            show=progress.show,
        )
        return follow(stage, job, progress)


def follow(stage: Stage, job: Job, progress: RowProgress) -> Job:
    """Start the next slice of a job, and watch the job until it is done.

    Raises RowlineError when it stops before.
    """
    while True:
        seen = _watched(stage, job, progress)
        if seen.state == "done":
            return seen
        if seen.refused and _agreed(seen, progress):
            # What a person has seen may be deleted, and no more.
            accepted = Wanted(seen.wanted.tables, seen.wanted.restart, seen.refused)
            job = resume(stage.state, seen, wanted=accepted)
            continue
        raise _not_done(seen)


def _watched(stage: Stage, job: Job, progress: RowProgress) -> Job:
    try:
        with suppress(Outage):  # the watch starts a slice that nobody else has started
            stage.start_slice(job)
        return follow_job(stage.state, job, progress.show, Polling())
    except KeyboardInterrupt:
        progress.stop()
        note_console().print(
            f"{job.kind} {job.id} continues in the jobs function. Watch it: rowline jobs show "
            f"{job.id} --watch. Stop it: rowline jobs pause {job.id}.",
            markup=False,
        )
        raise typer.Exit(130) from None


def _agreed(job: Job, progress: RowProgress) -> bool:
    if not sys.stdin.isatty():
        return False
    with progress.paused():
        return typer.confirm(f"{job.outcome.partition(' Check that')[0]} Delete them?", err=True)


def _not_done(job: Job) -> RowlineError:
    if job.state == "cancelled" and job.outcome != "cancelled":  # refused: the outcome says why
        return RowlineError(job.outcome)
    hint = f"Continue it: rowline jobs resume {job.id}." if job.state != "cancelled" else ""
    return RowlineError(
        state_and_outcome(job), thing=f"{job.kind} {job.id} of {job.consumer}", hint=hint
    )


def state_and_outcome(job: Job) -> str:
    """What became of a job, so far, as a part of a sentence."""
    if not job.outcome or job.outcome.startswith(job.state):
        return job.outcome or job.state
    return f"{job.state}, {job.outcome}"
