"""The twin of Pulses."""

from shared.values.pulse import Pulse


class MemoryPulses:
    def __init__(self) -> None:
        self._pulse, self._holder, self._ends_ms = Pulse(), "", 0

    def begin(self, holder: str, now_ms: int, ends_ms: int) -> Pulse | None:
        if self._holder != holder and self._ends_ms >= now_ms:
            return None
        self._holder, self._ends_ms = holder, ends_ms
        return self._pulse

    def end(self, holder: str, pulse: Pulse) -> None:
        if self._holder == holder:
            self._pulse, self._holder, self._ends_ms = pulse, "", 0

    def read(self) -> Pulse:
        return self._pulse
