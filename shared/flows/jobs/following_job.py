"""Following a job of the jobs function from elsewhere, until it is over or stops."""

from collections.abc import Callable

import msgspec

from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.values.errors import Outage, StateUnavailable
from shared.values.job import Job
from shared.values.progress import Progress

PATIENCE_SECONDS = 600.0
"""A state table that does not answer for so long ends the watching, and not the job."""

_POLL_SECONDS, _RETRY_SECONDS = 0.5, 2.0
_ENDED = 50


def follow_job(state: State, job: Job, show: Callable[[Progress], None], polling: Polling) -> Job:
    """The job once it is done, cancelled, paused or failed.

    Raises StateUnavailable when the state table did not answer for `PATIENCE_SECONDS`.
    """
    answered, last = polling.clock(), job.progress
    while True:
        try:
            now, is_over = _looked(state, job)
        except Outage as outage:
            if polling.clock() - answered > PATIENCE_SECONDS:
                raise _unwatched(job, outage) from None
            note = f"{outage.what.rstrip('.')}; the job continues, asking again"
            show(msgspec.structs.replace(last, note=note))
            polling.sleep(_RETRY_SECONDS)
            continue
        if is_over:
            return now
        answered, last = polling.clock(), now.progress
        show(last if now.holder else _between(now))
        polling.sleep(_POLL_SECONDS)


def _looked(state: State, job: Job) -> tuple[Job, bool]:
    """The job as it is, and whether nobody works on it any more."""
    now = state.jobs.current(job.consumer, job.slot)
    if now is not None and now.id == job.id:
        return now, now.state != "running"
    over = [one for one in state.jobs.ended(job.consumer, _ENDED) if one.id == job.id]
    return (over[0], True) if over else (job, False)


def _unwatched(job: Job, outage: Outage) -> StateUnavailable:
    return StateUnavailable(
        f"continues in the jobs function, but cannot be watched: {outage}",
        thing=f"{job.kind} {job.id} of {job.consumer}",
        hint=f"Watch it later: rowline jobs show {job.id} --watch.",
    )


def _between(job: Job) -> Progress:
    rows, estimate = job.progress.rows, job.progress.estimate
    return Progress(rows, estimate, note=job.outcome or "waiting for its next slice")
