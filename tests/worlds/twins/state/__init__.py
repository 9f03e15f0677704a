"""The twins of the state stores."""

from collections.abc import Callable
from typing import Any

import msgspec

from shared.adapters.state.state import State
from shared.values.job import BackfillWork, Job
from tests.worlds.twins.state.archive_progresses import MemoryArchiveProgresses
from tests.worlds.twins.state.coverages import MemoryCoverages
from tests.worlds.twins.state.dues import MemoryDues
from tests.worlds.twins.state.gates import MemoryGates
from tests.worlds.twins.state.groups_in_hand import MemoryGroupsInHand
from tests.worlds.twins.state.jobs import (
    MemoryDeletions,
    MemoryDoneMessages,
    MemoryJobs,
    MemoryRedriven,
)
from tests.worlds.twins.state.marks import MemoryMarks
from tests.worlds.twins.state.pair_store import MemoryPairStore
from tests.worlds.twins.state.parked import MemoryParked
from tests.worlds.twins.state.pulses import MemoryPulses
from tests.worlds.twins.state.run_leases import MemoryRunLeases
from tests.worlds.twins.state.schemas import MemorySchemas
from tests.worlds.twins.state.streams import MemoryStreams
from tests.worlds.twins.state.verify_reports import MemoryVerifyReports

__all__ = [
    "MemoryCoverages",
    "MemoryDues",
    "MemorySchemas",
    "MemoryStreams",
    "begin_fill",
    "end_fill",
    "memory_state",
    "wrapped",
]


def memory_state() -> State:
    """All stores of a stage that has just been deployed."""
    deletions, done_messages = MemoryDeletions(), MemoryDoneMessages()
    redriven, gates = MemoryRedriven(), MemoryGates()
    jobs = MemoryJobs(deletions, done_messages, redriven)
    parked, pairs = MemoryParked(), MemoryPairStore()
    return State(
        streams=MemoryStreams(),
        schemas=MemorySchemas(),
        coverage=MemoryCoverages(),
        marks=MemoryMarks(jobs, parked, gates, pairs),
        parked=parked,
        redriven=redriven,
        jobs=jobs,
        groups_in_hand=MemoryGroupsInHand(),
        deletions=deletions,
        done_messages=done_messages,
        dues=MemoryDues(),
        reports=MemoryVerifyReports(),
        pulses=MemoryPulses(),
        pairs=pairs,
        leases=MemoryRunLeases(),
        gates=gates,
        archive_progress=MemoryArchiveProgresses(),
    )


def wrapped(state: State, wrap: Callable[[Any], Any]) -> State:
    """The same stores, with something put before each."""
    return State(**{name: wrap(store) for name, store in vars(state).items()})


def begin_fill(state: State, id: str) -> None:
    """A backfill of the consumer `search` is under way, as far as its function can see."""
    assert state.jobs.begin(Job(id, "search", BackfillWork(), token=1, beat=1))


def end_fill(state: State) -> None:
    """It is over."""
    job = state.jobs.current("search", "fill")
    assert job
    state.jobs.end(msgspec.structs.replace(job, state="done"))
