"""Run lease: holds the right to one piece of work, and gives it back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from shared.adapters.state.run_leases import RunLeases


class RunLease:
    """A lease of one holder, which lasts for a number of seconds from each `hold` on."""

    def __init__(
        self, leases: RunLeases, name: str, holder: str, seconds: int, now_ms: Callable[[], int]
    ) -> None:
        self._leases, self._name, self._holder = leases, name, holder
        self._seconds, self._now_ms = seconds, now_ms

    def hold(self) -> bool:
        """Take the lease, or keep it for longer; False when another holder has it."""
        now = self._now_ms()
        return self._leases.hold(self._name, self._holder, now, now + self._seconds * 1000)

    @contextmanager
    def given_back(self) -> Iterator[None]:
        """Around the work: afterwards another holder may take the lease."""
        try:
            yield
        finally:
            self._leases.release(self._name, self._holder)
