"""The parts of a stage that health looks at, in memory."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from shared.adapters.observation.contract import ConsumerSigns, KeptQueue
from shared.adapters.state.state import State
from shared.domain.sink import Examiner
from shared.domain.subscription_filter import filter_policy
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.pulse import Pulse
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import ConsumerWorld
from tests.worlds.twins.functions import MemoryFunctions
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state


class MemoryParts:
    """As `shared.flows.health.gathering_facts.HealthParts` says, for a test.

    Queues are empty until it fills them. The watch has just run.
    """

    def __init__(self, settings: StageSettings, state: State | None = None) -> None:
        self.settings, self.state = settings, state or memory_state()
        self.queues: dict[tuple[str, str], MemoryQueue] = defaultdict(MemoryQueue)
        self.observation = MemoryObservation(settings)
        self.functions = MemoryFunctions()
        self.examiners: dict[str, Examiner] = {}
        self.changing = False
        self.watched()

    def watched(self, pulse: Pulse | None = None) -> None:
        """The watch has just run."""
        self.state.pulses.begin("watch", 1, 1)
        self.state.pulses.end("watch", pulse or Pulse(int(time.time() * 1000)))

    def examiner(self, consumer: str) -> Examiner | None:
        return self.examiners.get(consumer)

    def is_changing(self) -> bool:
        return self.changing

    def consume_function(self, consumer: str) -> str:
        return consumer

    def queue(self, consumer: str) -> MemoryQueue:
        return self.queues["queue", consumer]

    def dlq(self, consumer: str) -> MemoryQueue:
        return self.queues["dlq", consumer]

    def undelivered(self, consumer: str) -> MemoryQueue:
        return self.queues["undelivered", consumer]


def watch_setup(world: ConsumerWorld, clock: Callable[[], float]) -> WatchSetup:
    """What the tasks of the watch work with, for the consumer of this world. clock: Unix seconds.

    Its metrics and slices go nowhere, and it has a minute.
    """
    shop = SourceSettings("shop", "secret", {"shop.items": TableSettings()})
    parts = MemoryParts(
        StageSettings("rowline", "dev", {"shop": shop}, {"search": world.settings}), world.state
    )
    return WatchSetup(parts, lambda *_: None, "w", lambda: 60.0, clock, start_slice=lambda _: None)


class MemoryObservation:
    """All is well until a test says otherwise. `error` is raised by every question."""

    def __init__(self, settings: StageSettings) -> None:
        self.of = {
            name: ConsumerSigns(lag_s=0.1, filter=filter_policy(one))
            for name, one in settings.consumers.items()
        }
        self.queues: list[KeptQueue] = []
        self.error: Exception | None = None

    def signs(self, consumers: list[str]) -> dict[str, ConsumerSigns]:
        self._answer()
        return {name: self.of[name] for name in consumers}

    def runs(self, consumers: list[str], minutes: int) -> dict[str, tuple[int, int]]:
        self._answer()
        return {name: (self.of[name].runs, self.of[name].errors) for name in consumers}

    def filters(self, consumers: list[str]) -> dict[str, dict[str, Any] | None]:
        self._answer()
        return {name: self.of[name].filter for name in consumers}

    def kept(self, consumers: list[str]) -> list[KeptQueue]:
        self._answer()
        return self.queues

    def _answer(self) -> None:
        if self.error is not None:
            raise self.error
