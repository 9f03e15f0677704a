"""Taking a job: how a process gets hold of a job: it begins one, continues one, or is refused."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_refused import require_not_in_function, until_silent
from shared.values.job import Job, Slot, Work
from shared.values.progress import Progress
from shared.values.settings import ConsumerSettings


class Holder(Protocol):
    """The parts of a setup that matter for the hold of a job; see `JobSetup`."""

    @property
    def consumer(self) -> ConsumerSettings: ...
    @property
    def state(self) -> State: ...
    @property
    def by(self) -> str: ...
    @property
    def show(self) -> Callable[[Progress], None]: ...
    @property
    def polling(self) -> Polling: ...
    @property
    def now_ms(self) -> Callable[[], int]: ...
    @property
    def tenure(self) -> Tenure | None: ...


def hold(
    setup: Holder, slot: Slot, begin: Callable[[], Work], resume: Callable[[Job], Work | None]
) -> Tenure:
    """Take over the job of a slot that nobody works on, or begin one.

    begin: parameters of a new job.
    resume: what to continue the given job with; None to cancel it and begin another.
    A slice holds its job already, and only continues it. Raises JobBusy when another process works
    on the job, or the jobs function will.
    """
    if setup.tenure:
        return _continued(setup.tenure, resume)
    jobs, name = setup.state.jobs, setup.consumer.name
    holder = new_holder(setup.by)
    while True:
        seen = jobs.current(name, slot)
        if seen is None:
            now_ms = setup.now_ms()
            job = Job(new_id(now_ms), name, begin(), by=setup.by, began_ms=now_ms)
            job = msgspec.structs.replace(job, holder=holder, token=1, beat=1)
            if jobs.begin(job):
                return _tenure(setup, job)
            continue
        require_not_in_function(seen)
        work = resume(seen)
        silent = until_silent(jobs, seen, setup.polling, setup.show)
        here = silent and msgspec.structs.replace(silent, in_function=False)
        taken = jobs.take(here, holder) if here else None
        if taken is None:
            continue
        tenure = _tenure(setup, taken)
        if work is not None:
            tenure.save(work)
            return tenure
        tenure.cancel()


def _tenure(setup: Holder, job: Job) -> Tenure:
    return Tenure(
        setup.state.jobs, job, show=setup.show, polling=setup.polling, now_ms=setup.now_ms
    )


def _continued(tenure: Tenure, resume: Callable[[Job], Work | None]) -> Tenure:
    work = resume(tenure.job)
    assert work is not None, "a slice continues its own job"
    wanted = msgspec.structs.replace(tenure.job.wanted, restart=False)
    tenure.job = msgspec.structs.replace(tenure.job, wanted=wanted)
    tenure.save(work)
    return tenure


def new_holder(by: str) -> str:
    """A name for this process."""
    return f"{by} {uuid.uuid4().hex[:8]}".strip()


def new_id(now_ms: int) -> str:
    """An id that sorts by its time."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC)
    return f"{at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
