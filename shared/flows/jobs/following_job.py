"""Following a job of the jobs function from elsewhere, until it is over or stops."""

from collections.abc import Callable

from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.values.job import Job
from shared.values.progress import Progress

_POLL_SECONDS = 0.5
_ENDED = 50


def follow_job(state: State, job: Job, show: Callable[[Progress], None], polling: Polling) -> Job:
    """The job once it is done, cancelled, paused or failed. Raises StateUnavailable."""
    while True:
        now = state.jobs.current(job.consumer, job.slot)
        if now is None or now.id != job.id:
            over = [one for one in state.jobs.ended(job.consumer, _ENDED) if one.id == job.id]
            if over:
                return over[0]
        elif now.state != "running":
            return now
        else:
            show(now.progress if now.holder else _between(now))
        polling.sleep(_POLL_SECONDS)


def _between(job: Job) -> Progress:
    rows, estimate = job.progress.rows, job.progress.estimate
    return Progress(rows, estimate, note=job.outcome or "waiting for its next slice")
