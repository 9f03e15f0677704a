"""Latest state: apply changes to Elasticsearch so that each row ends as its newest change says.

Every write carries the change's seq as an external version, so the order and the number of
deliveries do not matter. What Elasticsearch forgets of deletions is in `deletions`.
"""

import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from shared.adapters.search.contract import Action, Result, Search
from shared.adapters.state.state import State
from shared.domain.captured_tables import CapturedTable
from shared.domain.sink import Arrival, Outcome, Slice
from shared.flows.consume.sinks.elasticsearch.bulk_work import (
    BulkStep,
    BulkWork,
    OutOfTime,
    chunks,
    outcome_of_result,
    runs_between_truncates,
)
from shared.flows.consume.sinks.elasticsearch.deletion_recorder import (
    DeletionRecorder,
    address,
    delete_again,
)
from shared.flows.consume.sinks.elasticsearch.index_documents import IndexDocuments
from shared.flows.consume.sinks.elasticsearch.indexes import Indexes
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.flows.consume.sinks.elasticsearch.pressed_bulk import PressedBulk
from shared.flows.consume.sinks.elasticsearch.sink_settings import ElasticsearchSettings
from shared.flows.consume.sinks.elasticsearch.truncation import Truncation
from shared.flows.consume.sinks.elasticsearch.unmappable_row import UnmappableRow
from shared.values.errors import (
    ConfigError,
    SearchError,
    SearchUnavailable,
    SecretUnavailable,
    StackError,
    StateUnavailable,
)
from shared.values.settings import ConsumerSettings


