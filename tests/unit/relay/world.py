"""A small world around relays that takes one step at a time: what a database commits, what several relays do, what goes wrong, and what must hold."""

import random
from dataclasses import dataclass, field

from shared.adapters.claims.memory import MemoryClaims
from shared.adapters.state.contract import Checkpoint
from shared.adapters.state.memory import MemorySchemas, MemoryStreams
from shared.flows.numbering import Numbering
from shared.flows.relay.backlog import Parcel
from shared.flows.relay.capture import Capture, read
from shared.flows.relay.core import Core
from shared.flows.relay.keeper import Keeper
from shared.flows.relay.packing import Packing
from shared.flows.relay.publishing import Publisher
from shared.flows.relay.reading import Reading
from shared.flows.relay.waiting import Manner, Waiting
from shared.values.change import split_seq
from shared.values.errors import LeaseLost, SourceUnavailable
from shared.values.position import Position
from shared.values.settings import TableSettings
from shared.values.shard import group_id
from tests.unit.relay.simulated import Committed, Operation, Server, SimulatedBinlog, SimulatedTopic, table

STREAM = "shop"
TABLES = {name: table(name, "seller") for name in ("a", "b", "c")}
CAPTURES = [
    Capture({"shop.a": TableSettings(shards=2), "shop.b": TableSettings(shards=2)}),
    Capture({"shop.a": TableSettings(shards=2), "shop.b": TableSettings(shards=2), "shop.c": TableSettings(shards=2)}),
    Capture({"shop.a": TableSettings(shards=2, drop=("seller",)), "shop.c": TableSettings(shards=2)}),
]


@dataclass
class Request:
    """A PublishBatch on its way. A frozen relay sends late, a reply may be lost: `arrive` and `answer` happen when the world pleases, or never."""

    relay: "Relay"
    parcels: list[Parcel]
    arrived: list[bool] = field(default_factory=list)


