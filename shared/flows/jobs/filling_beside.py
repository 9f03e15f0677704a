"""Filling beside: a backfill fills a new index beside the serving one, while changes go to both."""

from collections.abc import Callable, Sequence

import msgspec

from shared.domain.captured_tables import CapturedTable
from shared.flows.jobs.fill_conditions import unfinished
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.running_invocations import await_functions
from shared.flows.jobs.storing_pairs import store_pairs, takeover_of
from shared.values.job import BackfillWork, into_of
from shared.values.new_indexes import NewIndexes
from shared.values.replay_work import ReplayWork


class Beside:
    """The new indexes of one job. A kill between any two calls lets the next run repeat them."""

    def __init__(self, setup: JobSetup, tenure: Tenure, show: Callable[[str], None]) -> None:
        self._setup, self._tenure, self._show = setup, tenure, show
        self._consumer, self._pairs = setup.consumer.name, setup.state.pairs

    def begin(self, tables: Sequence[CapturedTable]) -> None:
        """Make the indexes, and let every change go to both, before any watermark is read.

        An invocation that looked before the pairs were stored may write to the serving index alone
        for as long as it may run. So nothing is read before that time is over. Raises ConfigError.
        """
        takeover = takeover_of(self._setup)
        held = self._pairs.read(self._consumer)
        if not self._into.pairs:
            self._save(pairs=takeover.plan(tables))  # the names: a kill leaves no other index
        if not held.pairs:
            self._show("making the new index")
            made = takeover.make(self._into.pairs, tables)
            self._save(pairs=made)
            store_pairs(self._setup, msgspec.structs.replace(held, pairs=made, filling=True))
        if not self._into.both:
            until = "every function writes to both indexes"
            await_functions(self._setup, self._tenure, self._show, until)
            self._save(both=True)

    def end(self) -> None:
        """Everything is in the new index, and deletions that came meanwhile are applied."""
        held = self._pairs.read(self._consumer)
        if held.filling:
            filled = msgspec.structs.replace(held, filling=False, filled=True)
            store_pairs(self._setup, filled)

    @property
    def _into(self) -> NewIndexes:
        return into_of(self._tenure.job) or NewIndexes()

    def _save(self, **changed: object) -> None:
        into = msgspec.structs.replace(self._into, **changed)
        work = self._tenure.job.work
        assert isinstance(work, BackfillWork | ReplayWork)
        self._tenure.save(msgspec.structs.replace(work, into=into))


def require_place(setup: JobSetup, tables: Sequence[CapturedTable]) -> None:
    """Raises ConfigError when no new index can be filled, before a job is begun with that."""
    job = setup.state.jobs.current(setup.consumer.name, "fill")
    into = into_of(job) if job else None
    if into and into.pairs:
        return  # the job has its indexes
    held = setup.state.pairs.read(setup.consumer.name)
    if held.pairs:
        raise unfinished(setup.consumer.name, held)
    takeover_of(setup).plan(tables)
