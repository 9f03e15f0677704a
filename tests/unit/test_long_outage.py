"""Weeks without the sink, or without delivery: `verify` finds 0 differences afterwards."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.open_dues import open_dues
from shared.domain.polling import Polling
from shared.flows.backfill.backfill import Backfill
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.verify.verify import Verify
from shared.flows.verify.verify_report import VerifyReport
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.job import ResyncWork
from shared.values.lineage import Lineage
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.settings import TableSettings
from tests.tier import SEED
from tests.worlds.consumer_world import TABLE, change, delivery
from tests.worlds.outage_world import DAY, OutageWorld
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.database import FILE, MemoryDatabase
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.topic import Entry

GROUP = group_id("shop", "shop", "items", 0)
CAPTURED = CaptureConfiguration({"shop.items": TableSettings()}).text()


class OutageShop(OutageWorld):
    """A source whose rows come and go, and the jobs of its consumer.

    keys: of the rows that change.
    delivers: SNS can deliver to the queue; otherwise it moves messages to the DLQ of the
        subscription.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random, self.keys, self.delivers = random.Random(seed), range(30), True
        self.database = MemoryDatabase()
        self.database.create(TABLE)
        self.held: dict[int, dict[str, Any]] = {}
        self.written = 0
        streams = self.world.state.streams
        taken = streams.acquire("shop", streams.load("shop")[0], "relay")
        assert taken
        self.lease = taken
        self.publish()

    @property
    def undelivered(self) -> MemoryQueue:
        return self.parts.queues["undelivered", "search"]

    def publish(self) -> None:
        """The relay is level with its source: it stores its checkpoint."""
        point = Checkpoint(
            Position(FILE, 4 + self.written), self.written, 0, Lineage("mariadb-1"), CAPTURED
        )
        self.lease = self.world.state.streams.renew("shop", self.lease, point)

    def happen(self) -> None:
        """A row is inserted, changed or deleted."""
        key = self.random.choice(self.keys)
        gone = key in self.held and self.random.random() < 0.4
        self.written += 1
        row = {"id": key, "price": self.written, "title": "x"}
        if gone:
            del self.held[key]
            self.database.delete("shop.items", key)
        else:
            self.held[key] = row
            self.database.put("shop.items", row)
        self.database.commit()
        one = change(self.written, "d" if gone else "u", key, price=self.written, title="x")
        sent = delivery([replace(one, ts_ms=int(self.now * 1000))], GROUP)
        to = self.queue if self.delivers else self.undelivered
        to.send([Entry(sent.body, sent.group, sent.deduplication_id, sent.attributes)])
        self.publish()

    def live(self, days: float, every: float) -> None:
        for _ in range(int(days * DAY / every)):
            self.happen()
            self.advance(every)

    def due(self) -> dict[str, str]:
        source = self.parts.settings.sources["shop"]
        found = open_dues(self.world.state.dues, self.world.settings, source)
        return {one.table: one.why for one in found}

    def setup(self) -> JobSetup:
        return JobSetup(
            consumer=self.world.settings,
            source=self.parts.settings.sources["shop"],
            database=self.database,
            state=self.world.state,
            claims=MemoryClaims(),
            queue=self.queue,
            sink=self.world.sink(),
            by="ann@desk",
            polling=Polling(self.clock, self._sleep_at_work),
            now_ms=lambda: int(self.now * 1000),
            consent=lambda _: True,
        )

    def _sleep_at_work(self, seconds: float) -> None:
        self.advance(seconds)
        if self.random.random() < 0.2:
            self.happen()
        self.publish()

    def resync(self) -> None:
        Backfill(self.setup(), ResyncWork, chunk_rows=4).run()

    def verified(self) -> VerifyReport:
        report = Verify(self.setup()).run()
        assert report.rows == len(self.held)
        return report


def test_after_thirteen_days_without_the_sink_everything_is_applied_in_order() -> None:
    shop = OutageShop(SEED)
    shop.watch_every = 600.0
    shop.live(1, 3600)
    shop.down = True
    shop.live(13, 3600)
    shop.down = False
    shop.settle()
    assert (shop.queue.expired, shop.dlq.depth(), shop.world.parked()) == (0, (0, 0), [])
    assert shop.world.mark(GROUP) == (shop.written, shop.written), "each change once, in order"
    assert shop.verified().differences == 0


def test_what_expired_in_fifteen_days_is_due_and_a_resync_brings_equality() -> None:
    shop = OutageShop(SEED)
    shop.watch_every = 600.0
    shop.live(2, 3600)
    shop.down = True
    shop.live(0.7, 3600)
    shop.keys = range(10)  # no later change makes up for what expires of the others
    shop.live(14.3, 3600)
    assert shop.queue.expired > 0
    assert list(shop.due()) == ["shop.items"]
    shop.down = False
    shop.settle()
    assert shop.verified().differences > 0, "changes of the first day are gone"
    assert list(shop.due()) == ["shop.items"], "comparing settles nothing"
    shop.resync()
    assert shop.due() == {}
    assert shop.verified().differences == 0
    shop.live(2, 3600)
    assert shop.due() == {}, "it is not noted again"
    assert shop.verified().differences == 0


@pytest.mark.parametrize("seed", range(3))
def test_after_a_broken_queue_policy_was_repaired_nothing_is_missing(seed: int) -> None:
    shop = OutageShop(seed)
    shop.live(1, 3600)
    shop.delivers = False
    shop.happen()
    shop.advance(60)
    assert shop.figures["UndeliveredMessages"] == 1, "within a minute, for the alarm"
    assert shop.due() == {"shop.items": "SNS could not deliver changes"}
    shop.live(1, 3600)
    shop.delivers = True
    shop.live(0.5, 3600)
    shop.settle()
    assert shop.undelivered.depth() == (0, 0)
    assert shop.verified().differences > 0
    shop.resync()
    assert (shop.due(), shop.verified().differences) == ({}, 0)
    shop.advance(120)
    assert shop.figures["UndeliveredMessages"] == 0
