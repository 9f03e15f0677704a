"""Latest state: apply changes to Elasticsearch so that each row's newest change stands, whatever
the order or number of deliveries.

Every write carries the change's seq as an external version. What Elasticsearch forgets — the
versions of deleted documents — is kept durably while a backfill is under way, because only then may
a change older than a deletion still come.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import msgspec

from shared.adapters.search.contract import Action, Result, Search
from shared.adapters.state.state import State
from shared.flows.consume.sinks.elasticsearch.indexes import Indexes
from shared.values.change import Change
from shared.values.document import DocumentError, Shape, address
from shared.values.errors import (
    ConfigError,
    SearchError,
    SearchUnavailable,
    StackError,
    StateUnavailable,
)
from shared.values.index import alias_of, check_alias
from shared.values.message import Lane, Message
from shared.values.settings import ConsumerSettings

_WORSE = ("superseded", "applied", "refused", "failed")
MAX_ACTIONS = 1000
MAX_BYTES = 5_000_000
"""Of one bulk request. Source: Elasticsearch reference, "Bulk indexing usage": a few MB; more does
not make it faster.
"""


class Arrival(msgspec.Struct, frozen=True):
    """A change on its way into the sink: the message it came in, its lane, the whole change (claims
    resolved), about how many bytes it has.
    """

    message: Message
    lane: Lane
    change: Change
    size: int


class Outcome(msgspec.Struct, frozen=True):
    """What became of a change. `failed`: nothing is wrong with it, try again; `refused`: it will
    never be accepted as it is. `reason` is empty when all went well.
    """

    kind: Literal["applied", "superseded", "refused", "failed"]
    reason: str = ""


class _Step(msgspec.Struct, frozen=True):
    """One write to one document, made for the `at`-th arrival."""

    at: int
    arrival: Arrival
    action: Action

    @property
    def is_live_deletion(self) -> bool:
        return self.action.body is None and self.arrival.lane == "live"


class LatestState:
    """A consumer's sink. It keeps what it knows of indexes between calls: one object serves a warm
    function for long.
    """

    def __init__(self, consumer: ConsumerSettings, search: Search, state: State) -> None:
        check_alias(consumer)
        self._consumer, self._search = consumer, search
        self._jobs, self._deletions = state.jobs, state.deletions
        self._shape = Shape.of(consumer)
        self._indexes = Indexes(consumer, search, state.schemas)

    def apply(
        self, arrivals: Sequence[Arrival], run: str, may_go_on: Callable[[], bool]
    ) -> list[Outcome]:
        """Apply changes; of one row's, the newest stands in the end. One outcome per arrival.

        `run` is the id of the backfill under way ("" for none). `may_go_on` tells whether there is
        time for another request; what is not done when it says no is `failed`. Raises what the
        state store raises; the same arrivals may then be applied again.
        """
        work = _Work(arrivals, run, may_go_on)
        stopped = "not reached"
        try:
            for segment, truncation in _segments(arrivals):
                self._write(work, segment)
                if truncation is not None:
                    self._truncate(work, truncation)
        except (SearchError, SearchUnavailable) as error:
            stopped = str(error)
        except _OutOfTime:
            stopped = "the function's time was over"
        if work.deletions and not run:
            self._remember_for_a_run_begun_meanwhile(work.deletions)
        return [outcome or Outcome("failed", stopped) for outcome in work.outcomes]

    def _write(self, work: "_Work", segment: Sequence[int]) -> None:
        """Write the last state of each document; where that is refused, the one before it, and so
        on.
        """
        documents: dict[str, list[_Step]] = {}
        for step in self._not_deleted_since(work, list(self._steps(work, segment))):
            documents.setdefault(address(step.action.index, step.action.id), []).append(step)
        for steps in documents.values():
            steps.sort(
                key=lambda step: step.action.version
            )  # stable: of equal versions the later arrival wins, as it would in Elasticsearch
        made: set[str] = set()
        while documents := {where: steps for where, steps in documents.items() if steps}:
            for where, reason in self._unprepared(documents).items():
                work.settle_all(documents.pop(where), Outcome("failed", reason))
            for chunk in _chunks({where: steps[-1] for where, steps in documents.items()}):
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
                        work.settle_all(documents[where], _outcome(result))
                        documents[where] = []
                self._indexes.forget(missing)
                made |= missing

    def _unprepared(self, documents: dict[str, list[_Step]]) -> dict[str, str]:
        """Document → why its index cannot be made ready; the documents of other indexes go on."""
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

    def _bulk(self, work: "_Work", steps: list[_Step]) -> list[Result]:
        work.check_time()
        # Recorded before the deletion itself: killed in between, the record only says what the next
        # attempt does.
        self._remember(
            work,
            {
                address(step.action.index, step.action.id): step.action.version
                for step in steps
                if step.is_live_deletion
            },
        )
        return self._search.bulk([step.action for step in steps])

    def _steps(self, work: "_Work", segment: Sequence[int]) -> Iterator[_Step]:
        for at in segment:
            arrival = work.arrivals[at]
            try:
                alias = alias_of(self._consumer, arrival.message.database, arrival.message.table)
                yield from [
                    _Step(at, arrival, action) for action in self._actions(alias, arrival.change)
                ]
            except DocumentError as error:
                work.settle(at, Outcome("refused", f"{type(error).__name__}: {error}"))
            except ConfigError as error:
                work.settle(at, Outcome("failed", str(error)))

    def _actions(self, alias: str, change: Change) -> list[Action]:
        before, after = self._shape.change_ids(change)
        actions = (
            [] if before is None or before == after else [Action(alias, before, change.seq, None)]
        )
        if after is not None:
            if change.after is None:
                raise DocumentError(
                    "has no `after`.",
                    thing=f"change {change.id}",
                    hint="The relay that wrote it is of another version.",
                )
            actions.append(Action(alias, after, change.seq, self._shape.body(change.after)))
        return actions

    def _not_deleted_since(self, work: "_Work", steps: list[_Step]) -> list[_Step]:
        """Without the backfilled rows that were deleted, or whose table was truncated, after they
        were read.
        """
        if not work.run or not (read := [step for step in steps if step.arrival.change.op == "r"]):
            return steps
        places = {address(step.action.index, id) for step in read for id in ("", step.action.id)}
        deleted = self._deletions.read(self._consumer.name, work.run, sorted(places))
        kept = []
        for step in steps:
            index, id = step.action.index, step.action.id
            if (
                step.arrival.change.op == "r"
                and max(deleted.get(address(index, ""), 0), deleted.get(address(index, id), 0))
                > step.action.version
            ):
                work.settle(step.at, Outcome("superseded"))
            else:
                kept.append(step)
        return kept

    def _truncate(self, work: "_Work", at: int) -> None:
        """Delete all documents of a table that are older than its truncation. Stopped halfway, the
        next attempt finds what is left.

        Each group of the table brings a `t` of its own: documents whose older changes are still
        under way in another group are deleted by that group's.
        """
        arrival = work.arrivals[at]
        seq = arrival.change.seq
        try:
            alias = alias_of(self._consumer, arrival.message.database, arrival.message.table)
        except ConfigError as error:
            return work.settle(at, Outcome("failed", str(error)))
        if partitions := arrival.change.key.get("partitions"):
            return work.settle(
                at, Outcome("refused", self._partitions_dropped(arrival.message, partitions, alias))
            )
        self._remember(work, {address(alias, ""): seq})
        old: list[Action] = []
        results: list[Result] = []
        for count, document in enumerate(self._search.scan(alias)):
            if count % MAX_ACTIONS == 0:
                work.check_time()
            if document.version < seq:
                old.append(Action(alias, document.id, seq, None))
            if len(old) == MAX_ACTIONS:
                results += self._search.bulk(old)
                old = []
        if old:
            results += self._search.bulk(old)
        undone = [result for result in results if result.kind in ("transient", "refused")]
        work.settle(at, Outcome("failed", undone[0].reason) if undone else Outcome("applied"))

    def _partitions_dropped(self, message: Message, partitions: list[str], alias: str) -> str:
        """No document tells which partition its row was in, so none is deleted: a person is told,
        by way of the dead-letter queue and its alarm.
        """
        names = ", ".join(partitions[:5]) + (", …" if len(partitions) > 5 else "")
        return (
            f"partitions {names} of {message.full_name} were dropped; their documents are "
            f"still in {alias}: "
            f"run `rowline verify {self._consumer.name} --repair`"
        )

    def _remember(self, work: "_Work", deletions: dict[str, int]) -> None:
        if deletions and work.run:
            self._deletions.record(self._consumer.name, work.run, deletions)
        work.deletions.update(deletions)

    def _remember_for_a_run_begun_meanwhile(self, deletions: dict[str, int]) -> None:
        """A backfill that began after this batch looked may have read, through a lagging replica, a
        row that this batch deleted. Its messages of the same group come only after this batch has
        returned: recording now is in time.
        """
        run = self._jobs.run(self._consumer.name)
        if run is not None:
            self._deletions.record(self._consumer.name, run.id, deletions)


class _OutOfTime(Exception):
    pass


class _Work:
    """One call of `apply`: what came, and what became of it so far."""

    def __init__(
        self, arrivals: Sequence[Arrival], run: str, may_go_on: Callable[[], bool]
    ) -> None:
        self.arrivals, self.run, self._may_go_on = arrivals, run, may_go_on
        self.outcomes: list[Outcome | None] = [None] * len(arrivals)
        self.deletions: dict[str, int] = {}

    def check_time(self) -> None:
        if not self._may_go_on():
            raise _OutOfTime

    def settle(self, at: int, outcome: Outcome) -> None:
        """A change of two writes (its id changed) is as well off as the worse of them."""
        held = self.outcomes[at]
        if held is None or _WORSE.index(outcome.kind) > _WORSE.index(held.kind):
            self.outcomes[at] = outcome

    def settle_all(self, steps: list[_Step], outcome: Outcome) -> None:
        for step in steps:
            self.settle(step.at, outcome)


def _segments(arrivals: Sequence[Arrival]) -> Iterator[tuple[list[int], int | None]]:
    """The arrivals cut after each truncation: (places before it, place of the truncation or None at
    the end).
    """
    segment: list[int] = []
    for at, arrival in enumerate(arrivals):
        if arrival.change.op == "t":
            yield segment, at
            segment = []
        else:
            segment.append(at)
    yield segment, None


def _chunks(steps: dict[str, _Step]) -> Iterator[list[tuple[str, _Step]]]:
    chunk: list[tuple[str, _Step]] = []
    size = 0
    for where, step in steps.items():
        if chunk and (len(chunk) == MAX_ACTIONS or size + step.arrival.size > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((where, step))
        size += step.arrival.size
    if chunk:
        yield chunk


def _outcome(result: Result) -> Outcome:
    if result.kind in ("applied", "superseded"):
        return Outcome(result.kind)
    return Outcome("failed", result.reason)
