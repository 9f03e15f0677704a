"""The parts of a stage that health looks at, in memory."""

from collections import defaultdict

from shared.adapters.state.state import State
from shared.values.settings import Settings
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state


class MemoryParts:
    """As `shared.flows.health.gathering.Parts` says; queues are empty until a test fills them."""

    def __init__(self, settings: Settings, state: State | None = None) -> None:
        self.settings, self.state = settings, state or memory_state()
        self.queues: dict[tuple[str, str], MemoryQueue] = defaultdict(MemoryQueue)

    def queue(self, consumer: str) -> MemoryQueue:
        return self.queues["queue", consumer]

    def dlq(self, consumer: str) -> MemoryQueue:
        return self.queues["dlq", consumer]

    def undelivered(self, consumer: str) -> MemoryQueue:
        return self.queues["undelivered", consumer]
