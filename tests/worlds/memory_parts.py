"""The parts of a stage that health looks at, in memory."""

from collections import defaultdict

from shared.adapters.state.contract import Consumers, Schemas, Streams
from shared.values.settings import Settings
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import MemoryConsumers, MemorySchemas, MemoryStreams


class MemoryParts:
    """As `shared.flows.health.gathering.Parts` says; queues are empty until a test fills them."""

    def __init__(
        self,
        settings: Settings,
        streams: Streams | None = None,
        schemas: Schemas | None = None,
        consumers: Consumers | None = None,
    ) -> None:
        self.settings = settings
        self.streams: Streams = streams or MemoryStreams()
        self.schemas: Schemas = schemas or MemorySchemas()
        self.consumers: Consumers = consumers or MemoryConsumers()
        self.queues: dict[tuple[str, str], MemoryQueue] = defaultdict(MemoryQueue)

    def queue(self, consumer: str) -> MemoryQueue:
        return self.queues["queue", consumer]

    def dlq(self, consumer: str) -> MemoryQueue:
        return self.queues["dlq", consumer]

    def undelivered(self, consumer: str) -> MemoryQueue:
        return self.queues["undelivered", consumer]
