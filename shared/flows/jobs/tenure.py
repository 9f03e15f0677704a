"""Tenure: one process works on a job, and says so often enough that nobody else does.

The job's token fences every write, so a process that was frozen and replaced stores nothing. What
it sends meanwhile is harmless: rows carry the watermark under which they were read.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import msgspec

from shared.domain.patience import Patience
from shared.flows.jobs.progress import Progress
from shared.flows.jobs.setup import JobSetup
from shared.values.errors import RowlineError
from shared.values.job import Job, JobLost, JobState, Slot, Work

BEAT_SECONDS = 5.0
"""A holder writes at least so often, while it does not wait for one answer of another system."""

SILENT_SECONDS = 30.0
"""A holder that has not written for so long is taken for dead."""

_POLL_SECONDS = 1.0


class JobBusy(RowlineError):
    """Another process works on a job of the same slot."""


class JobStopped(RowlineError):
    """A job was stopped from outside; it continues when it is run again."""

    exit_code = 130


class Tenure:
    """The hold of this process on a job.

    job: as it was last stored.
    patience: a clock whose waits renew the hold.
    """

    def __init__(self, setup: JobSetup, job: Job) -> None:
        self._setup, self.job = setup, job
        self._clock, self._beaten = setup.patience.clock, setup.patience.clock()
        self._progress = Progress(0, 0)
        self.patience = Patience(self._clock, self._sleep)

    def save(self, work: Work) -> None:
        """Store progress. Raises JobLost, and JobStopped when somebody asked for it."""
        self._store(msgspec.structs.replace(self.job, work=work))
        if self.job.asked:
            raise JobStopped(
                f"somebody asked it to stop ({self.job.asked}).", thing=_name(self.job)
            )

    def show(self, progress: Progress) -> None:
        """Tell whoever watches, and renew the hold when it is time."""
        self._progress = progress
        self._setup.show(progress)
        if self._clock() - self._beaten >= BEAT_SECONDS:
            self.save(self.job.work)

    def end(self, outcome: str) -> None:
        """The job is done."""
        self._end("done", outcome)

    def cancel(self) -> None:
        """The job is over before it was done."""
        self._end("cancelled", "cancelled")

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around the work: whatever ends it early is stored with the job, which stays resumable.

        A kill stores nothing: the silence of the holder is the sign.
        """
        try:
            yield
        except KeyboardInterrupt:
            self._leave("paused", "interrupted")
            raise self._stopped("interrupted") from None
        except JobStopped as stopped:
            self._leave("paused", stopped.what)
            raise self._stopped(stopped.what.rstrip(".")) from None
        except JobLost:
            raise
        except Exception as error:
            self._leave("failed", str(error))
            raise

    def _sleep(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            self._setup.patience.sleep(min(left, BEAT_SECONDS))
            left -= BEAT_SECONDS
            if self._clock() - self._beaten >= BEAT_SECONDS:
                self.save(self.job.work)

    def _store(self, job: Job) -> None:
        self.job = self._setup.state.jobs.save(job)
        self._beaten = self._clock()

    def _leave(self, state: JobState, outcome: str) -> None:
        with suppress(RowlineError):  # its silence says the same a little later
            self._store(msgspec.structs.replace(self.job, state=state, outcome=outcome, holder=""))

    def _end(self, state: JobState, outcome: str) -> None:
        self._setup.state.jobs.end(
            msgspec.structs.replace(
                self.job, state=state, outcome=outcome, ended_ms=self._setup.now_ms()
            )
        )

    def _stopped(self, why: str) -> JobStopped:
        now = self._progress
        table = f" at {now.table}" if now.table else ""
        return JobStopped(
            f"{why}{table}, after {now.rows:,} of about {now.estimate:,} rows.",
            thing=_name(self.job),
            hint="The same command continues it there.",
        )


def hold(
    setup: JobSetup, slot: Slot, begin: Callable[[], Work], resume: Callable[[Job], Work | None]
) -> Tenure:
    """Take over the job of a slot that nobody works on, or begin one.

    begin: parameters of a new job.
    resume: what to continue the given job with; None to cancel it and begin another.
    Raises JobBusy when another process works on it.
    """
    jobs, name = setup.state.jobs, setup.consumer.name
    holder = f"{setup.by} {uuid.uuid4().hex[:8]}".strip()
    while True:
        seen = jobs.current(name, slot)
        if seen is None:
            now_ms = setup.now_ms()
            job = Job(_new_id(now_ms), name, begin(), by=setup.by, began_ms=now_ms)
            job = msgspec.structs.replace(job, holder=holder, token=1, beat=1)
            if jobs.begin(job):
                return Tenure(setup, job)
            continue
        work = resume(seen)
        silent = _until_silent(setup, seen)
        taken = jobs.take(silent, holder) if silent else None
        if taken is None:
            continue
        tenure = Tenure(setup, taken)
        if work is not None:
            tenure.save(work)
            return tenure
        tenure.cancel()


def _until_silent(setup: JobSetup, seen: Job) -> Job | None:
    """The job once its holder, if any, has been silent for long enough; None when it is over.

    Raises JobBusy as soon as the holder writes.
    """
    jobs, patience = setup.state.jobs, setup.patience
    deadline = patience.clock() + SILENT_SECONDS
    while seen.holder and patience.clock() < deadline:
        setup.show(Progress(0, 0, note=f"waiting whether {seen.holder} still works on {seen.id}"))
        patience.sleep(_POLL_SECONDS)
        now = jobs.current(seen.consumer, seen.slot)
        if now is None or now.id != seen.id:
            return None
        if now.holder and (now.token, now.beat) != (seen.token, seen.beat):
            raise JobBusy(
                f"is under way: {now.holder} works on it.",
                thing=_name(now),
                hint=f"Wait for it, or stop it: rowline jobs pause {now.id}.",
            )
        seen = now
    return seen


def _new_id(now_ms: int) -> str:
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"


def _name(job: Job) -> str:
    return f"{job.kind} {job.id} of {job.consumer}"
