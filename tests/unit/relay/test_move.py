"""A planned change of server (long: every refusal): what is looked at, stored, refused."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.adapters.database.contract import Server as Found
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.source.move import Move, move_all
from shared.flows.source.move_readiness import Readiness
from shared.flows.source.move_target import check_target
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import (
    ConfigError,
    LeaseLost,
    PositionLost,
    RowlineError,
    SourceError,
    SourceUnavailable,
)
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.relay_lease import Holding, Holdings
from shared.values.seq import make_seq, split_seq
from shared.values.settings import SourceSettings, TableSettings
from tests.unit.test_preflight import database, source
from tests.worlds.relay.simulated import (
    SimulatedBinlog,
    SimulatedDatabase,
    SimulatedServer,
    SimulatedTopic,
    SimulatedTransaction,
    table,
)
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.database import MemoryDatabase
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams

LISTINGS = table("listings")
TABLES = {"shop.listings": TableSettings()}


class MoveWorld:
    """An old server that is read, a new one, and a stream between them."""

    def __init__(self, *, gtids: bool) -> None:
        self.old = SimulatedServer("mariadb-1", gtids=gtids)
        self.new = SimulatedServer("mariadb-2", gtids=gtids, first_offset=504, number_of_server=2)
        self.now = self.old  # where the secret leads
        self.streams: Any = MemoryStreams()
        self.topic, self.claims = SimulatedTopic(), MemoryClaims()

    def commit(self, *servers: SimulatedServer) -> None:
        row = SimulatedTransaction(
            [(LISTINGS, "c", None, {"id": len(servers[0].history) + 1})],
            at=len(servers[0].history) + 1,
        )
        servers[0].commit(row)
        for replica in servers[1:]:
            replica.history.append(row)

    def job(self, holder: str = "person", **options: Any) -> RelaySetup:
        return RelaySetup(
            source=SourceSettings(
                "shop", "rowline/prod/source", TABLES, start="earliest", linger_ms=5
            ),
            streams=self.streams,
            schemas=MemorySchemas(),
            dues=MemoryDues(),
            coverage=MemoryCoverages(),
            claims=self.claims,
            topic=self.topic,
            open_binlog=lambda tables, _: SimulatedBinlog(self.now, tables, block=0.01),
            open_database=lambda: SimulatedDatabase(self.now),
            holder=holder,
            **{"manner": "take", "run": "foreground"} | options,
        )

    def move(
        self,
        at: Position | str | None = None,
        tell: Callable[[Readiness], None] = lambda _: None,
        **options: Any,
    ) -> Move:
        place = Position.parse(at) if isinstance(at, str) else at
        return Move(
            self.job(**options), lambda: SimulatedBinlog(self.new, TABLES, block=0.01), place, tell
        )

    def store(self, number: int, **fields: Any) -> Checkpoint:
        """As a relay left it that published `number` transactions of the old server."""
        place = self.old.place(number)
        lineage = Lineage(self.old.identity, started=5)
        capture = CaptureConfiguration(TABLES).text()
        point = Checkpoint(place, make_seq(7, number), 7, lineage, capture, read_to=place)
        point = msgspec.structs.replace(point, **fields)
        lease = self.streams.acquire("shop", self.streams.load("shop")[0], "relay")
        assert lease
        self.streams.release("shop", lease, point)
        return point

    def point(self) -> Checkpoint:
        _, point = self.streams.load("shop")
        assert point
        return point


@pytest.fixture
def world() -> MoveWorld:
    """Without GTIDs."""
    return of_three_transactions(gtids=False)


@pytest.fixture
def paired() -> MoveWorld:
    """A primary and its replica, with GTIDs."""
    return of_three_transactions(gtids=True)


def of_three_transactions(*, gtids: bool) -> MoveWorld:
    made = MoveWorld(gtids=gtids)
    for _ in range(3):
        made.commit(made.old, made.new)
    return made


AT = "bin.000001:804"  # behind the third transaction on the new server


def test_a_place_is_stored_above_all_numbers_and_a_second_run_finds_it_done(
    world: MoveWorld,
) -> None:
    before = world.store(3)
    move = world.move(AT)
    assert move.look() == Readiness("shop", "place", "mariadb-1", "mariadb-2", "bin.000001:304", AT)
    assert world.point() == before, "a look changes nothing"
    assert move.apply().way == "place"
    after = world.point()
    assert (after.server, str(after.position), after.read_to) == ("mariadb-2", AT, after.position)
    assert (after.epoch, split_seq(after.seq), after.capture) == (8, (8, 0), before.capture)
    assert world.streams.load("shop")[0].holder == ""
    assert world.move(AT).apply().way == "there"
    assert world.point() == after


def test_the_relay_goes_on_there_and_nowhere_else(world: MoveWorld) -> None:
    world.store(3)
    world.move(AT).apply()
    with pytest.raises(
        PositionLost, match="another server"
    ):  # the secret still leads to the old one
        relay(world.job("relay"))
    world.now = world.new
    world.commit(world.new)
    job = world.job("relay")
    thread = threading.Thread(target=relay, args=(job,))
    thread.start()
    try:
        _until(lambda: world.topic.delivered)
    finally:
        job.stop.set()
        thread.join(30)
    assert [(split_seq(change.seq), change.key) for _, change in world.topic.delivered] == [
        ((8, 1), {"id": 4})
    ]


def test_what_the_old_server_wrote_is_published_first_by_the_relay_that_then_yields(
    world: MoveWorld,
) -> None:
    told: list[Readiness] = []
    relaying = world.job("relay")
    thread = threading.Thread(target=relay, args=(relaying,))

    def tell(readiness: Readiness) -> None:
        told.append(readiness)
        if len(told) == 1:
            thread.start()

    world.store(1)
    try:
        world.move(AT, tell).apply()
    finally:
        relaying.stop.set()
        thread.join(30)
    assert told[0].waits_for == "bin.000001:304"
    assert [change.key["id"] for _, change in world.topic.delivered] == [2, 3]
    assert (world.point().server, str(world.point().position)) == ("mariadb-2", AT)


@pytest.mark.parametrize("unfinished", [{"rows": 1}, {"position": Position("bin.000001", 204)}])
def test_a_checkpoint_that_is_not_at_the_end_waits(
    world: MoveWorld, unfinished: dict[str, Any]
) -> None:
    world.store(3, **unfinished)
    assert world.move(AT).look().waits_for == "bin.000001:304"


def test_waiting_can_be_ended_and_leaves_everything_as_it_was(world: MoveWorld) -> None:
    before = world.store(1)
    stop = threading.Event()
    with pytest.raises(RowlineError, match="was not moved"):
        world.move(AT, lambda _: stop.set(), stop=stop).apply()
    lease, after = world.streams.load("shop")
    assert (lease.holder, after) == ("", before)


def test_no_stream_of_a_source_is_moved_before_all_can_be(world: MoveWorld) -> None:
    before, stop = world.store(3), threading.Event()
    lease = world.streams.acquire("shop/events", world.streams.load("shop/events")[0], "relay")
    world.streams.release(
        "shop/events", lease, msgspec.structs.replace(before, position=world.old.place(1))
    )
    events = world.job()
    late = RelaySetup(
        **{
            **vars(events),
            "source": msgspec.structs.replace(events.source, name="events", relay_of="shop"),
            "stop": stop,
        }
    )
    moves = [
        world.move(AT),
        Move(
            late,
            lambda: SimulatedBinlog(world.new, TABLES, block=0.01),
            Position.parse(AT),
            lambda _: stop.set(),
        ),
    ]
    with pytest.raises(RowlineError, match="was not moved"):
        move_all(moves)
    assert world.point() == before


def test_an_old_server_that_still_writes_is_refused(world: MoveWorld) -> None:
    before = world.store(1)
    with pytest.raises(SourceError, match="still writes") as refused:
        world.move(AT, lambda _: world.commit(world.old)).apply()
    assert "read_only" in refused.value.hint
    assert world.point() == before


def test_a_write_between_the_look_and_the_lease_is_refused(world: MoveWorld) -> None:
    class Late(MemoryStreams):
        def acquire(self, *asked: Any) -> Any:
            world.commit(world.old)
            return super().acquire(*asked)

    stored = world.store(3)
    world.streams, before = Late(), world.streams
    world.streams._items = before._items
    with pytest.raises(SourceError, match="still writes"):
        world.move(AT).apply()
    assert world.streams.load("shop")[1] == stored


def test_a_relay_that_took_the_lease_meanwhile_keeps_its_place(world: MoveWorld) -> None:
    class Stolen(MemoryStreams):
        def holdings(self, source: str) -> Holdings:
            self.acquire("shop", self.load("shop")[0], "thief")
            return super().holdings(source)

    world.streams = Stolen()
    before = world.store(3)
    with pytest.raises(LeaseLost):
        world.move(AT).apply()
    assert world.point() == before


def test_a_table_on_its_way_between_relays_comes_first(world: MoveWorld) -> None:
    before = world.store(3)
    world.streams.hold(
        "shop",
        0,
        Holdings(
            {"shop.listings": Holding("shop/other", 1, True, 6, world.old.place(2), "mariadb-1")}
        ),
    )
    with pytest.raises(RowlineError, match=r"shop\.listings is on its way"):
        world.move(AT).apply()
    assert world.point() == before


@pytest.mark.parametrize(
    ("at", "says"),
    [
        (None, "It now ends at bin.000001:804"),
        ("bin.000001:904", "goes from bin.000001:504 to bin.000001:804"),
        ("bin.000001:404", "goes from"),
        ("mysql-bin.000001:804", "goes from"),
        ("0-1-3", "is no place of one server"),
    ],
)
def test_a_place_must_be_given_and_be_there(world: MoveWorld, at: str | None, says: str) -> None:
    world.store(3)
    with pytest.raises(ConfigError) as refused:
        world.move(at).look()
    assert says in str(refused.value)


def test_the_old_server_must_be_asked(world: MoveWorld) -> None:
    world.store(3)
    world.now = world.new
    with pytest.raises(SourceError, match="its secret leads to mariadb-2"):
        world.move(AT).look()
    world.now = world.old
    world.old.unavailable = 1
    with pytest.raises(SourceUnavailable) as gone:
        world.move(AT).look()
    assert "source reset" in gone.value.hint


def test_a_stream_that_was_never_read_has_nothing_to_move(world: MoveWorld) -> None:
    with pytest.raises(RowlineError, match="never read"):
        world.move(AT).look()


def test_by_gtids_a_replica_that_lags_is_waited_for(paired: MoveWorld) -> None:
    paired.commit(paired.old)
    paired.store(4)
    found = paired.move().look()
    assert (found.way, found.waits_for, found.place, found.verify) == (
        "gtids",
        "0-1-4",
        "0-1-3",
        ("shop.listings",),
    )
    paired.new.history.append(paired.old.history[-1])
    assert paired.move().look().waits_for == ""
    with pytest.raises(ConfigError, match="not needed"):
        paired.move("bin.000001:804").look()


def test_by_gtids_the_relay_connects_anew_once_the_secret_leads_there(paired: MoveWorld) -> None:
    before = paired.store(3)
    with pytest.raises(SourceError, match="still leads to mariadb-1"):
        paired.move().apply()
    connected = threading.Event()

    def connect(tables: Any, _: int) -> SimulatedBinlog:
        connected.set()
        return SimulatedBinlog(paired.old, tables, block=0.01)

    running = RelaySetup(**{**vars(paired.job("relay")), "open_binlog": connect})
    thread = threading.Thread(target=relay, args=(running,))
    thread.start()
    try:
        assert connected.wait(30)
        paired.now = paired.new
        assert paired.move().apply().way == "gtids"
        thread.join(30)
        assert not thread.is_alive(), "it yielded"
    finally:
        running.stop.set()
        thread.join(30)
    assert paired.point().server == before.server, (
        "which server is read the next relay finds out by itself"
    )


def test_a_server_with_nothing_in_common_needs_a_place(paired: MoveWorld) -> None:
    paired.new.history = []
    paired.commit(paired.new)
    paired.store(3)
    with pytest.raises(PositionLost) as refused:
        paired.move().look()
    assert "replica of the server" in refused.value.hint
    assert "--at" in refused.value.hint
    assert paired.move("bin.000001:604").look().way == "place"


def test_gtids_of_another_kind_tell_nothing(paired: MoveWorld) -> None:
    paired.store(3)
    paired.new.identity = "3f1c0000-71ca-11e1-9e33-c80aa9429562"
    with pytest.raises(PositionLost, match="GTIDs of another kind") as refused:
        paired.move().look()
    assert "--at" in refused.value.hint
    assert paired.move(AT).look().way == "place"


@pytest.mark.parametrize("at", [None, AT])
def test_a_server_that_has_purged_its_binlogs_is_refused(
    world: MoveWorld, paired: MoveWorld, at: str | None
) -> None:
    class Purged(SimulatedBinlog):
        def _read(self, *_: Any) -> Any:
            raise PositionLost("the binlog is purged.", thing="new")

    tried = world if at else paired
    tried.store(3)
    with pytest.raises(PositionLost, match="purged") as refused:
        Move(
            tried.job(), lambda: Purged(tried.new, TABLES), Position.parse(at) if at else None
        ).look()
    assert "kept its binlogs" in refused.value.hint


def target(identity: str = "mariadb-2", **settings: str) -> MemoryDatabase:
    made = database(Found("mariadb", (11, 8, 1), "11.8.1-MariaDB", identity))
    made.settings |= {"hostname": "new", **settings}
    return made


def test_a_target_must_work_and_be_told_from_the_old_server() -> None:
    wanted = source(shop__items=TableSettings())
    old = database()
    check_target(target(), wanted, lambda: old)
    check_target(old, wanted, lambda: old)  # the secret leads there already
    with pytest.raises(SourceError, match="identity of the server that is read now, mariadb-1"):
        check_target(target("mariadb-1"), wanted, lambda: old)
    with pytest.raises(SourceError, match=r"the new server, binlog_row_image: is MINIMAL"):
        check_target(target(binlog_row_image="MINIMAL"), wanted, lambda: old)
    with pytest.raises(SourceError, match=r"the new server, table shop\.other"):
        check_target(
            target(), source(shop__items=TableSettings(), shop__other=TableSettings()), lambda: old
        )


def test_a_table_that_cannot_be_captured_there_stops_alone() -> None:
    wanted = source(shop__items=TableSettings(drop=("nothing",)), shop__gone=TableSettings())
    (alone,) = check_target(target(), wanted, database, {"shop.gone"})
    assert (alone.table, "no column nothing" in alone.what) == ("shop.items", True)


def test_a_target_is_checked_although_the_old_server_is_gone() -> None:
    def gone() -> MemoryDatabase:
        raise SourceUnavailable("does not answer.", thing="old")

    check_target(target(), source(shop__items=TableSettings()), gone)


def _until(what: Callable[[], Any], seconds: float = 30.0) -> None:
    waiting = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if what():
            return
        waiting.wait(0.01)
    raise AssertionError("did not happen")
