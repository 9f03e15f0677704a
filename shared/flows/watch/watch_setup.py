"""WatchSetup: what the tasks of the watch work with."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from shared.adapters.functions.contract import Functions
from shared.flows.health.gathering_facts import HealthParts
from shared.values.job import Job
from shared.values.pulse import Memory


class Watched(HealthParts, Protocol):
    """The parts of a stage that the watch looks after; `shared.stage.Stage` has them."""

    @property
    def functions(self) -> Functions: ...

    def consume_function(self, consumer: str) -> str: ...

    def is_changing(self) -> bool:
        """Whether the stage is being deployed, or was since this run read its settings."""
        ...


class Emit(Protocol):
    """Writes metrics of one thing of the stage, as `shared.adapters.metrics.emf.emit` does."""

    def __call__(self, dimension: str, value: str, figures: dict[str, float]) -> None: ...


@dataclass(frozen=True)
class WatchSetup:
    """One run of the watch.

    parts: of the stage. emit: writes metrics. start_slice: of a job, in the jobs function.
    holder: names this run.
    left: seconds until the function is stopped.
    clock: seconds since 1970. sleep: waits for a number of seconds.
    memory: from the last run; what a task changes in it, the next run reads.
    """

    parts: Watched
    emit: Emit
    holder: str
    left: Callable[[], float]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], object] = time.sleep
    start_slice: Callable[[Job], None] = field(kw_only=True)
    memory: Memory = field(default_factory=Memory)

    @property
    def now_ms(self) -> int:
        """Unix ms."""
        return int(self.clock() * 1000)
