"""Deletion recorder: keeps what Elasticsearch forgets of deletions, while old rows may come.

Elasticsearch forgets the version of a deleted document after `index.gc_deletes`, and when it
restarts. While a backfill runs, a row that was read before its deletion may arrive after it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from shared.adapters.search.contract import Action, Search
from shared.adapters.state.jobs import is_under_way
from shared.adapters.state.state import State
from shared.domain.sink import Outcome
from shared.flows.consume.sinks.elasticsearch.bulk_work import BulkStep, BulkWork
from shared.values.errors import SearchError, SearchUnavailable
from shared.values.message import RUN_LANES

_BATCH = 1000
_ATTEMPTS = 8


def address(alias: str, id: str) -> str:
    """One name for a document across indexes, under which its deletion is recorded.

    With an empty id it denotes all documents of `alias`: a truncated table.
    """
    return f"{alias}/{id}"


def split_address(text: str) -> tuple[str, str]:
    """(alias, id) of an address; the id is empty where it denotes a truncated table."""
    alias, _, id = text.partition("/")
    return alias, id


class DeletionRecorder:
    """The deletions of one consumer that are recorded while a run is under way.

    A batch that began before the run records none. Whatever it deletes was published before the
    run: a backfill reads no row before the relay's checkpoint has passed that (`pass_end`), and a
    replay asks the archive only when all such batches are over (`_reached`).
    """

    def __init__(self, consumer: str, state: State) -> None:
        self._consumer, self._records, self._jobs = consumer, state.deletions, state.jobs

    def record(self, work: BulkWork, deletions: dict[str, int]) -> None:
        """Record deletions before they are made.

        Killed in between, the record says only what the next attempt does.
        """
        if deletions and work.run:
            self._records.record(self._consumer, work.run, deletions)
        work.deletions.update(deletions)

    def drop_deleted_since(self, work: BulkWork, steps: list[BulkStep]) -> list[BulkStep]:
        """The steps without older changes of rows that were deleted since.

        Those are backfilled rows, and changes of a replay. They are superseded, also when it was
        their table that was truncated. So are all of them where the run has ended since this batch
        began: its records went with it, and the end was seen after they were read.
        """
        if not work.run or not (read := [step for step in steps if _may_be_late(step)]):
            return steps
        places = {address(step.action.index, id) for step in read for id in ("", step.action.id)}
        deleted = self._records.read(self._consumer, work.run, sorted(places))
        is_over = not is_under_way(self._jobs, self._consumer, work.run)
        kept = []
        for step in steps:
            index, id = step.action.index, step.action.id
            since = max(deleted.get(address(index, ""), 0), deleted.get(address(index, id), 0))
            if _may_be_late(step) and (is_over or since > step.action.version):
                work.settle(step.at, Outcome("superseded"))
            else:
                kept.append(step)
        return kept


def _may_be_late(step: BulkStep) -> bool:
    return step.arrival.change.op == "r" or step.arrival.lane in RUN_LANES


def delete_again(
    search: Search, deletions: Mapping[str, int], sleep: Callable[[float], object]
) -> int:
    """Delete what was recorded, unless the index holds something newer.

    sleep: is also called, with 0, while much is read or written: a job renews its hold then.
    Returns how many documents were deleted. Raises SearchUnavailable, SearchError.
    """
    deleted = 0
    for each, seq in deletions.items():
        alias, document = split_address(each)
        if not document:
            deleted += _delete(search, _older(search, alias, seq, sleep), sleep)
    documents = ((split_address(each), seq) for each, seq in deletions.items())
    actions = (
        Action(alias, document, seq, None) for (alias, document), seq in documents if document
    )
    return deleted + _delete(search, actions, sleep)


def _older(
    search: Search, alias: str, seq: int, sleep: Callable[[float], object]
) -> Iterator[Action]:
    """The deletions of the documents that are older than a truncation."""
    for count, held in enumerate(search.scan(alias), 1):
        if count % _BATCH == 0:
            sleep(0)
        if held.version < seq:
            yield Action(alias, held.id, seq, None)


def _delete(search: Search, actions: Iterable[Action], sleep: Callable[[float], object]) -> int:
    rest = iter(actions)
    return sum(
        _write(search, batch, sleep) for batch in iter(lambda: list(islice(rest, _BATCH)), [])
    )


def _write(search: Search, actions: list[Action], sleep: Callable[[float], object]) -> int:
    """Delete until every deletion is settled; returns how many documents were deleted.

    Raises SearchUnavailable when some still fail after all attempts, SearchError when some are
    refused for good.
    """
    deleted = 0
    for attempt in range(_ATTEMPTS):
        results = search.bulk(actions)
        deleted += sum(result.kind == "applied" for result in results)
        for result in results:
            if result.kind == "refused":
                raise SearchError(
                    f"refuses a deletion: {result.reason}.",
                    thing="the index",
                    hint="Is it read-only?",
                )
        actions = [
            action
            for action, result in zip(actions, results, strict=True)
            if result.kind == "transient"
        ]
        if not actions:
            sleep(0)
            return deleted
        sleep(min(30.0, 0.5 * 2**attempt))
    raise SearchUnavailable(
        "cannot take the deletions of this backfill now.",
        thing="the index",
        hint="The same command continues where this one stopped.",
    )
