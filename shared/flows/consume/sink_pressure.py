"""Sink pressure: whether the sink lately had no room for much of what it was asked to take."""

from collections import deque
from collections.abc import Callable

from shared.flows.consume.applying import Tried

PRESSED_SHARE = 0.25
"""A sink that has no room for this share is overloaded."""

WINDOW_MS = 15_000
"""What this process tried in so long is judged together. A batch of few changes proves little."""


class SinkPressure:
    """What one process saw of a sink. now_ms: Unix ms."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._lately: deque[tuple[int, int, int]] = deque()

    def note(self, tried: Tried) -> bool:
        """Note a batch; returns whether the sink is overloaded, by all that was noted lately."""
        now_ms = self._now_ms()
        while self._lately and self._lately[0][0] < now_ms - WINDOW_MS:
            self._lately.popleft()
        self._lately.append((now_ms, tried.asked, tried.pressed))
        asked = sum(asked for _, asked, _ in self._lately)
        return is_high(sum(pressed for _, _, pressed in self._lately), asked)


def is_high(pressed: int, asked: int) -> bool:
    """Whether these changes are much of those that the sink was asked to take."""
    return pressed > 0 and pressed >= PRESSED_SHARE * asked
