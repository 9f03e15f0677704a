"""Job lease: one process works on a job, and says so often enough that nobody else does.

The job's token fences every write, so a process that was frozen and replaced stores nothing. What
it sends meanwhile is harmless: rows carry the watermark under which they were read.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import msgspec

from shared.adapters.state.jobs import Jobs
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.polling import Polling
from shared.flows.jobs.fruitless_slices import EMPTY_SLICE, OUTAGE, are_too_many
from shared.flows.jobs.slice_end import SliceOver, is_over
from shared.values.counted import counted
from shared.values.errors import Outage, RowlineError
from shared.values.job import Job, JobLost, JobState, Work
from shared.values.progress import Progress

BEAT_SECONDS = 5.0
"""A holder writes at least this often, unless it waits for one answer of another system."""

HOLDER_SILENT_SECONDS = 30.0
"""A holder that has not written for this long is taken for dead."""


class JobStopped(RowlineError):
    """A job was stopped from outside; it continues when it is run again."""

    exit_code = 130


class Tenure:
    """The hold of this process on a job.

    job: as it was last stored.
    show: is called often with the progress.
    polling: a clock whose waits renew the hold.
    left: seconds until this process is stopped, for a slice; None for any other process.
    """

    def __init__(
        self,
        jobs: Jobs,
        job: Job,
        *,
        show: Callable[[Progress], None],
        polling: Polling,
        now_ms: Callable[[], int],
        left: Callable[[], float] | None = None,
    ) -> None:
        self._jobs, self.job, self._told = jobs, job, show
        self._clock, self._wait, self._beaten = polling.clock, polling.sleep, polling.clock()
        self._now_ms, self._left, self._kept = now_ms, left, False
        self._began, self._moved = job.work, False
        self.polling = Polling(self._clock, self._sleep)

    def save(self, work: Work) -> None:
        """Store progress. Raises JobLost, SliceOver, and JobStopped when somebody asked for it."""
        forward = work != self.job.work
        stumbles = 0 if forward else self.job.stumbles
        self._store(msgspec.structs.replace(self.job, work=work, stumbles=stumbles))
        if self.job.asked:
            raise JobStopped(
                f"somebody asked it to stop ({self.job.asked}).", thing=_name(self.job)
            )
        if self._left and is_over(self._left()):
            raise SliceOver

    def show(self, progress: Progress) -> None:
        """Tell whoever watches, and renew the hold when it is time."""
        self.job = msgspec.structs.replace(self.job, progress=progress)
        self._told(progress)
        if self._clock() - self._beaten >= BEAT_SECONDS:
            self.save(self.job.work)

    def moved(self) -> None:
        """Note that a wait advances: this slice brings the job forward."""
        self._moved = True

    def wait_out(self, seconds: float, what: str) -> None:
        """Wait for so many seconds, those before an earlier slice of the job ended included.

        A wait that is longer than a slice continues in the next one. The job keeps what is left of
        it, so no clocks of two machines are compared. Raises what `save` raises.
        """
        if self.job.waits_for != what:
            self._store(msgspec.structs.replace(self.job, waits_for=what, waits_s=seconds))
        while (left := self.job.waits_s) > 0:
            self._moved, some = True, min(left, BEAT_SECONDS)
            self._wait(some)
            self.job = msgspec.structs.replace(self.job, waits_s=left - some)
            self.save(self.job.work)

    def end(self, outcome: str, result: dict[str, Any]) -> None:
        """End the job, which is done. result: the report, for whoever watches it from elsewhere."""
        self.job = msgspec.structs.replace(self.job, result=result)
        self._end("done", outcome)

    def cancel(self, kept: str = "") -> None:
        """End the job before it is done. kept: what it leaves behind that somebody may remove."""
        self._end("cancelled", f"cancelled; {kept}" if kept else "cancelled")

    def refuse(self, why: str) -> None:
        """End the job before anything of it was done, because it cannot be done."""
        self._end("cancelled", why)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Around the work: whatever ends it early is stored with the job, which stays resumable.

        A kill stores nothing: the silence of the holder is the sign. Inside another `kept` it does
        nothing.
        """
        if self._kept:
            yield
            return
        self._kept = True
        try:
            yield
        except KeyboardInterrupt:
            self._leave("paused", "interrupted")
            raise self._stopped("interrupted") from None
        except JobStopped as stopped:
            self._leave("paused", stopped.what)
            raise self._stopped(stopped.what.rstrip(".")) from None
        except SliceOver:
            self._stumble("it needs more time for one step than a slice has", EMPTY_SLICE)
            raise
        except JobLost:
            raise
        except DeletionRefused as refused:
            self._leave("failed", str(refused), refused=refused.count)
            raise
        except Outage as outage:
            if self.job.in_function:
                self._stumble(str(outage), OUTAGE)
            else:
                self._leave("failed", str(outage))
            raise
        except Exception as error:
            self._leave("failed", str(error))
            raise

    def seconds(self) -> float:
        """Since the job was begun."""
        return round((self._now_ms() - self.job.began_ms) / 1000, 1)

    def _stumble(self, why: str, cost: int) -> None:
        """Leave the job to the next slice, unless too many brought nothing forward."""
        if cost == EMPTY_SLICE and (self._moved or self.job.work != self._began):
            return self._leave("running", "")
        stumbles = self.job.stumbles + cost
        if not are_too_many(stumbles):
            return self._leave("running", "" if cost == EMPTY_SLICE else why, stumbles=stumbles)
        hint = " Run it with --here, where no slice ends." if cost == EMPTY_SLICE else ""
        self._leave("failed", f"{why}.{hint}" if hint else why)

    def _sleep(self, seconds: float) -> None:
        """Wait, and renew the hold when it is time, also for a wait of 0 seconds."""
        left = seconds
        while True:
            if left > 0:
                self._wait(min(left, BEAT_SECONDS))
                left -= BEAT_SECONDS
            if self._clock() - self._beaten >= BEAT_SECONDS:
                self.save(self.job.work)
            if left <= 0:
                return

    def _store(self, job: Job) -> None:
        if job.holder:
            left_s = round(self._left(), 1) if self._left else 0.0
            job = msgspec.structs.replace(job, left_s=left_s)
        self.job = self._jobs.save(job)
        self._beaten = self._clock()

    def _leave(self, state: JobState, outcome: str, refused: int = 0, stumbles: int = 0) -> None:
        with suppress(RowlineError):  # its silence says the same a little later
            self._store(
                msgspec.structs.replace(
                    self.job,
                    state=state,
                    outcome=outcome,
                    holder="",
                    left_s=0.0,
                    refused=refused,
                    stumbles=stumbles,
                )
            )

    def _end(self, state: JobState, outcome: str) -> None:
        self._jobs.end(
            msgspec.structs.replace(
                self.job, state=state, outcome=outcome, ended_ms=self._now_ms(), progress=Progress()
            )
        )

    def _stopped(self, why: str) -> JobStopped:
        now = self.job.progress
        table = f" at {now.table}" if now.table else ""
        return JobStopped(
            f"{why}{table}, after {now.rows:,} of about {counted(now.estimate, 'row')}.",
            thing=_name(self.job),
            hint="The same command continues it there.",
        )


def _name(job: Job) -> str:
    return f"{job.kind} {job.id} of {job.consumer}"
