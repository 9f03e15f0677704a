"""Linger: how long a change waits for others before it is published."""

CALM_RATE, BUSY_RATE = 200, 2_000
BUSY_LINGER = 0.2
"""Between these rates (changes a second) the wait grows up to this (seconds), so that requests
travel fuller rather than more often.
"""

LATE_LINGER = 1.0
LATE_SHARE = 0.25
"""What is late already (seconds since its commit, beyond the second that MariaDB rounds commit
times to) may wait for this share of it more, up to LATE_LINGER.
"""


class Linger:
    """The wait, by what arrives. Times are monotonic seconds.

    calm: the wait on a quiet source, seconds.
    late: seconds since the commit of the newest change. It counts only under load: clocks that
        differ must not slow down a quiet source.
    arrived: changes since the rate was last measured.
    hurried: nothing more will be added.
    """

    def __init__(self, calm: float) -> None:
        self._calm = calm
        self._rate, self._rated_at = 0.0, 0.0
        self.late, self.arrived, self.hurried = 0.0, 0, False

    def seconds(self) -> float:
        """How long a change waits."""
        if self.hurried:
            return 0.0
        if self._rate < CALM_RATE:
            return self._calm
        busy = BUSY_LINGER * min(1.0, self._rate / BUSY_RATE)
        return max(self._calm, busy, min(LATE_LINGER, (self.late - 1.0) * LATE_SHARE))

    def measure(self, now: float) -> None:
        """Changes a second that arrive, over about the last third of a second."""
        passed = now - self._rated_at
        if passed >= 0.1:
            share = min(1.0, passed * 3)
            self._rate += share * (self.arrived / passed - self._rate)
            self._rated_at, self.arrived = now, 0
