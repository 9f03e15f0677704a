"""Bulk work: one call of the sink: the writes of its changes, and what became of each so far."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from shared.adapters.search.contract import Action, Result
from shared.domain.sink import Arrival, Outcome, Slice
from shared.values.message import RUN_LANES, Lane

_WORSE = ("superseded", "applied", "refused", "failed")
MAX_ACTIONS = 1000
MAX_BYTES = 5_000_000
"""Of one bulk request. Source: Elasticsearch reference, "Bulk indexing usage": a few MB; more does
not make it faster.
"""


class OutOfTime(Exception):
    """The function's time does not suffice for another request."""


class BulkStep(msgspec.Struct, frozen=True, gc=False):
    """One write to one document, made for the `at`-th arrival.

    last: it is made after the writes to the index beside this one.
    """

    at: int
    arrival: Arrival
    action: Action
    last: bool = False

    @property
    def is_live_deletion(self) -> bool:
        return self.action.body is None and self.arrival.lane not in RUN_LANES


class BulkWork:
    """The arrivals of one slice, and the outcome of each so far."""

    def __init__(self, slice: Slice) -> None:
        self.arrivals, self.run, self.has_time = slice.arrivals, slice.run, slice.may_go_on
        self.outcomes: list[Outcome | None] = [None] * len(slice.arrivals)
        self.deletions: dict[str, int] = {}
        self._pairs = slice.pairs

    def targets(self, alias: str, lane: Lane) -> tuple[str, ...]:
        """The names under which a change is written, in order.

        Two while an index is filled or can be rolled back to; see `IndexPair`.
        """
        pair = self._pairs.pairs.get(alias)
        if pair is None:
            return (alias,)
        beside, serving = pair.targets
        return (beside,) if self._pairs.filling and lane == "backfill" else (beside, serving)

    @property
    def shows_first(self) -> bool:
        """Whether searches of the index beside must see a change before the serving one has it."""
        return self._pairs.shown_first

    def may_get_rows(self, step: BulkStep) -> bool:
        """Whether rows of the run under way may come to the index of this step."""
        return not (self._pairs.filling and step.last)

    def put_by(self, places: Iterable[int]) -> dict[int, Outcome]:
        """The outcomes of these arrivals so far; those that did not fail are open again."""
        held = {at: outcome for at in places if (outcome := self.outcomes[at]) is not None}
        for at, outcome in held.items():
            if outcome.kind != "failed":
                self.outcomes[at] = None
        return held

    def check_time(self) -> None:
        """Raises OutOfTime when no further request may start."""
        if not self.has_time():
            raise OutOfTime

    def settle(self, at: int, outcome: Outcome) -> None:
        """A change of two writes (its id changed) gets the worse outcome of the two."""
        held = self.outcomes[at]
        if held is None or _WORSE.index(outcome.kind) > _WORSE.index(held.kind):
            self.outcomes[at] = outcome

    def settle_all(self, steps: list[BulkStep], outcome: Outcome) -> None:
        for step in steps:
            self.settle(step.at, outcome)


def runs_between_truncates(arrivals: Sequence[Arrival]) -> Iterator[tuple[list[int], int | None]]:
    """The arrivals cut after each truncation.

    Yields the places before it, and the place of the truncation, None at the end.
    """
    segment: list[int] = []
    for at, arrival in enumerate(arrivals):
        if arrival.change.op == "t":
            yield segment, at
            segment = []
        else:
            segment.append(at)
    yield segment, None


def chunks(steps: dict[str, BulkStep]) -> Iterator[list[tuple[str, BulkStep]]]:
    """The steps in portions that one bulk request takes."""
    chunk: list[tuple[str, BulkStep]] = []
    size = 0
    for where, step in steps.items():
        if chunk and (len(chunk) == MAX_ACTIONS or size + step.arrival.size > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((where, step))
        size += step.arrival.size
    if chunk:
        yield chunk


def outcome_of_result(result: Result) -> Outcome:
    """The outcome; an absent index and whatever passes by itself have failed."""
    if result.kind in ("applied", "superseded"):
        return Outcome(result.kind, pressed=result.rejected)
    kind: Literal["refused", "failed"] = "refused" if result.kind == "refused" else "failed"
    return Outcome(kind, result.reason, pressed=result.rejected)
