"""Trace sampling: decides which messages are traced."""

import random
import secrets
import time
from collections.abc import Callable

from shared.values.traceparent import Traceparent

MOST_A_SECOND, MOST_CHANGES = 20, 1_000
"""Messages of a relay that are traced in one second at most, and changes in them: a backlog must
not pay for traces, which would all say the same. A traced change costs relay and consumer about 8
microseconds each.
"""


class TraceSampler:
    """Gives a message its trace, or none.

    rate: the share of messages that are traced, 0 to 1.
    clock: seconds since 1970.
    """

    def __init__(
        self,
        rate: float,
        clock: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self.rate = rate
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 (sampling, no secret)
        self._second, self._given, self._changes = 0, 0, 0

    def next(self, changes: int = 1) -> Traceparent | None:
        """The trace of the next message, which has `changes` changes; None: it is not traced."""
        if self.rate <= 0 or self._rng.random() >= self.rate:
            return None
        second = int(self._clock())
        if second != self._second:
            self._second, self._given, self._changes = second, 0, 0
        if self._given >= MOST_A_SECOND or self._changes >= MOST_CHANGES:
            return None
        self._given, self._changes = self._given + 1, self._changes + changes
        return Traceparent(f"{second:08x}{secrets.token_hex(12)}", secrets.token_hex(8))


NO_SAMPLING = TraceSampler(0.0)
