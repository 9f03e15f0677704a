"""Refusal retries: tries refused changes again, before they count as refused."""

import time
from collections.abc import Callable, Sequence

from shared.domain.sink import Arrival, Outcome
from shared.values.row_key import row_of

FIRST_WAIT, LONGEST_WAIT = 0.5, 8.0
"""Seconds before the second attempt, and at most before a later one: each wait doubles."""

Apply = Callable[[Sequence[Arrival]], list[Outcome]]
"""Gives arrivals to the sink once more."""


class RefusalRetries:
    """The attempts of one consumer's refused changes.

    attempts: how often a change is given to the sink at most. sleep: waits for a number of seconds.
    """

    def __init__(self, attempts: int, sleep: Callable[[float], object] = time.sleep) -> None:
        self._attempts, self._sleep = attempts, sleep
        self._until = 0.0

    def begin(self, time_left: Callable[[], float]) -> None:
        """A batch begins. Its waits take half of the function's time at most."""
        if self._attempts > 1:
            self._until = time_left() / 2

    def repeat(
        self,
        arrivals: Sequence[Arrival],
        outcomes: list[Outcome],
        apply: Apply,
        time_left: Callable[[], float],
    ) -> dict[int, int]:
        """Replace the outcomes of refused changes by those of later attempts.

        A change before a later one of its row in the slice is tried once: a sink without versions
        would go back in time. Returns place in the slice → attempts, of those tried again.
        """
        tries: dict[int, int] = {}
        if self._attempts == 1 or not any(map(_may_pass, outcomes)):
            return tries
        again = [at for at in newest_of_rows(arrivals) if _may_pass(outcomes[at])]
        wait = FIRST_WAIT
        for attempt in range(2, self._attempts + 1):
            if not again or time_left() - wait < self._until:
                break
            self._sleep(wait)
            wait = min(LONGEST_WAIT, 2 * wait)
            for at, outcome in zip(again, apply([arrivals[at] for at in again]), strict=True):
                outcomes[at], tries[at] = outcome, attempt
            again = [at for at in again if _may_pass(outcomes[at])]
        return tries


def newest_of_rows(arrivals: Sequence[Arrival]) -> list[int]:
    """The places of changes that no later one of the same row follows; a truncation is of all."""
    newest: list[int] = []
    later: set[tuple[str, str]] = set()
    changed: set[str] = set()
    truncated: set[str] = set()
    for at in range(len(arrivals) - 1, -1, -1):
        change, group = arrivals[at].change, arrivals[at].message.group
        row = (group, row_of(change.key))
        if group not in truncated and (
            group not in changed if change.op == "t" else row not in later
        ):
            newest.append(at)
        later.add(row)
        changed.add(group)
        if change.op == "t":
            truncated.add(group)
    return newest[::-1]


def _may_pass(outcome: Outcome) -> bool:
    """What is refused before the sink would be refused again."""
    return outcome.kind == "refused" and outcome.asked
