"""WatchSetup: what the tasks of the watch work with."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from shared.flows.health.gathering import Parts


class Emit(Protocol):
    """Writes metrics of one thing of the stage, as `shared.adapters.metrics.emf.emit` does."""

    def __call__(self, dimension: str, value: str, figures: dict[str, float]) -> None: ...


@dataclass(frozen=True)
class WatchSetup:
    """One run of the watch.

    parts: of the stage. emit: writes metrics.
    holder: names this run.
    left: seconds until the function is stopped.
    clock: seconds since 1970. sleep: lets so many seconds pass.
    """

    parts: Parts
    emit: Emit
    holder: str
    left: Callable[[], float]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep

    @property
    def now_ms(self) -> int:
        """Unix ms."""
        return int(self.clock() * 1000)
