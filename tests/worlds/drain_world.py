"""An archive's consumer over twins, whose queue a run of its function drains."""

import random
from collections.abc import Callable
from typing import Any

from shared.adapters.topic.contract import Entry
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.landed_rows import LandedObject, new_rows
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.consume import Consume
from shared.flows.consume.draining import Drain
from shared.flows.consume.sinks.archive import ArchiveSink
from shared.values import landing_encoding
from shared.values.deduplication_id import deduplication_id
from shared.values.message import attributes, encode
from shared.values.settings import ConsumerSettings
from tests.worlds.archive_world import change, message
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.firehose import MemoryStream
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import memory_state, wrapped

NAME = "archiveShop"
VISIBILITY = 90.0


class DrainWorld:
    """An archive's consumer over twins, and a clock.

    stream: the Firehose stream that it hands its changes to; None: it lands them itself.
    """

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.settings = ConsumerSettings(
            NAME, "shop", ("market.*",), {"kind": "archive"}, marks=False
        )
        self.state, self.landing = memory_state(), MemoryLanding()
        self.queue = MemoryQueue(lambda: self.now, visibility=VISIBILITY)
        self.numbers = 0
        self.stream: MemoryStream | None = None

    def send(
        self, many: int, *, groups: int = 8, dice: random.Random | None = None, changes: int = 1
    ) -> None:
        """Send messages of so many changes each, to the groups in turn or by chance."""
        for _ in range(many):
            some = [change(self.numbers + n) for n in range(1, changes + 1)]
            self.numbers += changes
            group = f"listings-{(dice.randrange(groups) if dice else self.numbers % groups)}"
            self.queue.send(
                [
                    Entry(
                        encode(message(some)),
                        group,
                        deduplication_id(some),
                        attributes("shop", "market.listings", "live"),
                    )
                ]
            )
        self.now += 1

    def drain(self, wrap: Callable[[Any], Any] = lambda twin: twin) -> list[Consumed]:
        """One run of a new process of the function."""
        queue, state = wrap(self.queue), wrapped(self.state, wrap)
        sink = ArchiveSink(wrap(self.landing), wrap(self.stream) if self.stream else None)
        consume = Consume(self.settings, sink, state, MemoryClaims(), queue, clock=lambda: self.now)
        began, drain = self.now, Drain(self.settings, consume, queue, state.gates, lambda: self.now)
        return list(drain.run(lambda: 60.0 - (self.now - began)))

    def archived(self) -> list[int]:
        """The numbers that the landing would bring into the table, each once."""
        bodies = [landing_encoding.decode(body) for _, body in self.landing.objects.values()]
        rows = new_rows([LandedObject(each, 0) for each in bodies], Ledger())
        return [] if rows.table is None else sorted(rows.table.column("n").to_pylist())

    def complete(self) -> bool:
        return self.archived() == list(range(1, self.numbers + 1))
