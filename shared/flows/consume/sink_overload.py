"""Sink overload: whether the sink lately had no room for much of what it was asked to take."""

from collections import deque
from collections.abc import Callable

from shared.flows.consume.applying import Tried

PRESSED_SHARE = 0.25
"""A sink that has no room for this share is overloaded."""

WINDOW_MS = 15_000
"""What this process tried in this time is judged together. A batch of few changes proves little."""


class SinkOverload:
    """What one process saw of a sink. now_ms: Unix ms."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lately: deque[tuple[int, int, int]] = deque()
        self._asked = self._pressed = 0  # of all in `_lately`

    def note(self, tried: Tried) -> bool:
        """Note a batch; returns whether the sink is overloaded, by all that was noted lately."""
        now_ms = self._now_ms()
        while self._lately and self._lately[0][0] < now_ms - WINDOW_MS:
            _, asked, pressed = self._lately.popleft()
            self._asked -= asked
            self._pressed -= pressed
        self._lately.append((now_ms, tried.asked, tried.pressed))
        self._asked += tried.asked
        self._pressed += tried.pressed
        return is_high(self._pressed, self._asked)


def is_high(pressed: int, asked: int) -> bool:
    """Whether these changes are much of those that the sink was asked to take."""
    return pressed > 0 and pressed >= PRESSED_SHARE * asked
