"""A stage whose changes can be traced: a database, a relay by hand, and a consumer."""

import random
from threading import Event
from typing import Any

import msgspec

from shared.adapters.archive_table.contract import TableFacts
from shared.domain.archive_ledger import Ledger
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.numbering import Numbering
from shared.domain.publish_queue import PublishQueue
from shared.domain.server_identity import run_of
from shared.domain.trace_sampling import TraceSampler
from shared.flows.consume.batch_trace import BatchTrace
from shared.flows.consume.consume import Consume
from shared.flows.relay.publishing.publish_trace import PublishTrace
from shared.flows.trace.change_trace import ChangeTrace
from shared.flows.trace.sought_change import Sought
from shared.flows.trace.trace import trace
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.change import Change
from shared.values.checkpoint import Checkpoint
from shared.values.delivery import Delivery
from shared.values.errors import RowlineError
from shared.values.lineage import Lineage
from shared.values.message import decode
from shared.values.settings import ConsumerSettings, SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import TABLE, ConsumerWorld, consumer_settings
from tests.worlds.twins.binlog import MemoryBinlog
from tests.worlds.twins.binlog_server import MemoryServer
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.tracing import MemoryTracing

EPOCH = 1 << 29
COMMIT = 1_790_000_000


class TraceWorld(ConsumerWorld):
    """traced: the share of messages that are traced. marks: whether the consumer keeps marks.

    ledger: of the archive, which is a second consumer where it is asked for.
    """

    def __init__(self, traced: float = 1.0, *, marks: bool = True, archive: bool = False) -> None:
        super().__init__(consumer_settings(marks=marks))
        self.traces = MemoryTracing()
        self.now = float(COMMIT)
        self.server = MemoryServer(clock=lambda: self.now)
        tables = {"shop.items": TableSettings(shards=2)}
        source = SourceSettings("shop", "s", tables)
        self.ledger: Ledger | RowlineError = Ledger()
        self.ledger_read = Event()
        kept = ConsumerSettings("archiveShop", "shop", ("*.*",), {"kind": "archive"}, marks=False)
        consumers = {"search": self.settings, **({"archiveShop": kept} if archive else {})}
        self.stage_settings = StageSettings("app", "test", {"shop": source}, consumers)
        binlog = MemoryBinlog(self.server, ["*.*"])
        capture = CaptureConfiguration(tables)
        self.point = Checkpoint.begin(
            self.server.end, EPOCH, Lineage.begin(run_of(binlog)), capture.text()
        )
        self._sampler = TraceSampler(traced, lambda: self.now)
        self._packing = ChangeEncoding(
            "shop", self.state.schemas, self.claims, clock=lambda: self.now
        )
        self._relayed = PublishTrace(self.traces, "app-test relay shop", "shop")
        batches = BatchTrace(self.traces, "app-test consumer search", self.settings)
        parts = self.sink(), self.state, self.claims, self.queue
        self.consume = Consume(self.settings, *parts, clock=lambda: self.now, trace=batches)
        self._store()

    def commit(self, op: str, *rows: dict[str, Any]) -> None:
        """One transaction with a change of each row."""
        for row in rows:
            pair = (row, row)
            step = getattr(self.server, op)(TABLE, pair if op == "update" else row)
            self.server.commit(step)

    def publish(self) -> list[Delivery]:
        """What a relay does now; returns the messages as the consumer receives them."""
        numbering = Numbering("shop", {"shop.items": TableSettings(shards=2)}, seq=self.point.seq)
        queue = PublishQueue(0.0, random.Random(1), sampler=self._sampler)
        end, last = self.server.end, self.point.ts_ms
        for event in MemoryBinlog(self.server, ["*.*"]).read(self.point.position, until=end):
            for one in numbering.take(event):
                self.now += 0.001
                queue.add([self._packing.pack(one)], 0.0)
                last = one[2].ts_ms
        deliveries = []
        while parcels := queue.take(1.0):
            began = self.now
            self.now += 0.01
            queue.settle(parcels, [None] * len(parcels), 1.0)
            for parcel in parcels:
                self._relayed.record(parcel, began, self.now)
                entry = parcel.entry
                deliveries.append(
                    Delivery(
                        entry.deduplication_id,
                        f"receipt-{entry.deduplication_id}",
                        entry.body,
                        entry.group,
                        entry.deduplication_id,
                        1,
                        entry.attributes,
                        sent_ms=int(self.now * 1000),
                    )
                )
        self.traces.flush()
        self.point = msgspec.structs.replace(
            self.point, position=end, seq=numbering.seq, ts_ms=last, read_to=end
        )
        self._store()
        return deliveries

    def receive(self, deliveries: list[Delivery]) -> None:
        """A batch of the consumer."""
        self.now += 0.5
        self.handle(*deliveries)

    def changes(self) -> list[Change]:
        """All changes of the binlog, as any reader identifies them."""
        numbering = Numbering("shop", {}, sharded=False)
        events = MemoryBinlog(self.server, ["*.*"]).read(self.server.first, until=self.server.end)
        return [change for event in events for _, _, change in numbering.take(event)]

    def trace(self, sought: Sought) -> ChangeTrace:
        """What the command shows."""
        return trace(self.parts(), sought)

    def parts(self) -> Any:
        world = self

        class Parts:
            settings, state, traces = world.stage_settings, world.state, world.traces

            def binlog(self, source: str) -> MemoryBinlog:
                return MemoryBinlog(world.server, ["*.*"])

            def mask_key(self, source: SourceSettings) -> bytes:
                return b""

            def queue(self, consumer: str) -> MemoryQueue:
                return world.queue

            dlq = undelivered = queue

            @property
            def archive_table(self) -> "Parts":
                return self

            def facts(self) -> TableFacts:
                if isinstance(world.ledger, RowlineError):
                    raise world.ledger
                world.ledger_read.set()
                return TableFacts(ledger=world.ledger.encode())

        return Parts()

    def _store(self) -> None:
        streams = self.state.streams
        lease = streams.load("shop")[0]
        if not lease.token:
            taken = streams.acquire("shop", lease, "test")
            assert taken is not None
            lease = taken
        streams.renew("shop", lease, self.point)

    def sent(self, deliveries: list[Delivery]) -> list[Change]:
        """The changes that travel in messages."""
        return [one for each in deliveries for one in decode(each.body).changes]
