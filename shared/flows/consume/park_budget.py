"""Park budget: decides, before anything is parked, whether rows are wrong or everything is.

Where most changes are refused, the mapping or the handler is broken, not the row.
"""

import time
from collections.abc import Callable

from shared.adapters.state.parked import Parked
from shared.values.counted import counted
from shared.values.settings import ConsumerSettings

LEAST_ROWS = 20
"""The least number of changes for which the share of refusals is meaningful."""

MOST_REFUSED = 0.5
"""A larger share is no matter of single rows."""


class ParkBudget:
    """What one consumer may park in a minute, all of its invocations together.

    least: see `LEAST_ROWS`. clock: seconds since 1970.
    """

    def __init__(
        self, consumer: ConsumerSettings, parked: Parked, clock: Callable[[], float] = time.time
    ) -> None:
        self._consumer, self._limit, self._parked = consumer.name, consumer.park_budget, parked
        self._clock, self.least = clock, LEAST_ROWS
        self._minute, self._tried = 0, 0

    def grant(self, tried: int, refused: int) -> tuple[int, str]:
        """How many refusals of a batch may be parked, and why not all of them.

        tried: changes that the sink answered for. Batches without a refusal only count here, and
        tell the others with the next refusal: they cost no write. Raises StateUnavailable,
        StackError.
        """
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._tried = minute, 0
        if not refused:
            self._tried += tried
            return 0, ""
        if self._is_share(tried, refused):
            return 0, f"{refused:,} of {counted(tried, 'change')} of a batch are refused"
        so_far, self._tried = tried + self._tried, 0
        tried, refused_now = self._parked.count(self._consumer, minute, so_far, refused)
        if self._is_share(tried, refused_now):
            return 0, f"{refused_now:,} of {counted(tried, 'change')} of a minute are refused"
        granted = refused
        while granted and not self._parked.take(self._consumer, minute, granted, self._limit):
            granted //= 2
        if granted == refused:
            return granted, ""
        return granted, f"more than {self._limit:,} changes would be parked in a minute"

    def _is_share(self, tried: int, refused: int) -> bool:
        return tried >= self.least and refused > tried * MOST_REFUSED
