"""A world around relays, a step at a time (long: one world): what a database commits, what several
relays do, what goes wrong, and what must hold.
"""

import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from shared.domain.change_encoding import ChangeEncoding
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.message_packing import Parcel
from shared.domain.numbering import Numbering
from shared.flows.relay.capture.admission import Admission
from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.checkpointing import Checkpointing
from shared.flows.relay.lease.lease_acquisition import LeaseAcquisition
from shared.flows.relay.lease.lease_keeper import LeaseKeeper
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.publishing.publisher import Publisher
from shared.flows.relay.reading.reader import Reader
from shared.flows.relay.reading.wanted_capture import Wanting
from shared.flows.relay.relay_setup import Manner
from shared.flows.relay.sharing.succession import Succession
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost, SourceUnavailable, StateUnavailable
from shared.values.finding import Finding
from shared.values.message_group import group_id
from shared.values.position import Position
from shared.values.relay_lease import Lease
from shared.values.seq import make_seq, split_seq
from shared.values.settings import TableSettings
from tests.worlds.relay.simulated import (
    CREATED,
    SimulatedBinlog,
    SimulatedChange,
    SimulatedDatabase,
    SimulatedServer,
    SimulatedTopic,
    SimulatedTransaction,
    table,
)
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams

SOURCE, SECOND = "shop", "shop/second"
TABLES = {name: table(name, "seller") for name in ("a", "b", "c")}
ALWAYS = ("shop.a", "shop.b")
"""Tables that every configuration captures, in one stream or the other: of these nothing may ever
be missing.
"""


def capture(names: str, *, drop: tuple[str, ...] = ()) -> CaptureConfiguration:
    return CaptureConfiguration(
        {f"shop.{name}": TableSettings(shards=2, drop=drop) for name in names}
    )


FIRST_MS = {SOURCE: 1_795_000_000_000, SECOND: 1_795_000_000_000 - 5 * 3_600_000}
"""The clocks that the first epochs are made of: the second stream's is late, so that its numbers
would begin below those of the other.
"""

CLOCK_MS = 20_000
"""How far these clocks come in a second of the world: a new epoch needs a second of theirs."""

Configuration = dict[str, CaptureConfiguration]
"""The streams that are deployed, and what each is to capture."""

CONFIGURATIONS: list[Configuration] = [
    {SOURCE: capture("ab")},
    {SOURCE: capture("abc")},
    {SOURCE: capture("ab", drop=("seller",))},
    {SOURCE: capture("a"), SECOND: capture("bc")},
    {SOURCE: capture("bc"), SECOND: capture("a")},
    {SOURCE: capture("c"), SECOND: capture("ab")},
    {SECOND: capture("ab")},
]


@dataclass
class Request:
    """A PublishBatch on its way. A frozen relay sends late, a reply may be lost: `arrive` and
    `answer` happen when the world pleases, or never.
    """

    relay: "Relay"
    parcels: list[Parcel]
    arrived: list[bool] = field(default_factory=list)


