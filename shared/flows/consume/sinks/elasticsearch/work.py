"""Work: one call of the sink: the writes that its changes need, and what became of each so far."""

from collections.abc import Iterator, Sequence

import msgspec

from shared.adapters.search.contract import Action
from shared.domain.sink import Arrival, Outcome, Slice

_WORSE = ("superseded", "applied", "refused", "failed")
MAX_ACTIONS = 1000
MAX_BYTES = 5_000_000
"""Of one bulk request. Source: Elasticsearch reference, "Bulk indexing usage": a few MB; more does
not make it faster.
"""


class OutOfTime(Exception):
    """The function's time does not suffice for another request."""


class Step(msgspec.Struct, frozen=True):
    """One write to one document, made for the `at`-th arrival."""

    at: int
    arrival: Arrival
    action: Action

    @property
    def is_live_deletion(self) -> bool:
        return self.action.body is None and self.arrival.lane != "backfill"


class Work:
    """The arrivals of one slice, and the outcome of each so far."""

    def __init__(self, slice: Slice) -> None:
        self.arrivals, self.run, self._may_go_on = slice.arrivals, slice.run, slice.may_go_on
        self.outcomes: list[Outcome | None] = [None] * len(slice.arrivals)
        self.deletions: dict[str, int] = {}

    def check_time(self) -> None:
        """Raises OutOfTime."""
        if not self._may_go_on():
            raise OutOfTime

    def settle(self, at: int, outcome: Outcome) -> None:
        """A change of two writes (its id changed) gets the worse outcome of the two."""
        held = self.outcomes[at]
        if held is None or _WORSE.index(outcome.kind) > _WORSE.index(held.kind):
            self.outcomes[at] = outcome

    def settle_all(self, steps: list[Step], outcome: Outcome) -> None:
        for step in steps:
            self.settle(step.at, outcome)


def segments(arrivals: Sequence[Arrival]) -> Iterator[tuple[list[int], int | None]]:
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


def chunks(steps: dict[str, Step]) -> Iterator[list[tuple[str, Step]]]:
    """The steps in portions that one bulk request takes."""
    chunk: list[tuple[str, Step]] = []
    size = 0
    for where, step in steps.items():
        if chunk and (len(chunk) == MAX_ACTIONS or size + step.arrival.size > MAX_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append((where, step))
        size += step.arrival.size
    if chunk:
        yield chunk
