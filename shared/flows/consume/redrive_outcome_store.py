"""Redrive outcome store: notes what became of parked changes, and forgets settled ones."""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.claims.contract import Claims
from shared.adapters.state.redriven import RedriveOutcome
from shared.adapters.state.state import State
from shared.flows.consume.parked_reason import error_of, parked_reason
from shared.flows.consume.parking import MESSAGE_LIMIT, STACK_LIMIT
from shared.values.change import Change
from shared.values.parked_change import ParkedChange
from shared.values.storable_text import storable

STAYS = ("again", "expired")
"""The outcomes after which a change is still parked."""


class RedriveOutcomes:
    """The outcomes of one consumer's redrives. clock: seconds since 1970."""

    def __init__(
        self, consumer: str, state: State, claims: Claims, clock: Callable[[], float] = time.time
    ) -> None:
        self._consumer, self._claims, self._clock = consumer, claims, clock
        self._parked, self._redriven = state.parked, state.redriven

    def tried(
        self,
        change: ParkedChange,
        reason: str,
        attempts: int = 1,
        *,
        stack: str = "",
        content: Change | None = None,
    ) -> ParkedChange:
        """The change after further attempts that failed; it keeps its first failure.

        One that only waited for an earlier change of its row has its first failure now.
        content: the change itself, whose values the reason must not have; None: it has none.
        """
        text = storable(reason[:MESSAGE_LIMIT]) or "refused"
        if change.joined:
            change = msgspec.structs.replace(
                change,
                joined=False,
                attempts=0,
                error=error_of(text),
                message=text,
                reason=storable(parked_reason(text, content)),
                stack=storable(stack[:STACK_LIMIT]),
            )
        return msgspec.structs.replace(
            change,
            attempts=change.attempts + attempts,
            tried_ms=int(self._clock() * 1000),
            last=text,
        )

    def note(
        self, job: str, again: Sequence[ParkedChange], outcomes: dict[ParkedChange, RedriveOutcome]
    ) -> None:
        """Note outcomes first, then forget what is not parked any more."""
        named = {change.id: outcome for change, outcome in outcomes.items()}
        self._redriven.note(self._consumer, job, named)
        for change in again:
            self._parked.update(self._consumer, change)
        gone = [change for change, outcome in outcomes.items() if outcome not in STAYS]
        self._parked.remove(self._consumer, gone)
        for change in gone:
            if change.payload:
                self._claims.discard(change.payload)

    def staying(self, job: str) -> set[str]:
        """The ids of the changes that a job has tried, and that are still parked."""
        noted = self._redriven.read(self._consumer, job)
        return {id for id, outcome in noted.items() if outcome in STAYS}