class Relay:
    """One relay process: the same parts as in the loop, without threads."""

    def __init__(
        self,
        world: "RelayWorld",
        number: int,
        stream: str,
        configuration: Configuration,
        manner: Manner,
    ) -> None:
        self.world, self.number, self.stream, self.alive = world, number, stream, True
        self.capture = configuration[stream]
        self.others = {
            name: other.tables for name, other in configuration.items() if name != stream
        }
        self.holder = f"relay-{number}"
        self.waiting = LeaseAcquisition(world.streams, stream, self.holder, manner=manner)
        self.outbox: Outbox | None = None

    def wait(self) -> None:
        asked_at = self.world.now
        lease = self.waiting.step(asked_at)
        if self.waiting.busy:
            self.alive = False
        if lease is None:
            return
        world = self.world
        self.outbox = outbox = Outbox(
            linger=0.0, compress=self.number % 2 == 0, rng=random.Random(1)
        )
        self.keeper = LeaseKeeper(world.streams, self.stream, lease, asked_at, lambda: world.now)
        journal = Journal(world.claims, self.stream)
        self.checkpoints = Checkpointing(
            outbox, journal, world.coverage, self.keeper, lambda: world.now
        )
        share = TableShare(world.streams, self.stream, self.capture, self.others, lease.token)
        due = DueRecorder(world.dues, SOURCE, self.capture.tables)
        succession = Succession(
            world.streams,
            world.coverage,
            due,
            self.stream,
            self.holder,
            self.others,
            self.capture.tables,
            self._now_ms,
        )
        hidden = partial(HiddenColumns, world.schemas, SOURCE)
        admission = Admission(world.preflight, bytes, hidden, self._now_ms)
        self.reader = Reader(
            self.stream,
            Wanting(share, admission, succession.step),
            share,
            "earliest",
            outbox,
            self.checkpoints,
            open_binlog=lambda tables: SimulatedBinlog(world.server, tables),
            packing=lambda: ChangeEncoding(self.stream, world.schemas, world.claims),
            hidden=hidden,
            journal=journal,
            open_database=lambda: SimulatedDatabase(world.server),
            now_ms=self._now_ms,
            mask_key=bytes,
            due=due,
        )
        self.publisher = Publisher(outbox, world.topic, self.keeper.held)
        self.checkpoints.begin(world.streams.load(self.stream)[1])

    def _now_ms(self) -> int:
        return FIRST_MS[self.stream] + int(self.world.now * CLOCK_MS)

    def read(self) -> None:
        try:
            self.reader.step(self.world.now)
        except (SourceUnavailable, StateUnavailable):
            self.reader.reset()
        except LeaseLost:
            self.alive = False

    def keep(self) -> None:
        try:
            self.checkpoints.renew(lambda _: {}, ends_ms=0)
        except LeaseLost:
            self.alive = False

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
            self.checkpoints.release(lambda _: {})
        except LeaseLost:
            return


@dataclass
class Stretch:
    """Transactions that a stream read under one configuration: from `first` on, and, unless it goes
    on, those before `end`.
    """

    first: int
    capture: CaptureConfiguration
    end: int | None = None


class RecordingStreams(MemoryStreams):
    """Tells the world of each checkpoint that changes how is numbered, whoever stores it."""

    def __init__(self, turned: Callable[[str, Checkpoint | None, Checkpoint], None]) -> None:
        super().__init__()
        self._turned = turned

    def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        _, before = self.load(stream)
        renewed = super().renew(stream, lease, checkpoint)
        if checkpoint and (before is None or _numbering(before) != _numbering(checkpoint)):
            self._turned(stream, before, checkpoint)
        return renewed


def _numbering(point: Checkpoint) -> tuple[object, ...]:
    return point.epoch, point.capture, point.catch_up


