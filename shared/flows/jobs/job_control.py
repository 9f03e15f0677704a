"""Job control: lists the jobs of a stage, and stops one from anywhere."""

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Literal

import msgspec

from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.domain.sink import Listable, Sink
from shared.flows.jobs.job_lease import HOLDER_SILENT_SECONDS, Tenure
from shared.flows.jobs.job_refused import under_way
from shared.values.errors import ConfigError, StackError
from shared.values.job import SLOTS, Job, JobLost, SendingWork, Wanted, into_of

_POLL_SECONDS = 1.0
_ENDED_SHOWN = 20


def jobs_of(state: State, consumers: Collection[str], ended: int = _ENDED_SHOWN) -> list[Job]:
    """The jobs of these consumers: those that are not over first, then the last `ended` of each."""
    held = [state.jobs.current(name, slot) for name in consumers for slot in SLOTS]
    over = [job for name in consumers for job in state.jobs.ended(name, ended)]
    over.sort(key=lambda job: job.began_ms, reverse=True)
    return [job for job in held if job] + over


def find(state: State, consumers: Collection[str], id: str) -> Job:
    """A job by its id. Raises ConfigError."""
    for job in jobs_of(state, consumers, ended=1_000):
        if job.id == id:
            return job
    raise ConfigError("is no job of this stage.", thing=id, hint="See rowline jobs list.")


def pause(state: State, job: Job, tell: Callable[[str], None], polling: Polling) -> Job:
    """Stop a job so that it can be continued; returns it as it is then.

    Raises StackError when it is over.
    """

    def paused(taken: Job, outcome: str) -> Job:
        return msgspec.structs.replace(taken, state="paused", outcome=outcome or "paused")

    return _stopped(state, job, "pause", paused, tell, polling)


def resume(state: State, job: Job, wanted: Wanted | None = None) -> Job:
    """Let the jobs function continue a job that is paused or failed; returns it as it is then.

    wanted: replaces what the job was asked for.
    Raises StackError when it is over, and JobBusy when a process works on it.
    """
    while True:
        now = state.jobs.current(job.consumer, job.slot)
        if now is None or now.id != job.id:
            raise _over(job)
        if now.state == "running":
            raise under_way(now)
        now = msgspec.structs.replace(
            now, in_function=True, wanted=wanted or now.wanted, stumbles=0, refused=0
        )
        if taken := state.jobs.take(now, ""):
            return taken


def cancel(
    state: State, job: Job, sink: Sink, tell: Callable[[str], None], polling: Polling
) -> Job:
    """End a job for good.

    Rows that it sent and that are still on their way are dropped by the consumer; documents that
    were deleted meanwhile are deleted again. Raises StackError when it is over.
    """
    taken, _ = _taken(state, job, "cancel", "cancelling", tell, polling)
    hold = Tenure(state.jobs, taken, show=lambda _: None, polling=polling, now_ms=lambda: 0)
    if isinstance(taken.work, SendingWork) and isinstance(sink, Listable):
        deletions = state.deletions.read(job.consumer, job.id)
        sink.delete_again(deletions, hold.polling.sleep)  # renews the hold: it may take minutes
    taken = hold.job
    outcome = "cancelled"
    if into_of(taken) and state.pairs.read(job.consumer).filling:
        # The writes end after the time-out of the consumer's function; --abandon waits for that.
        outcome += f"; changes still go to the new index: rowline cutover {job.consumer} --abandon"
    ended = msgspec.structs.replace(taken, state="cancelled", outcome=outcome, holder="")
    state.jobs.end(ended)
    return ended


def cancel_in_function(
    state: State, job: Job, tell: Callable[[str], None], polling: Polling
) -> Job:
    """Let the jobs function end a job for good: the sink can be reached there.

    Returns it as it is then; its next slice ends it. Raises StackError when it is over.
    """

    def ending(taken: Job, _: str) -> Job:
        wanted = msgspec.structs.replace(taken.wanted, cancel=True)
        return msgspec.structs.replace(
            taken, state="running", in_function=True, wanted=wanted, outcome="", stumbles=0
        )

    return _stopped(state, job, "cancel", ending, tell, polling)


def _stopped(
    state: State,
    job: Job,
    wish: Literal["pause", "cancel"],
    changed: Callable[[Job, str], Job],
    tell: Callable[[str], None],
    polling: Polling,
) -> Job:
    """Take a job from its holder and store it as `changed` makes it of that and its outcome."""
    while True:
        taken, outcome = _taken(state, job, wish, "", tell, polling)
        with suppress(JobLost):  # a slice took it in between
            return state.jobs.save(changed(taken, outcome))


def _taken(
    state: State,
    job: Job,
    wish: Literal["pause", "cancel"],
    holder: str,
    tell: Callable[[str], None],
    polling: Polling,
) -> tuple[Job, str]:
    """The job, taken once nobody works on it, and its outcome before.

    The next slice may be faster than we are, and has then taken our wish away: we ask again.
    """
    while True:
        state.jobs.ask(job, wish)
        free = _freed(state, job, wish, tell, polling)
        if taken := state.jobs.take(free, holder):
            return taken, free.outcome


def _freed(
    state: State,
    job: Job,
    wish: Literal["pause", "cancel"],
    tell: Callable[[str], None],
    polling: Polling,
) -> Job:
    """The job once nobody works on it: its holder stopped, or was silent for long enough.

    A function that is silent may still write to the sink until its invocation is over, so whoever
    cancels waits for that too.
    """
    silent_at, beat = polling.clock() + HOLDER_SILENT_SECONDS, (job.token, job.beat)
    ends_at = polling.clock() + job.left_s
    while True:
        now = state.jobs.current(job.consumer, job.slot)
        if now is None or now.id != job.id:
            raise _over(job)
        if not now.holder:
            return now
        if not now.asked:
            state.jobs.ask(job, wish)
        if (now.token, now.beat) != beat:
            silent_at, beat = polling.clock() + HOLDER_SILENT_SECONDS, (now.token, now.beat)
            ends_at = polling.clock() + now.left_s
        elif polling.clock() >= silent_at and (wish == "pause" or polling.clock() >= ends_at):
            return now
        tell(f"waiting until {now.holder} stops")
        polling.sleep(_POLL_SECONDS)


def _over(job: Job) -> StackError:
    return StackError("is over.", thing=f"{job.kind} {job.id}", hint="See rowline jobs list.")
