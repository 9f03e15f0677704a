"""Job refused: nobody works on a job while another process, or the jobs function, does."""

from collections.abc import Callable

from shared.adapters.state.jobs import Jobs
from shared.domain.polling import Polling
from shared.flows.jobs.job_lease import HOLDER_SILENT_SECONDS
from shared.values.errors import RowlineError
from shared.values.job import Job
from shared.values.progress import Progress

_POLL_SECONDS = 1.0


class JobBusy(RowlineError):
    """Another process works on a job of the same slot."""


def require_not_in_function(job: Job) -> None:
    """Raise JobBusy when the jobs function works on the job, or will."""
    if job.in_function and job.state == "running":
        raise under_way(job)


def until_silent(
    jobs: Jobs, seen: Job, polling: Polling, show: Callable[[Progress], None]
) -> Job | None:
    """The job once its holder, if any, has been silent for long enough; None when it is over.

    Raises JobBusy as soon as the holder writes.
    """
    deadline = polling.clock() + HOLDER_SILENT_SECONDS
    while seen.holder and polling.clock() < deadline:
        show(Progress(note=f"waiting whether {seen.holder} still works on {seen.id}"))
        polling.sleep(_POLL_SECONDS)
        now = jobs.current(seen.consumer, seen.slot)
        if now is None or now.id != seen.id:
            return None
        if now.holder and (now.token, now.beat) != (seen.token, seen.beat):
            raise under_way(now)
        seen = now
    return seen


def under_way(job: Job) -> JobBusy:
    """The error for whoever wants to do the same work."""
    by = job.holder or "the jobs function"
    return JobBusy(
        f"is under way: {by} works on it.",
        thing=f"{job.kind} {job.id} of {job.consumer}",
        hint=f"Watch it: rowline jobs show {job.id} --watch. Stop it: rowline jobs pause {job.id}.",
    )