class RelayWorld:
    def __init__(self) -> None:
        self.now = 0.0
        self.server = SimulatedServer("server-0")
        self.streams = RecordingStreams(self.turned)
        self.schemas, self.claims, self.topic = MemorySchemas(), MemoryClaims(), SimulatedTopic()
        self.coverage, self.dues = MemoryCoverages(), MemoryDues()
        self.relays: list[Relay] = []
        self.requests: list[Request] = []
        self.started = 0
        self.at = 0
        self.servers = 1
        self.configuration = CONFIGURATIONS[0]
        self.segments: dict[str, list[Stretch]] = {SOURCE: [], SECOND: []}
        self.epochs: dict[
            tuple[str, int], int
        ] = {}  # stream, epoch → its last number that is surely acknowledged
        self.lost: list[SimulatedTransaction] = []
        self._checked = 0
        self._ids: dict[tuple[str, int], str] = {}
        self._contents: dict[str, object] = {}
        self.numbers: dict[str, set[int]] = {}  # of each id
        self._firsts: dict[str, list[tuple[int, str]]] = {}

    # what happens at the source

    def commit(self, ops: list[SimulatedChange]) -> None:
        """Each row says when it was written."""
        self.at += 1
        dated = [
            (each, op, before, after and {**after, "seller": self.at})
            for each, op, before, after in ops
        ]
        self.server.commit(self.transaction(dated))

    def transaction(self, ops: list[SimulatedChange]) -> SimulatedTransaction:
        """What the server writes to its binlog."""
        return SimulatedTransaction(ops, self.at)

    def readable(self) -> SimulatedServer:
        """A server of its own with the same history, all of which can be captured."""
        return SimulatedServer("alone", self.server.history)

    def fail_over(self, missing: int) -> None:
        """Another server goes on, which may lack the last transactions, but none that a checkpoint
        stands behind: those are lost in `LosingWorld`.
        """
        points = [self.streams.load(stream)[1] for stream in self.segments]
        points += [relay.outbox.resume() for relay in self.relays if relay.alive and relay.outbox]
        places = [
            place
            for point in points
            if point
            for place in (point.position, *([point.catch_up.until] if point.catch_up else []))
        ]
        places += [
            holding.position
            for holding in self.streams.holdings(SOURCE).tables.values()
            if holding.position.gtids
        ]
        least = max(
            [self.server.number(Position(gtids=place.gtids)) for place in places], default=0
        )
        self._promote(self._lose(missing, least))

    def restart(self) -> None:
        self.server = self.server.restarted(self._start_time())

    def _start_time(self) -> int:
        self.at += 1  # no two starts take place in one second
        return CREATED + 1000 + 10 * self.at

    def _promote(self, kept: int) -> None:
        self.server.gone = True
        self.servers += 1
        self.server = SimulatedServer(
            f"server-{self.servers}",
            self.server.history[:kept],
            first_offset=4 + 10 * self.servers,
            number_of_server=self.servers,
            files=[(0, CREATED + 10 * self.servers)],
        )

    def _lose(self, missing: int, least: int) -> int:
        """How many transactions are left."""
        kept = min(len(self.server.history), max(least, len(self.server.history) - missing))
        self.lost += self.server.history[kept:]
        return kept

    def preflight(self, begun: bool) -> dict[str, Finding]:
        """Every table can be captured."""
        return {}

    # what happens to relays

    def start(self, manner: Manner, which: int = 0) -> None:
        """One more relay of a deployed stream."""
        self.started += 1
        stream = list(self.configuration)[which % len(self.configuration)]
        self.relays.append(Relay(self, self.started, stream, self.configuration, manner))

    def turned(self, stream: str, before: Checkpoint | None, after: Checkpoint) -> None:
        """A checkpoint was stored that changes how is numbered."""
        if before and after.epoch != before.epoch:
            self.epochs[stream, before.epoch] = split_seq(before.seq + before.rows)[1]
        if before:
            self.segments[stream][-1].end = self._number(_end(before, after))
        self.segments[stream].append(
            Stretch(self._number(after.position), read_configuration(after.capture))
        )

    def _number(self, position: Position) -> int:
        return self.server.number(Position(gtids=position.gtids))

    def arrive(self, request: Request, which: list[bool]) -> None:
        """Entries reach the topic, once a request."""
        new = [now and not before for now, before in zip(which, request.arrived, strict=True)]
        self.topic.accept(
            [parcel.entry for parcel, here in zip(request.parcels, new, strict=True) if here]
        )
        request.arrived = [
            now or before for now, before in zip(which, request.arrived, strict=True)
        ]
        self.check()

    def answer(self, request: Request, lost: list[bool]) -> None:
        """The relay learns what became of its request; a lost answer counts as a failure."""
        self.requests.remove(request)
        fates = [
            None if here and not gone else "Throttled"
            for here, gone in zip(request.arrived, lost, strict=True)
        ]
        request.relay.publisher.finish(request.parcels, fates, self.now)

    # what must hold

    def check(self) -> None:
        """Of everything that arrived since the last check."""
        news = zip(
            self.topic.delivered[self._checked :], self.topic.streams[self._checked :], strict=True
        )
        for (group, change), stream in news:
            assert self._ids.setdefault((stream, change.seq), change.id) == change.id, (
                f"number {change.seq} was given twice"
            )
            self.numbers.setdefault(change.id, set()).add(change.seq)
            content = (group, change.op, change.key, change.ts_ms)
            known = self._contents.get(change.id)
            if known is None:
                self._contents[change.id] = content
                firsts = self._firsts.setdefault(group, [])
                assert not firsts or firsts[-1][0] < change.seq, (
                    f"the numbers of group {group} run backwards"
                )
                firsts.append((change.seq, change.id))
            else:
                assert known == content, f"{change.id} stands for two changes"
        self._checked = len(self.topic.delivered)

    def settle(self) -> None:
        """Every fault ends, one more relay of each stream comes: then everything committed must
        have arrived.
        """
        for relay in self.relays:
            relay.alive = False
        self.requests = [
            request for request in self.requests if any(request.arrived)
        ]  # the others are never heard of again
        self.server.unavailable = 0
        self.now += 60
        for which in range(len(self.configuration)):
            self.start("take", which)
        last = self.relays[-len(self.configuration) :]
        for _ in range(10_000):
            self.now += 0.3
            for relay in last:
                self._work(relay)
            if all(map(self._at_rest, last)):
                break
        else:
            raise AssertionError("it never comes to rest")
        self.check()
        self._check_complete()

    def _work(self, relay: Relay) -> None:
        if relay.outbox is None:
            relay.wait()
            return
        relay.keep()
        relay.publish()
        for request in [request for request in self.requests if request.relay is relay]:
            self.arrive(request, [True] * len(request.parcels))
            self.answer(request, [False] * len(request.parcels))
        relay.read()

    def _at_rest(self, relay: Relay) -> bool:
        point = relay.outbox and relay.outbox.acknowledged()
        return bool(point) and (point.position, point.rows, read_configuration(point.capture)) == (
            self.server.end,
            0,
            relay.capture,
        )

    def _check_complete(self) -> None:
        gone = (*(f"{each.id}/" for each in self.lost), "reread:")
        expected = self._expected()
        for group, whole in self._expected(everything=True).items():
            cut = (*gone, *self._cut(group))
            arrived = [each for _, each in self._firsts.get(group, []) if not each.startswith(cut)]
            if self._abandoned(group):
                remaining = iter(whole)
                assert all(each in remaining for each in arrived), f"group {group} is out of order"
            else:
                due = [each for each in expected[group] if not each.startswith(cut)]
                assert arrived == due, f"group {group}"
        for (stream, epoch), end in self.epochs.items():
            missing = [
                n for n in range(1, end + 1) if (stream, make_seq(epoch, n)) not in self._ids
            ]
            assert not missing, f"epoch {epoch} of {stream} has holes"
        self._check_coverage()

    def _cut(self, group: str) -> Iterable[str]:
        """Beginnings of ids that may arrive or not."""
        return ()

    def _check_coverage(self) -> None:
        """No transaction of a table is read by two streams, and of a table that somebody always
        wants none by nobody.
        """
        for name in (each.full_name for each in TABLES.values()):
            read_by = [
                segment
                for segments in self.segments.values()
                for segment in segments
                if name in segment.capture.tables
            ]
            spans = sorted(
                (one.first, len(self.server.history) if one.end is None else one.end)
                for one in read_by
            )
            spans = [(first, end) for first, end in spans if first < end]
            for (_, end), (first, _) in itertools.pairwise(spans):
                assert end <= first, f"{name} was read twice from {first} to {end}"
                assert end == first or name not in ALWAYS, (
                    f"{name} was not read from {end} to {first}"
                )

    def _abandoned(self, group: str) -> bool:
        """Whether a table that nobody wanted was left by a stream that was taken out of the
        configuration: how far that had come nobody knows.
        """
        for stream, segments in self.segments.items():
            for segment, later in itertools.zip_longest(segments, segments[1:]):
                last = (
                    stream not in self.configuration if later is None else not later.capture.tables
                )
                names = [
                    name.removeprefix("shop.")
                    for name in segment.capture.tables
                    if name not in ALWAYS
                ]
                if last and group in [
                    group_id(SOURCE, "shop", name, shard) for name in names for shard in (0, 1)
                ]:
                    return True
        return False

    def _expected(
        self, *, everything: bool = False, first: int = 0, end: int | None = None
    ) -> dict[str, list[str]]:
        """Per group the ids in commit order: numbered alone, by the configurations that held at
        each transaction, or as if all was captured always.
        """
        expected = {
            group_id(SOURCE, "shop", name, shard): [] for name in TABLES for shard in (0, 1)
        }
        alone = self.readable()
        for number in range(first, len(self.server.history) if end is None else end):
            holding = [
                one
                for some in self.segments.values()
                for one in some
                if one.first <= number and (one.end is None or number < one.end)
            ]
            tables = {name: table for one in holding for name, table in one.capture.read.items()}
            if everything:
                tables = capture("abc").tables
            numbering = Numbering(SOURCE, tables)
            for event in SimulatedBinlog(alone, tables).read(
                alone.place(number), until=alone.place(number + 1)
            ):
                for each, shard, change in numbering.take(event):
                    expected[group_id(SOURCE, each.database, each.name, shard)].append(change.id)
        return expected


def _end(before: Checkpoint, after: Checkpoint) -> Position:
    """Up to where a stream had read under `before`, when `after` took its place."""
    if before.catch_up is None:
        return after.catch_up.until if after.catch_up else after.position
    if after.catch_up and len(after.catch_up.legs) == len(before.catch_up.legs):
        return after.position  # the same leg under other numbers
    return (
        before.position if not read_configuration(after.capture).tables else before.catch_up.until
    )  # given up in the middle, or done
