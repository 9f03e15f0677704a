"""Job slice: the jobs function works on a job for the time of one invocation, then leaves it.

The next slice continues where it stopped. Whatever kills a slice, the job's token lets exactly one
process store progress, and a holder that is silent is taken for dead.
"""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from typing import Literal

import msgspec

from shared.adapters.state.state import State
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.parked_where import ParkedWhere
from shared.domain.polling import Polling
from shared.flows.backfill.backfill import Backfill
from shared.flows.cutover.cutover import Cutover
from shared.flows.jobs.cancelling_job import cancelled
from shared.flows.jobs.job_lease import JobStopped, Tenure
from shared.flows.jobs.job_refused import JobBusy, until_silent
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.slice_end import SliceOver
from shared.flows.jobs.taking_a_job import new_holder
from shared.flows.redrive.redrive import Redrive
from shared.flows.redrive.redrive_setup import RedriveSetup
from shared.flows.replay.replay import Replay
from shared.flows.snapshots.creating import Creating
from shared.flows.verify.verify import Verify
from shared.values.errors import ConfigError, RowlineError, StackError
from shared.values.job import (
    BackfillWork,
    CutoverWork,
    FillWork,
    Job,
    JobLost,
    Slot,
    VerifyWork,
)
from shared.values.progress import Progress
from shared.values.redrive_work import RedriveWork
from shared.values.replay_work import ReplayWork
from shared.values.snapshot_work import SnapshotWork

SliceEnd = Literal["none", "busy", "waits", "done", "continues", "stopped", "failed"]
"""How a slice ended: `none`, there is no job for it; `busy`, another process works on it; `waits`,
another job of the source has its turn.
"""


class JobSlice:
    """One invocation of the jobs function.

    setup: makes the parts of a consumer's job, see `JobSetup`.
    redrive: makes those of a redrive, which needs neither source nor sink: the sink of an archive's
        consumer cannot be opened here.
    sharing_source: the consumers of the same source, whose jobs take turns.
    by: names the invocation. left: seconds until it is stopped.
    """

    def __init__(
        self,
        state: State,
        setup: Callable[[str, Tenure], JobSetup],
        redrive: Callable[[str, Tenure], RedriveSetup],
        *,
        sharing_source: Callable[[str], Collection[str]],
        by: str,
        left: Callable[[], float],
        now_ms: Callable[[], int],
        polling: Polling,
    ) -> None:
        self._state, self._setup, self._sharing_source = state, setup, sharing_source
        self._redrive = redrive
        self._by, self._left, self._now_ms, self._polling = by, left, now_ms, polling

    def run(self, consumer: str, slot: Slot) -> tuple[SliceEnd, str]:
        """Work on the job in a slot; returns how that ended, and why. Raises StateUnavailable."""
        seen = self._state.jobs.current(consumer, slot)
        if seen is None or not _for_a_slice(seen):
            return "none", ""
        if other := self._turn_of(seen):
            return "waits", f"{other.kind} {other.id} of {other.consumer} has its turn"
        try:
            free = until_silent(self._state.jobs, seen, self._polling, lambda _: None)
        except JobBusy as busy:
            return "busy", str(busy)
        if free is None or not _for_a_slice(free):
            return "none", ""
        left_s = round(self._left(), 1)
        mine = msgspec.structs.replace(free, left_s=left_s)
        taken = self._state.jobs.take(mine, new_holder(self._by))
        if taken is None:
            return "busy", "another slice was faster"
        return self._stop(taken, free.asked) if free.asked else self._work(taken)

    def _stop(self, job: Job, wish: str) -> tuple[SliceEnd, str]:
        """Pause a job that somebody asked to stop, whose holder was killed before it did.

        Whoever asked may be gone too; while they are not, they find it paused.
        """
        why = f"somebody asked it to stop ({wish})"
        left = msgspec.structs.replace(job, state="paused", outcome=why, holder="", left_s=0.0)
        with suppress(JobLost):  # they were faster
            self._state.jobs.save(left)
        return "stopped", why

    def _turn_of(self, job: Job) -> Job | None:
        """The job of another consumer of the source that a slice works on now."""
        for name in self._sharing_source(job.consumer):
            other = self._state.jobs.current(name, job.slot) if name != job.consumer else None
            if other and other.in_function and other.holder and other.state == "running":
                return other
        return None

    def _work(self, job: Job) -> tuple[SliceEnd, str]:
        tenure = Tenure(
            self._state.jobs,
            job,
            show=_nobody_watches,
            polling=self._polling,
            now_ms=self._now_ms,
            left=self._left,
        )
        try:
            with tenure.kept():
                work = self._work_of(job, tenure)
                try:
                    work()
                except (ConfigError, StackError) as error:
                    if not _is_begun(tenure.job):
                        tenure.refuse(str(error))
                        return "failed", str(error)
                    raise
        except (SliceOver, JobStopped, JobLost, RowlineError) as error:
            return self._ended(tenure.job, error), str(error)
        return "done", ""

    def _work_of(self, job: Job, tenure: Tenure) -> Callable[[], object]:
        """What is to be done.

        A consumer that cannot be opened fails its job. The job keeps its slot, and continues once
        the stanza is right.
        """
        if isinstance(job.work, RedriveWork):
            if job.wanted.cancel:
                return tenure.cancel
            where, work = ParkedWhere.parse(job.work.where), job.work
            redrive = Redrive(self._redrive(job.consumer, tenure))
            return lambda: redrive.run(where, work.action, work.rate)
        setup = self._setup(job.consumer, tenure)
        return lambda: _run(setup, job, lambda refused: refused.count <= job.wanted.accept)

    def _ended(self, job: Job, error: Exception) -> SliceEnd:
        if isinstance(error, JobLost):
            return "busy"
        if isinstance(error, JobStopped):
            return "stopped"
        return "continues" if job.state == "running" else "failed"