class Relay:
    """One relay process: the same parts as in the loop, without threads."""

    def __init__(self, world: "World", number: int, capture: Capture, manner: Manner) -> None:
        self.world, self.capture, self.alive = world, capture, True
        self.holder = f"relay-{number}"
        self.waiting = Waiting(world.streams, STREAM, self.holder, manner=manner)
        self.core: Core | None = None

    def wait(self) -> None:
        asked_at = self.world.now
        lease = self.waiting.step(asked_at)
        if self.waiting.busy:
            self.alive = False
        if lease is None:
            return
        world = self.world
        self.core = core = Core(linger=0.0, rng=random.Random(1))
        self.keeper = Keeper(world.streams, STREAM, lease, asked_at, lambda: world.now)
        self.reading = Reading(
            STREAM,
            self.capture,
            "earliest",
            core,
            open_binlog=lambda tables: SimulatedBinlog(world.server, tables),
            packing=lambda capture: Packing(STREAM, capture.tables, world.schemas, world.claims),
            save=self._save,
            now_ms=lambda: 1_763_000_000_000,
        )
        self.reading.raise_epoch = lease.raise_epoch
        self.publisher = Publisher(core, world.topic, self.keeper.held)
        _, checkpoint = world.streams.load(STREAM)
        if checkpoint:
            core.begin(checkpoint)

    def _save(self, checkpoint: Checkpoint) -> None:
        before = self.world.streams.load(STREAM)[1]
        self.keeper.renew(checkpoint)
        self.world.turned(before, checkpoint)

    def read(self) -> None:
        try:
            self.reading.step(self.world.now)
        except SourceUnavailable:
            self.reading.reset()
        except LeaseLost:
            self.alive = False

    def keep(self) -> None:
        try:
            self.keeper.renew(self.core.checkpoint())
        except LeaseLost:
            self.alive = False
            return
        self.reading.raise_epoch = max(self.reading.raise_epoch, self.keeper.raise_epoch)

    def publish(self) -> None:
        mine = [request for request in self.world.requests if request.relay is self]
        if len(mine) < 2:
            parcels = self.publisher.begin(self.world.now)
            if parcels:
                self.world.requests.append(Request(self, parcels, [False] * len(parcels)))

    def release(self) -> None:
        """The graceful end: only once no request is under way."""
        if any(request.relay is self for request in self.world.requests):
            return
        self.alive = False
        try:
            self.keeper.release(self.core.checkpoint())
        except LeaseLost:
            return


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.server = Server("server-0")
        self.streams, self.schemas, self.claims, self.topic = MemoryStreams(), MemorySchemas(), MemoryClaims(), SimulatedTopic()
        self.relays: list[Relay] = []
        self.requests: list[Request] = []
        self.started = 0
        self.gtid = 0
        self.servers = 1
        self.capture = CAPTURES[0]
        self.captured_from: list[tuple[int, Capture]] = []  # from so many transactions on, under this configuration
        self.epochs: dict[int, int] = {}  # epoch → its last number that is surely acknowledged
        self.lost: set[int] = set()  # GTIDs that a fail-over lost
        self._checked = 0
        self._ids: dict[int, str] = {}
        self._contents: dict[str, object] = {}
        self._firsts: dict[str, list[tuple[int, str]]] = {}

    # what happens at the source

    def commit(self, ops: list[Operation], *, prepare: bool = False) -> None:
        self.gtid += 1
        transaction = Committed(self.gtid, ops, len(self.server.history) if prepare else None)
        (self.server.prepared if prepare else self.server.history).append(transaction)

    def commit_prepared(self) -> None:
        if self.server.prepared:
            self.server.history.append(self.server.prepared.pop(0))

    def fail_over(self, missing: int) -> None:
        """Another server goes on, which may lack the last transactions: of those that a relay relies on the loss is an error for a person to mend."""
        points = [self.streams.load(STREAM)[1], *(relay.core.resume() for relay in self.relays if relay.alive and relay.core)]
        least = max([self.server.number(Position(gtids=point.position.gtids)) for point in points if point], default=0)
        least = max([least, *(each.prepared for each in self.server.prepared if each.prepared is not None)])
        kept = max(least, len(self.server.history) - missing)
        # A transaction whose XA PREPARE the new server has and whose commit it lacks is gone with the others, for simplicity.
        self.lost |= {each.gtid for each in self.server.history[kept:]}
        self.server.gone = True
        self.server = Server(
            f"server-{self.servers}", self.server.history[:kept], first_offset=4 + 10 * self.servers, prepared=self.server.prepared
        )
        self.servers += 1

    # what happens to relays

    def start(self, manner: Manner) -> None:
        self.started += 1
        self.relays.append(Relay(self, self.started, self.capture, manner))

    def turned(self, before: Checkpoint | None, after: Checkpoint) -> None:
        """A checkpoint was stored that changes how is numbered."""
        if before and after.epoch != before.epoch:
            self.epochs[before.epoch] = split_seq(before.seq + before.rows)[1]
        if before is None or after.capture != before.capture:
            self.captured_from.append((self.server.number(Position(gtids=after.position.gtids)), read(after.capture)))

    def arrive(self, request: Request, which: list[bool]) -> None:
        """Entries reach the topic, once a request."""
        new = [now and not before for now, before in zip(which, request.arrived, strict=True)]
        self.topic.accept([parcel.entry for parcel, here in zip(request.parcels, new, strict=True) if here])
        request.arrived = [now or before for now, before in zip(which, request.arrived, strict=True)]
        self.check()

    def answer(self, request: Request, lost: list[bool]) -> None:
        """The relay learns what became of its request; a lost answer counts as a failure."""
        self.requests.remove(request)
        fates = [None if here and not gone else "Throttled" for here, gone in zip(request.arrived, lost, strict=True)]
        request.relay.publisher.finish(request.parcels, fates, self.now)

    # what must hold

    def check(self) -> None:
        """Of everything that arrived since the last check."""
        for group, change in self.topic.delivered[self._checked :]:
            assert self._ids.setdefault(change.seq, change.id) == change.id, f"number {change.seq} was given twice"
            content = (group, change.op, change.key, change.ts_ms)
            known = self._contents.get(change.id)
            if known is None:
                self._contents[change.id] = content
                firsts = self._firsts.setdefault(group, [])
                assert not firsts or firsts[-1][0] < change.seq, f"the numbers of group {group} run backwards"
                firsts.append((change.seq, change.id))
            else:
                assert known == content, f"{change.id} stands for two changes"
        self._checked = len(self.topic.delivered)

    def settle(self) -> None:
        """Every fault ends, one more relay comes: then everything committed must have arrived."""
        for transaction in list(self.server.prepared):
            self.commit_prepared()
            assert transaction in self.server.history
        for relay in self.relays:
            relay.alive = False
        self.requests = [request for request in self.requests if any(request.arrived)]  # the others are never heard of again
        self.server.unavailable = 0
        self.now += 60
        self.start("take")
        last = self.relays[-1]
        for _ in range(10_000):
            self.now += 0.3
            if last.core is None:
                last.wait()
                continue
            last.keep()
            last.publish()
            for request in [request for request in self.requests if request.relay is last]:
                self.arrive(request, [True] * len(request.parcels))
                self.answer(request, [False] * len(request.parcels))
            last.read()
            point = last.core.checkpoint()
            if point and (point.position, point.rows, read(point.capture)) == (self.server.end, 0, self.capture):
                break
        else:
            raise AssertionError("it never comes to rest")
        self.check()
        self._check_complete()

    def _check_complete(self) -> None:
        gone = tuple(f"0-1-{gtid}@" for gtid in self.lost)
        for group, expected in self._expected().items():
            arrived = [each for _, each in self._firsts.get(group, []) if not each.startswith(gone)]
            assert arrived == expected, f"group {group}"
        numbers = {split_seq(seq) for seq in self._ids}
        for epoch, end in self.epochs.items():
            missing = {n for n in range(1, end + 1) if (epoch, n) not in numbers}
            assert not missing, f"epoch {epoch} has holes"

    def _expected(self) -> dict[str, list[str]]:
        """Per group the ids in commit order: numbered alone, by the configuration that held at each transaction."""
        expected = {group_id(STREAM, "shop", name, shard): [] for name in TABLES for shard in (0, 1)}
        binlog = SimulatedBinlog(Server("alone", self.server.history), [each.full_name for each in TABLES.values()])
        for number in range(len(self.server.history)):
            capture = [capture for since, capture in self.captured_from if since <= number][-1]
            numbering = Numbering(STREAM, capture.tables)
            alone = SimulatedBinlog(Server("alone", self.server.history), capture.tables)
            for event in alone.read(binlog._server.place(number), until=binlog._server.place(number + 1)):
                for each, shard, change in numbering.take(event):
                    expected[group_id(STREAM, each.database, each.name, shard)].append(change.id)
        return expected
