"""The twin of Marks."""

from shared.values.batch_start import BatchStart
from shared.values.job import SendingWork
from shared.values.mark import Mark
from tests.worlds.twins.state.gates import MemoryGates
from tests.worlds.twins.state.jobs import MemoryJobs
from tests.worlds.twins.state.pair_store import MemoryPairStore
from tests.worlds.twins.state.parked import MemoryParked


class MemoryMarks:
    """`jobs` tells which run is under way, `parked` which groups have parked rows, `gates` whether
    the consumer may work.
    """

    def __init__(
        self, jobs: MemoryJobs, parked: MemoryParked, gates: MemoryGates, pairs: MemoryPairStore
    ) -> None:
        self._marks: dict[tuple[str, str], Mark] = {}
        self._jobs, self._parked, self._gates, self._pairs = jobs, parked, gates, pairs

    def read(self, consumer: str, groups: list[str]) -> BatchStart:
        job = self._jobs.current(consumer, "fill")
        run = job.id if job and isinstance(job.work, SendingWork) else ""
        marks = {group: self._marks.get((consumer, group), Mark()) for group in groups}
        flags = self._parked.flags(consumer)
        gate, pairs = self._gates.read(consumer), self._pairs.read(consumer)
        return BatchStart(marks, run, frozenset(flags), gate, pairs)

    def advance(self, consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        refused = {
            group
            for group, (seen, _) in moves.items()
            if self._marks.get((consumer, group), Mark()) != seen
        }
        self._marks |= {
            (consumer, group): to for group, (_, to) in moves.items() if group not in refused
        }
        return refused