def _for_a_slice(job: Job) -> bool:
    return job.in_function and job.state == "running"


def _is_begun(job: Job) -> bool:
    """Whether anything of a job was done; one that is refused before leaves its slot."""
    work = job.work
    if isinstance(work, CutoverWork):
        return bool(work.version or work.pairs)
    if isinstance(work, ReplayWork):
        return bool(work.barrier or work.through or (work.into and work.into.pairs))
    if isinstance(work, (FillWork, SnapshotWork)):
        return bool(work.tables)
    return not isinstance(work, VerifyWork) or bool(work.chosen)


def _nobody_watches(_progress: Progress) -> None:
    """Whoever watches reads the job."""


def _run(setup: JobSetup, job: Job, consent: Callable[[DeletionRefused], bool]) -> None:
    setup = replace(setup, consent=consent)
    wanted = job.wanted
    if wanted.cancel:
        cancelled(setup)
    elif isinstance(job.work, CutoverWork):
        Cutover(setup).run()
    elif isinstance(job.work, ReplayWork):
        Replay(setup).run(job.work)
    elif isinstance(job.work, FillWork):
        begun = bool(job.work.tables) and not wanted.restart
        chosen = () if begun else wanted.tables
        into = isinstance(job.work, BackfillWork) and job.work.into is not None
        Backfill(setup, type(job.work), into=into).run(chosen, restart=wanted.restart)
    elif isinstance(job.work, SnapshotWork):
        begun = bool(job.work.tables) and not wanted.restart
        Creating(setup).run(() if begun else wanted.tables, restart=wanted.restart)
    elif isinstance(job.work, VerifyWork):
        begun = bool(job.work.chosen) and not wanted.restart
        chosen = job.work.chosen if begun else wanted.tables
        check = job.work
        verify = Verify(setup, repair=check.repair, index=check.index, ignore=check.ignore)
        verify.run(chosen, restart=wanted.restart)
