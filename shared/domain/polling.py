"""Polling: asks again until an answer will do, on a clock that a test can replace."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Polling:
    """A clock and a way to let time pass.

    clock: monotonic seconds.
    sleep: waits for a number of seconds.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep

    def wait_for(
        self, ask: Callable[[], T], enough: Callable[[T], bool], *, seconds: float, every: float
    ) -> T:
        """The first answer that is `enough`, or the last one after this many seconds.

        every: seconds between two questions.
        """
        deadline = self.clock() + seconds
        while not enough(answer := ask()) and self.clock() < deadline:
            self.sleep(every)
        return answer
