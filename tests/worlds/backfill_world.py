"""A source, relay, queue and consumer over twins (long: one world), which take random steps
while a backfill or a verify runs.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import msgspec

from shared.adapters.topic.contract import Entry
from shared.domain.polling import Polling
from shared.domain.table_plan import TablePlan
from shared.flows.backfill.backfill import Backfill
from shared.flows.backfill.backfill_report import BackfillReport
from shared.flows.jobs.job_setup import JobSetup
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.change import Change, Row, Transaction
from shared.values.checkpoint import Checkpoint
from shared.values.deduplication_id import hash_ids
from shared.values.delivery import Delivery
from shared.values.job import ResyncWork
from shared.values.lineage import Lineage
from shared.values.message import Message, attributes, decode, encode
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.relay_lease import Lease
from shared.values.seq import make_seq
from shared.values.settings import ConsumerSettings, SourceSettings, TableSettings
from tests.worlds.consumer_world import TABLE, ConsumerWorld
from tests.worlds.killed import Killed
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.database import FILE, MemoryDatabase
from tests.worlds.twins.state import wrapped

SHARDS = 3
CAPTURED = CaptureConfiguration(
    {"shop.items": TableSettings(), "shop.other": TableSettings()}
).text()
SOURCE = SourceSettings(
    name="shop", secret="s", tables={"shop.items": TableSettings(shards=SHARDS)}
)


class Fifo:
    """The consumer's queue: in order per group, deduplicating; a group waits for its first
    message.
    """

    def __init__(self, random: Random) -> None:
        self._random, self.groups, self.seen = random, dict[str, list[Entry]](), set[str]()
        self.failing = 0.0

    def send(self, entries: list[Entry]) -> list[str | None]:
        assert len({entry.group for entry in entries}) == len(entries)
        fates: list[str | None] = []
        for entry in entries:
            arrives, answers = (
                self._random.random() >= self.failing,
                self._random.random() >= self.failing / 2,
            )
            if arrives and entry.deduplication_id not in self.seen:
                self.seen.add(entry.deduplication_id)
                self.groups.setdefault(entry.group, []).append(entry)
            fates.append(None if arrives and answers else "InternalError")
        return fates

    def hide(self, receipt_handles: list[str], seconds: int) -> set[str]:
        """Received again at once: the hardest case."""
        return set()

    def depth(self) -> tuple[int, int]:
        return sum(map(len, self.groups.values())), 0

    def forget_ids(self) -> None:
        """Five minutes have passed."""
        self.seen.clear()


class BackfillWorld:
    """`step` lets something happen; `backfill` runs the job, with steps between its calls to the
    outside, and may kill it there.
    """

    def __init__(
        self,
        random: Random,
        *,
        keys: int = 12,
        chunk: int = 3,
        consumer: ConsumerSettings | None = None,
    ) -> None:
        self.random, self.keys, self.chunk = random, range(keys), chunk
        self.world = ConsumerWorld(consumer)
        self.database, self.claims = MemoryDatabase(), MemoryClaims()
        self.state = self.world.state
        self.streams = self.state.streams
        self.queue = Fifo(random)
        self.plan = TablePlan(TABLE, SOURCE.tables["shop.items"], b"")
        self.log: list[Change] = []
        self.rows: dict[int, Row] = {}
        self.numbers: list[int] = []  # of the published changes
        self.epoch, self.base = 1, 0
        self.lineage = Lineage("mariadb-1")
        self.checkpointed = 0
        self.now = 0.0
        self.kill_rate = 0.0
        # How often what happens: from a source at rest to one that deletes faster than the consumer
        # works.
        self.pace: dict[Callable[[], None], float] = {
            self.write: random.choice((0, 0.3, 2)),
            self.delete: random.choice((0, 0.3, 1)),
            self.commit: random.choice((0.1, 1)),
            self.publish: random.choice((0.2, 2)),
            self.save_checkpoint: random.choice((0.2, 1)),
            self.deliver: random.choice((0.1, 1, 3)),
            self.forget: random.choice((0.1, 1)),
        }
        before = [self.row(key) for key in self.keys if random.random() < 0.7]
        self.rows = {row["id"]: row for row in before}
        self.database.create(TABLE, before)
        self.lease = Lease()
        taken = self.streams.acquire("shop", self.lease, "relay")
        assert taken
        self.lease = taken
        self.save_checkpoint()

    def row(self, key: int) -> Row:
        return {"id": key, "price": self.random.randrange(1000), "title": f"t{key}"}

    # What happens beside the backfill.

    def step(self) -> None:
        self.random.choices(list(self.pace), list(self.pace.values()))[0]()

    def write(self) -> None:
        row = self.row(self.random.choice(self.keys))
        old = self.rows.get(row["id"])
        self.rows[row["id"]] = row
        self.database.put("shop.items", row)
        self.note("u" if old else "c", old, row)

    def delete(self) -> None:
        key = self.random.choice(self.keys)
        if old := self.rows.pop(key, None):
            self.database.delete("shop.items", key)
            self.note("d", old, None)

    def note(self, op: Any, before: Row | None, after: Row | None) -> None:
        key = self.plan.key(after or before or {})
        self.log.append(
            Change(f"tx/{len(self.log)}", 0, op, 0, key, before, after, Transaction("tx", 0, True))
        )

    def commit(self) -> None:
        self.database.commit()

    @property
    def published(self) -> int:
        return len(self.numbers)

    def publish(self) -> None:
        """A few changes, one message each, so that any may be overtaken by what the backfill
        sends.
        """
        for change in self.log[self.published :][: self.random.randint(1, 4)]:
            shard = self.plan.shard(change.after or change.before or {})
            self.numbers.append(make_seq(self.epoch, self.published + 1 - self.base))
            change = msgspec.structs.replace(change, seq=self.numbers[-1])
            group = group_id("shop", "shop", "items", shard)
            body = encode(Message("shop", "shop", "shop", "items", 1, group, None, [change]))
            self.queue.groups.setdefault(group, []).append(
                Entry(body, group, hash_ids([change.id]), attributes("shop", "shop.items", "live"))
            )

    def save_checkpoint(self) -> None:
        self.checkpointed = self.random.randint(self.checkpointed, self.published)
        if self.lease.raise_epoch >= self.epoch and self.checkpointed == self.published:
            self.epoch, self.base = self.lease.raise_epoch + 1, self.published
        self.lease = self.streams.renew("shop", self.lease, self.checkpoint())

    def checkpoint(self) -> Checkpoint:
        """As of what is `checkpointed`."""
        place = Position(file=FILE, offset=4 + self.checkpointed)
        seq = (
            self.numbers[self.checkpointed - 1]
            if self.checkpointed > self.base
            else make_seq(self.epoch, 0)
        )
        return Checkpoint(place, seq, self.epoch, self.lineage, CAPTURED, read_to=place)

    def forget(self) -> None:
        self.world.search.forget_deletions()
        if self.random.random() < 0.3:
            self.queue.forget_ids()

    def deliver(self, most: int = 2) -> None:
        groups = [group for group, entries in self.queue.groups.items() if entries]
        if not groups:
            return
        group = self.random.choice(groups)
        entries = self.queue.groups[group][:most]
        deliveries = [
            Delivery(
                entry.deduplication_id,
                entry.deduplication_id,
                entry.body,
                group,
                entry.deduplication_id,
                1,
                entry.attributes,
            )
            for entry in entries
        ]
        failed = set(self.world.handle(*deliveries).failed)
        again = self.random.random() < 0.1  # the deletion of the messages is lost: they come again
        done = [] if again else [entry for entry in entries if entry.deduplication_id not in failed]
        self.queue.groups[group] = [
            entry for entry in self.queue.groups[group] if entry not in done
        ]

    def drain(self) -> None:
        """Everything comes to rest."""
        self.database.commit()
        while self.published < len(self.log) or self.queue.depth()[0]:
            self.publish()
            self.deliver(9)
        while self.checkpointed < self.published:
            self.save_checkpoint()

    # The backfill among it.

    def backfill(self, *, restart: bool = False) -> BackfillReport:
        return Backfill(self.setup(), chunk_rows=self.chunk).run(restart=restart)

    def resync(self, tables: Sequence[str] = (), **options: Any) -> BackfillReport:
        """It may delete as many documents as it wants."""
        setup = self.setup(**{"consent": lambda _: True, **options})
        return Backfill(setup, ResyncWork, chunk_rows=self.chunk).run(tables)

    def setup(self, **options: Any) -> JobSetup:
        """The parts of a job, with things that happen before and after each call to them."""
        parts: dict[str, Any] = {
            "consumer": self.world.settings,
            "source": SOURCE,
            "database": self.between(self.database),
            "state": wrapped(self.state, self.between),
            "claims": self.claims,
            "queue": self.between(self.queue),
            "sink": self.world.sink(self.between),
            "by": "ann@desk",
            "polling": Polling(lambda: self.now, self.sleep),
            "now_ms": lambda: int(1_700_000_000_000 + self.now * 1000),
        }
        return JobSetup(**{**parts, **options})

    def between(self, twin: Any) -> Any:
        """The twin, with the world going on before and after each call."""
        return _Between(twin, self.meanwhile)

    def meanwhile(self) -> None:
        for _ in range(self.random.randrange(4)):
            self.step()
        if self.random.random() < self.kill_rate:
            raise Killed

    def sleep(self, seconds: float) -> None:
        """Time passes: the relay renews its lease, commits become visible, the consumer works."""
        self.now += seconds
        self.database.commit()
        self.publish()
        self.save_checkpoint()
        self.deliver(9)
        self.step()

    # What must hold.

    def source(self) -> dict[str, Row]:
        return {str(key): row for key, row in self.rows.items()}

    def index(self) -> dict[str, Row]:
        return {id: msgspec.convert(body, dict) for id, body in self.world.documents().items()}

    def seqs_in_queue(self) -> list[int]:
        return [
            change.seq
            for entries in self.queue.groups.values()
            for entry in entries
            for change in decode(entry.body).changes
        ]


class _Between:
    def __init__(self, twin: Any, meanwhile: Callable[[], None]) -> None:
        self._twin, self._meanwhile = twin, meanwhile

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._meanwhile()
            result = getattr(self._twin, name)(*args, **kwargs)
            result = list(result) if name in ("rows", "scan") else result
            self._meanwhile()
            return result

        return call