class LatestState:
    """The sink of a consumer. It keeps what it knows of indexes between calls."""

    def __init__(
        self,
        consumer: ConsumerSettings,
        settings: ElasticsearchSettings,
        search: Search,
        state: State,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._search, self._layout = search, Layout(consumer, settings)
        self._bulks = PressedBulk(search, sleep)
        self._indexes = Indexes(self._layout, search, state.schemas)
        self._deletions = DeletionRecorder(consumer.name, state)
        self._truncation = Truncation(
            consumer.name, self._layout, search, self._deletions, state.dues
        )

    def probe(self) -> str:
        return self._search.version()

    def documents(self, table: CapturedTable, place: str = "") -> IndexDocuments:
        return IndexDocuments(self._layout, self._search, table, place)

    def delete_again(self, deletions: Mapping[str, int], sleep: Callable[[float], object]) -> int:
        return delete_again(self._search, deletions, sleep)

    def apply(self, slice: Slice) -> list[Outcome]:
        work = BulkWork(slice)
        stopped = "not reached"
        try:
            for segment, truncation in runs_between_truncates(slice.arrivals):
                self._write(work, segment)
                if truncation is not None:
                    self._truncation.apply(work, truncation)
        except (SearchError, SearchUnavailable, ConfigError, SecretUnavailable) as error:
            # The last two: the login was refused, and the secret could not be read again.
            stopped = str(error)
        except OutOfTime:
            stopped = "the function's time was over"
        return [outcome or Outcome("failed", stopped) for outcome in work.outcomes]

    def _write(self, work: BulkWork, segment: Sequence[int]) -> None:
        """Write a segment; where an index has another beside it, to that one first.

        Whatever is in the serving index is in the other one then, at every moment; while readers
        may be moved, searches of the other one see it, too.
        """
        steps = self._steps(work, segment)
        self._write_steps(work, [step for step in steps if not step.last])
        if last := [step for step in steps if step.last]:
            held = work.put_by({step.at for step in last})
            if work.shows_first:
                work.check_time()
                self._search.refresh(sorted({each.action.index for each in steps if not each.last}))
            failed = {at for at, outcome in held.items() if outcome.kind == "failed"}
            self._write_steps(work, [step for step in last if step.at not in failed])
            for at, outcome in held.items():
                work.settle(at, outcome)

    def _write_steps(self, work: BulkWork, steps: Sequence[BulkStep]) -> None:
        """Write the last state of each document; where that is refused, the one before it, and so
        on.
        """
        documents: dict[str, list[BulkStep]] = {}
        for step in self._deletions.drop_deleted_since(work, list(steps)):
            documents.setdefault(address(step.action.index, step.action.id), []).append(step)
        for some in documents.values():
            if len(some) > 1:
                # Stable: of equal versions the later arrival wins, as it would in Elasticsearch.
                some.sort(key=lambda step: step.action.version)
        made: set[str] = set()
        while documents := {where: steps for where, steps in documents.items() if steps}:
            for where, reason in self._unprepared(documents).items():
                work.settle_all(documents.pop(where), Outcome("failed", reason))
            for chunk in chunks({where: steps[-1] for where, steps in documents.items()}):
                results = self._bulk(work, [step for _, step in chunk])
                missing = {
                    step.action.index
                    for (_, step), result in zip(chunk, results, strict=True)
                    if result.kind == "missing"
                }
                for (where, step), result in zip(chunk, results, strict=True):
                    if result.kind == "refused":
                        work.settle(step.at, Outcome("refused", result.reason))
                        documents[where].pop()
                    elif result.kind != "missing" or step.action.index in made:
                        work.settle_all(documents[where], outcome_of_result(result))
                        documents[where] = []
                self._indexes.forget(missing)
                made |= missing

    def _unprepared(self, documents: dict[str, list[BulkStep]]) -> dict[str, str]:
        """Document → why its index cannot be made ready; documents of other indexes continue."""
        reasons: dict[str, str] = {}
        failed: dict[str, str] = {}
        for where, steps in documents.items():
            alias = steps[-1].action.index
            if alias not in failed:
                try:
                    for step in steps:
                        self._indexes.prepare(alias, step.arrival.message)
                except SearchUnavailable:
                    raise
                except (SearchError, StackError, StateUnavailable, ConfigError) as error:
                    failed[alias] = str(error)
            if alias in failed:
                reasons[where] = failed[alias]
        return reasons

    def _bulk(self, work: BulkWork, steps: list[BulkStep]) -> list[Result]:
        work.check_time()
        self._deletions.record(
            work,
            {
                address(step.action.index, step.action.id): step.action.version
                for step in steps
                if step.is_live_deletion and work.may_get_rows(step)
            },
        )
        return self._bulks.send([step.action for step in steps], work.has_time)

    def _steps(self, work: BulkWork, segment: Sequence[int]) -> list[BulkStep]:
        steps: list[BulkStep] = []
        for at in segment:
            arrival = work.arrivals[at]
            try:
                alias = self._layout.alias(arrival.message.database, arrival.message.table)
                for action in self._actions(alias, arrival):
                    # The index may have forgotten that a newer change deleted this document.
                    if action.body is not None and arrival.is_older:
                        work.settle(at, Outcome("superseded", asked=False))
                    else:
                        steps += _on_all(work, alias, BulkStep(at, arrival, action))
            except UnmappableRow as error:
                reason = f"{type(error).__name__}: {error}"
                work.settle(at, Outcome("refused", reason, asked=False))
            except ConfigError as error:
                work.settle(at, Outcome("failed", str(error)))
        return steps

    def _actions(self, alias: str, arrival: Arrival) -> list[Action]:
        shape, change = self._layout.shape, arrival.change
        before, after = shape.change_ids(change)
        actions = (
            [] if before is None or before == after else [Action(alias, before, change.seq, None)]
        )
        if after is not None:
            if change.after is None:
                raise UnmappableRow(
                    "has no `after`.",
                    thing=f"change {change.id}",
                    hint="The relay that wrote it is of another version.",
                )
            body = shape.body(change.after) if arrival.fields is None else arrival.fields
            actions.append(Action(alias, after, change.seq, body))
        return actions


def _on_all(work: BulkWork, alias: str, step: BulkStep) -> Sequence[BulkStep]:
    """The step for each index that it is written to."""
    targets = work.targets(alias, step.arrival.lane)
    if targets == (alias,):
        return (step,)
    actions = [msgspec.structs.replace(step.action, index=target) for target in targets]
    return [
        BulkStep(step.at, step.arrival, action, last=number > 0)
        for number, action in enumerate(actions)
    ]
