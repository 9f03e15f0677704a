"""Portion size: how many changes of a suspect group are begun together, and whether there is time.

One at a time finds a change that kills with the fewest kills. But where one at a time would take
longer than the function has, a slow sink is more likely: then portions double.
"""

from shared.flows.consume.applying import APPLY_RESERVE_SECONDS


class PortionSize:
    """The portions of one invocation. total: seconds that it had when it began."""

    def __init__(self, total: float) -> None:
        self._reserve = min(APPLY_RESERVE_SECONDS, total / 2)
        self._most, self._size, self._took = 1, 0, 0.0

    def next(self, waiting: int, left: float) -> int:
        """How many of the waiting changes may be begun together; 0: there is no time for one.

        left: seconds that the invocation has. A portion may take twice as long as the last one did.
        """
        if not self._size:
            return min(1, waiting)
        if left <= self._reserve or 2 * self._took > left:
            return 0
        if waiting * self._took > left / 4 and 4 * self._took <= left:
            self._most = 2 * self._size
        return min(self._most, waiting)

    def note(self, size: int, took: float) -> None:
        """Note how many seconds a portion of changes took."""
        self._size, self._took = size, took
