"""Cancelling a job: ends it for good, where its sink can be reached."""

from collections.abc import Mapping

import msgspec

from shared.flows.jobs.deleting_again import delete_again
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.running_invocations import await_functions
from shared.flows.jobs.storing_pairs import store_pairs, takeover_of
from shared.values.index_pair import NO_PAIRS, IndexPair
from shared.values.job import CutoverWork, SendingWork, into_of
from shared.values.progress import Progress


def cancelled(setup: JobSetup) -> None:
    """End the job of a slice.

    Rows that it sent and that are still on their way are dropped by the consumer; documents that
    were deleted meanwhile are deleted again. A new index that it filled is not written any more; it
    stays, nobody reads it, and the job's outcome names it.
    """
    assert setup.tenure
    tenure, consumer = setup.tenure, setup.consumer.name
    work = tenure.job.work

    def show(note: str) -> None:
        tenure.show(Progress(note=note))

    if isinstance(work, SendingWork):
        delete_again(setup, tenure.job.id, tenure.polling.sleep, show)
    if isinstance(work, CutoverWork):
        _without_exchange(setup)
    into = into_of(tenure.job)
    if into and into.pairs:
        held = setup.state.pairs.read(consumer)
        if held.filling or held.pairs == into.pairs:
            store_pairs(setup, msgspec.structs.replace(NO_PAIRS, version=held.version))
        await_functions(setup, tenure, show, "no function writes to the new index any more")
        takeover_of(setup).end(into.pairs)
    tenure.cancel(_kept(into.pairs if into else {}))


def _without_exchange(setup: JobSetup) -> None:
    """No exchange of the job comes late, and the pairs say where readers are."""
    held = setup.state.pairs.read(setup.consumer.name)
    if held.shown_first:
        moved = takeover_of(setup).withdraw(held.pairs)
        left = msgspec.structs.replace(held, shown_first=False)
        store_pairs(setup, held.exchanged(setup.now_ms()) if moved else left)


def _kept(pairs: Mapping[str, IndexPair]) -> str:
    """What the outcome says of the new indexes: nothing else names them from now on."""
    if not pairs:
        return ""
    names = ", ".join(pair.beside for pair in pairs.values())
    removal = ", ".join(f"DELETE /{pair.beside}" for pair in pairs.values())
    which = f"the new indexes {names} stay" if len(pairs) > 1 else f"the new index {names} stays"
    return f"{which}, and nothing reads or writes there; to remove in Elasticsearch: {removal}"
