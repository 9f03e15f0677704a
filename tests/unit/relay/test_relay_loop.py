"""The loop on twins (long: one subject): what is committed arrives, and a second relay takes over
without a gap.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.adapters.binlog.contract import Begin, Due, Event, SchemaChanged
from shared.adapters.topic.contract import Entry
from shared.domain import large_change
from shared.flows.relay import relay_loop
from shared.flows.relay.lease import lease_margins, start_under_lease
from shared.flows.relay.reading import reading_pass
from shared.flows.relay.relay_loop import relay
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.source.reset import reset
from shared.values.checkpoint import Checkpoint
from shared.values.due_cause import DueCause
from shared.values.errors import (
    PositionLost,
    RowlineError,
    SourceError,
    SourceUnavailable,
    StateUnavailable,
    TopicError,
)
from shared.values.finding import Finding
from shared.values.next_epoch import MAX_EPOCH, epoch_at
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.settings import SourceSettings, TableSettings
from shared.values.table import Table
from tests.waiting import wait_for
from tests.worlds.relay.simulated import (
    SimulatedBinlog,
    SimulatedDatabase,
    SimulatedServer,
    SimulatedTopic,
    SimulatedTransaction,
    table,
)
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.state import MemoryCoverages, MemoryDues, MemorySchemas, MemoryStreams

LISTINGS, PHOTOS = table("listings"), table("photos")


class LoopWorld:
    def __init__(self) -> None:
        self.server = SimulatedServer("mariadb-1", gtids=False)
        self.topic: Any = SimulatedTopic()
        self.streams, self.schemas, self.claims = MemoryStreams(), MemorySchemas(), MemoryClaims()
        self.dues = MemoryDues()
        self.coverage = MemoryCoverages()
        self.threads: list[tuple[threading.Thread, RelaySetup]] = []
        self.ended: dict[str, str | BaseException] = {}
        self.gtid = 0

    def commit(self, rows: int = 1, table: Table = LISTINGS) -> None:
        self.gtid += 1
        ops: list[Any] = [(table, "c", None, {"id": self.gtid * 1000 + row}) for row in range(rows)]
        self.server.commit(SimulatedTransaction(ops, self.gtid))

    def point(self) -> Checkpoint:
        _, point = self.streams.load("shop")
        assert point
        return point

    def start(
        self,
        holder: str = "one",
        tables: dict[str, TableSettings] | None = None,
        **options: Any,
    ) -> RelaySetup:
        options = {"manner": "leave", "run": "lambda"} | options
        job = RelaySetup(
            source=SourceSettings(
                "shop",
                "secret",
                tables or {"shop.listings": TableSettings()},
                start="earliest",
                linger_ms=5,
            ),
            streams=self.streams,
            schemas=self.schemas,
            dues=self.dues,
            coverage=self.coverage,
            claims=self.claims,
            topic=self.topic,
            open_database=lambda: SimulatedDatabase(self.server),
            holder=holder,
            **{
                "open_binlog": lambda tables, token: SimulatedBinlog(
                    self.server, tuple(tables), block=0.01
                )
            }
            | options,
        )
        thread = threading.Thread(target=self._run, args=(job,))
        self.threads.append((thread, job))
        thread.start()
        return job

    def _run(self, job: RelaySetup) -> None:
        try:
            self.ended[job.holder] = relay(job)
        except RowlineError as error:
            self.ended[job.holder] = error

    def end(self) -> None:
        for thread, job in self.threads:
            job.stop.set()
            thread.join(60)
            assert not thread.is_alive()

    def ids(self) -> list[str]:
        return [change.id for _, change in self.topic.delivered]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopWorld]:
    monkeypatch.setattr(lease_margins, "RENEW_SECONDS", 0.02)
    monkeypatch.setattr(start_under_lease, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(relay_loop, "BACKOFF_SECONDS", (0.02, 0.1))
    monkeypatch.setattr(lease_margins, "LEASE_SECONDS", 2.0)
    monkeypatch.setattr(lease_margins, "REQUEST_SECONDS", 0.5)
    world = LoopWorld()
    yield world
    world.end()


def test_everything_committed_arrives_once_and_the_checkpoint_follows(world: LoopWorld) -> None:
    for _ in range(50):
        world.commit(rows=7)
    job = world.start()
    wait_for(lambda: len(world.ids()) == 350)
    world.commit()
    wait_for(lambda: len(world.ids()) == 351)
    job.stop.set()
    wait_for(lambda: "one" in world.ended)
    lease, checkpoint = world.streams.load("shop")
    assert world.ended["one"] == "stopped"
    assert lease.holder == ""
    assert checkpoint is not None
    assert (checkpoint.position, checkpoint.rows, checkpoint.server) == (
        world.server.end,
        0,
        "mariadb-1",
    )
    assert split_seq(checkpoint.seq) == (checkpoint.epoch, 351)
    assert len(set(world.ids())) == 351


def test_the_next_relay_goes_on_where_the_first_one_stopped(world: LoopWorld) -> None:
    for _ in range(20):
        world.commit(rows=5)
    first = world.start("one")
    wait_for(lambda: len(world.ids()) > 10)
    first.stop.set()
    world.start("two")
    world.commit()
    wait_for(lambda: len(set(world.ids())) == 101)
    assert len(world.ids()) == 101, "a graceful end leaves nothing to be published twice"
    numbers = sorted(split_seq(change.seq) for _, change in world.topic.delivered)
    assert numbers == [(numbers[0][0], n) for n in range(1, 102)]


def test_a_second_scheduled_relay_leaves_to_holder(world: LoopWorld) -> None:
    world.start("one")
    wait_for(lambda: world.streams.load("shop")[0].holder == "one")
    world.start("two")
    wait_for(lambda: world.ended.get("two") == "busy")
    assert world.streams.load("shop")[0].holder == "one"


def test_a_second_scheduled_relay_stands_by_when_the_first_ends_soon(world: LoopWorld) -> None:
    first = world.start("one", left_ms=lambda: 50_000)
    wait_for(lambda: world.streams.load("shop")[0].ends_ms == 30_000)
    world.start("two")
    time.sleep(0.2)
    assert "two" not in world.ended
    first.stop.set()
    wait_for(lambda: world.streams.load("shop")[0].holder == "two")


@pytest.mark.parametrize("asked", [False, True])
def test_a_relay_that_ends_late_is_waited_for(world: LoopWorld, asked: bool) -> None:
    """It publishes what it has read, for longer than it meant to run, or after it was stopped."""
    begins, goes_on = threading.Event(), threading.Event()

    class Slow(SimulatedTopic):
        def publish(self, entries: list[Entry]) -> list[str | None]:
            begins.set()
            assert goes_on.wait(30)
            return super().publish(entries)

    world.topic = Slow()
    world.commit()
    left: list[int | None] = [None if asked else 50_000]
    first = world.start("one", left_ms=lambda: left[0])
    wait_for(begins.is_set)
    if asked:
        first.stop.set()
    else:
        left[0] = 20_000
    wait_for(lambda: world.streams.load("shop")[0].ends_ms == 1)
    world.start("two")
    time.sleep(0.2)
    assert "one" not in world.ended
    assert "two" not in world.ended
    goes_on.set()
    wait_for(lambda: world.streams.load("shop")[0].holder == "two")


def test_a_relay_ends_by_itself_while_there_is_time_to_end_well(world: LoopWorld) -> None:
    began = time.monotonic()
    world.start("one", left_ms=lambda: int(20_300 - (time.monotonic() - began) * 1000))
    wait_for(lambda: world.ended.get("one") == "stopped")
    assert world.streams.load("shop")[0].holder == ""


def test_a_foreground_relay_takes_over_from_a_scheduled_one(world: LoopWorld) -> None:
    world.start("one")
    wait_for(lambda: world.streams.load("shop")[0].holder == "one")
    world.start("two", manner="take", run="foreground")
    wait_for(lambda: world.streams.load("shop")[0].holder == "two")
    wait_for(lambda: world.ended.get("one") == "yielded")


def test_a_new_deployment_takes_over_from_the_old_one(world: LoopWorld) -> None:
    world.start("one", version="a")
    wait_for(lambda: world.streams.load("shop")[0].figures.get("version") == "a")
    world.start("two", version="b")
    wait_for(lambda: world.streams.load("shop")[0].holder == "two")
    assert world.ended["one"] == "yielded"


def test_a_relay_that_vanished_is_followed_by_another(world: LoopWorld) -> None:
    lease = world.streams.acquire("shop", world.streams.load("shop")[0], "vanished")
    assert lease is not None
    world.commit()
    began = time.monotonic()
    world.start("two")
    wait_for(lambda: len(world.ids()) == 1)
    assert time.monotonic() - began >= 2.5, "lease time and request time were waited out"


def test_a_relay_whose_lease_was_taken_publishes_nothing_more(world: LoopWorld) -> None:
    world.start("one")
    wait_for(lambda: world.streams.load("shop")[0].holder == "one")
    while world.streams.acquire("shop", world.streams.load("shop")[0], "two") is None:
        pass
    wait_for(lambda: world.ended.get("one") == "lease lost")
    world.commit()
    time.sleep(0.1)
    assert world.ids() == []
    assert world.streams.load("shop")[0].holder == "two"


def test_a_source_that_is_away_for_a_while_is_waited_for(world: LoopWorld) -> None:
    world.server.unavailable = 3
    world.commit()
    world.start()
    wait_for(lambda: "does not answer" in world.streams.load("shop")[0].figures.get("error", ""))
    wait_for(lambda: len(world.ids()) == 1)
    wait_for(lambda: "error" not in world.streams.load("shop")[0].figures)


class AwayClaims(MemoryClaims):
    """A claim store that does not answer while `away`."""

    away = True

    def put(self, name: str, body: bytes) -> str:
        if self.away:
            raise StateUnavailable("S3 did not answer.", thing="s3://claims")
        return super().put(name, body)


def test_a_claims_bucket_that_is_away_is_waited_for_and_nothing_passes_the_row(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(large_change, "MAX_CHANGE_BYTES", 120)
    world.claims = claims = AwayClaims()
    for _ in range(3):
        world.commit(rows=2)
    job = world.start()
    wait_for(lambda: "S3 did not answer" in world.streams.load("shop")[0].figures.get("error", ""))
    assert world.ids() == []
    claims.away = False
    wait_for(lambda: len(world.ids()) == 6)
    assert sorted(split_seq(change.seq)[1] for _, change in world.topic.delivered) == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]
    assert all(change.claim for _, change in world.topic.delivered)
    claims.away = True
    world.commit()
    wait_for(lambda: "S3 did not answer" in world.streams.load("shop")[0].figures.get("error", ""))
    job.stop.set()
    wait_for(lambda: world.ended.get("one") == "stopped")
    assert world.streams.load("shop")[0].holder == ""


class AwayDues(MemoryDues):
    """Does not answer `away` times."""

    away = 3

    def note_source(self, source: str, table: str, cause: DueCause) -> None:
        if self.away:
            self.away -= 1
            raise StateUnavailable("DynamoDB did not answer.", thing="state table")
        super().note_source(source, table, cause)


class Altering(SimulatedBinlog):
    """The second transaction begins with a DDL statement that rewrites rows."""

    def _read(self, start: Position, until: Position | None) -> Iterator[Event]:
        for event in super()._read(start, until):
            yield event
            if isinstance(event, Begin) and event.id.startswith("0-1-2@"):
                yield Due("shop", "listings", "ADD COLUMN")
                yield SchemaChanged("shop", "others")


def test_a_statement_that_rewrites_rows_is_stored_before_the_checkpoint_passes_it(
    world: LoopWorld,
) -> None:
    world.dues = dues = AwayDues()
    for _ in range(3):
        world.commit()
    job = world.start(
        open_binlog=lambda tables, token: Altering(world.server, tuple(tables), block=0.01)
    )
    wait_for(lambda: len(world.ids()) == 3)
    job.stop.set()
    wait_for(lambda: "one" in world.ended)
    assert dues.away == 0, "it was tried until it was stored"
    assert dues.of_source("shop") == {"shop.listings": DueCause("0-1-2@2", "ADD COLUMN")}


def test_a_source_error_ends_the_relay_and_shows_in_the_lease(world: LoopWorld) -> None:
    def refused(*_: Any) -> Any:
        raise SourceError("refuses the login.", thing="source shop")

    world.start("one")
    world.end()
    job = world.threads[0][1]
    with pytest.raises(SourceError):
        relay(
            RelaySetup(
                **{**vars(job), "open_binlog": refused, "stop": threading.Event(), "holder": "two"}
            )
        )
    lease, _ = world.streams.load("shop")
    assert (lease.holder, lease.figures["error"]) == ("", "source shop: refuses the login.")


def test_a_source_that_cannot_work_is_refused_before_anything_is_read(world: LoopWorld) -> None:
    asked: list[bool] = []

    def refuse(begun: bool) -> dict[str, Finding]:
        asked.append(begun)
        if len(asked) == 1:
            raise SourceUnavailable("does not answer.", thing="source shop")
        if len(asked) == 2:
            raise SourceError("is OFF.", thing="log_bin", hint="Set it.")
        return {}

    world.commit()
    world.start("one", preflight=refuse)
    wait_for(lambda: "one" in world.ended)
    lease, checkpoint = world.streams.load("shop")
    assert (lease.holder, lease.figures["error"], checkpoint) == (
        "",
        "log_bin: is OFF. Set it.",
        None,
    )
    world.start("two", preflight=refuse)
    wait_for(lambda: len(world.ids()) == 1)
    world.end()
    world.start("three", preflight=refuse)
    wait_for(lambda: len(asked) == 4)
    assert asked == [False, False, False, True], (
        "once a start; the stream has begun only with its first checkpoint"
    )


def test_a_topic_that_refuses_for_good_ends_the_relay_before_the_checkpoint_moves(
    world: LoopWorld,
) -> None:
    class Refusing:
        def publish(self, entries: list[Entry]) -> list[str | None]:
            raise TopicError("refuses.", thing="topic")

    world.topic = Refusing()
    world.commit()
    world.start()
    wait_for(lambda: "one" in world.ended)
    assert isinstance(world.ended["one"], TopicError)
    _, checkpoint = world.streams.load("shop")
    assert checkpoint is not None
    assert (checkpoint.rows, split_seq(checkpoint.seq)[1]) == (0, 0)


def test_a_reset_starts_above_all_numbers_and_takes_over_from_a_running_relay(
    world: LoopWorld,
) -> None:
    world.commit()
    running = world.start("one")
    wait_for(lambda: len(world.ids()) == 1)
    world.commit()
    wait_for(lambda: len(world.ids()) == 2)
    old, new = reset(
        RelaySetup(
            **{
                **vars(running),
                "stop": threading.Event(),
                "holder": "person",
                "manner": "take",
                "run": "foreground",
            }
        ),
        "earliest",
        now_ms=0,
    )
    assert old is not None
    assert (new.epoch, split_seq(new.seq), new.position) == (
        old.epoch + 1,
        (old.epoch + 1, 0),
        world.server.place(0),
    )
    assert world.streams.load("shop")[0].holder == ""
    world.start("two")
    wait_for(
        lambda: (
            [split_seq(change.seq) for _, change in world.topic.delivered][2:]
            == [(new.epoch, 1), (new.epoch, 2)]
        )
    )


def test_a_stream_whose_checkpoint_was_lost_begins_above_its_old_numbers(world: LoopWorld) -> None:
    began = epoch_at(int(time.time() * 1000))
    world.commit()
    world.start("one")
    wait_for(lambda: len(world.ids()) == 1)
    epoch, n = split_seq(world.topic.delivered[0][1].seq)
    assert began <= epoch <= epoch_at(int(time.time() * 1000))
    assert n == 1


def test_a_stage_that_is_removed_and_deployed_again_begins_above_itself(world: LoopWorld) -> None:
    """Twice within a few seconds, each time with an empty state table and after new epochs."""
    for _ in range(2):
        world.commit()
        world.start("one")
        wait_for(lambda: (point := world.streams.load("shop")[1]) and not point.rows)
        world.streams.ask("shop", raise_epoch=world.streams.load("shop")[1].epoch)
        wait_for(lambda: world.streams.load("shop")[1].seq & 0xFFFF == 0)
        world.commit()
        wait_for(lambda: world.streams.load("shop")[1].position == world.server.end)
        world.end()
        world.threads.clear()
        time.sleep(1.1)
        world.streams = MemoryStreams()
    numbers = [change.seq for _, change in world.topic.delivered]
    assert len(numbers) == 6, "the second deployment reads both transactions of the first again"
    assert sorted(numbers) == numbers


def test_an_epoch_whose_numbers_come_to_an_end_is_followed_by_another(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_pass, "is_half_used", lambda epoch, n: n >= 3)
    world.start("one")
    for _ in range(3):
        world.commit(rows=2)
    wait_for(lambda: len(world.ids()) == 6)
    first = split_seq(world.topic.delivered[0][1].seq)[0]
    numbers = [split_seq(change.seq) for _, change in world.topic.delivered]
    assert numbers[:4] == [(first, n) for n in (1, 2, 3, 4)], "a transaction is not cut"
    assert numbers[4:] == [(first + 1, 1), (first + 1, 2)]


def test_an_epoch_above_which_no_number_is_left_is_not_asked_for(world: LoopWorld) -> None:
    world.streams.ask("shop", raise_epoch=MAX_EPOCH)
    world.commit()
    world.start("one")
    wait_for(lambda: len(world.ids()) == 1)
    assert split_seq(world.topic.delivered[0][1].seq)[0] <= epoch_at(int(time.time() * 1000))


def test_a_reset_takes_its_epoch_from_the_clock_when_that_is_higher(world: LoopWorld) -> None:
    job = world.start("one")
    wait_for(lambda: world.streams.load("shop")[1] is not None)
    world.end()
    later = RelaySetup(**{**vars(job), "stop": threading.Event(), "holder": "person"})
    now_ms = 2_000_000_000_000
    _, new = reset(later, "latest", now_ms=now_ms)
    assert split_seq(new.seq) == (new.epoch, 0) == (epoch_at(now_ms), 0)


def a_failed_reset_changes_nothing(
    world: LoopWorld, job: RelaySetup, error: type[Exception]
) -> None:
    before = world.streams.load("shop")[1]
    with pytest.raises(error):
        reset(
            RelaySetup(**{**vars(job), "stop": threading.Event(), "holder": "person"}),
            "latest",
            now_ms=0,
        )
    lease, after = world.streams.load("shop")
    assert (lease.holder, after) == ("", before)


def test_a_reset_that_finds_no_source_changes_nothing(world: LoopWorld) -> None:
    job = world.start("one")
    wait_for(lambda: world.streams.load("shop")[1] is not None)
    world.end()
    world.server.unavailable = 1
    a_failed_reset_changes_nothing(world, job, SourceUnavailable)


def test_a_reset_that_cannot_note_the_gap_changes_nothing(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies between the two places would be missing, and nobody would know."""
    job = world.start("one")
    wait_for(lambda: world.streams.load("shop")[1] is not None)
    world.end()

    def unavailable(*_: Any) -> None:
        raise StateUnavailable("does not answer.", thing="state table")

    monkeypatch.setattr(world.dues, "note_source", unavailable)
    a_failed_reset_changes_nothing(world, job, StateUnavailable)


def test_a_server_without_gtids_that_was_replaced_is_refused(world: LoopWorld) -> None:
    world.start("one")
    wait_for(lambda: world.streams.load("shop")[1] is not None)
    world.end()
    world.server = SimulatedServer("mariadb-2", gtids=False)
    world.start("two")
    wait_for(lambda: isinstance(world.ended.get("two"), PositionLost))
