"""The watermark of each table: the checkpoint of the stream that carries it, and only while it
surely does.
"""

import msgspec
import pytest

from shared.domain.polling import Polling
from shared.domain.watermark import Watermark, watermarks
from shared.values.asked_end import AskedEnd
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import CatchUp, Checkpoint
from shared.values.errors import StackError
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.settings import (
    ConsumerSettings,
    SourceSettings,
    StageSettings,
    TableSettings,
)
from shared.values.stopped import Stopped
from tests.worlds.twins.database import MemoryDatabase
from tests.worlds.twins.state import MemoryStreams

SOURCES = {
    "shop": SourceSettings("shop", "s", {"shop.items": TableSettings()}),
    "second": SourceSettings("second", "s", {"shop.events": TableSettings()}, relay_of="shop"),
}
CONSUMER = ConsumerSettings("search", "shop", ("shop.*",), {"kind": "elasticsearch", "secret": "e"})


def checkpoint(table: str, epoch: int) -> Checkpoint:
    capture = CaptureConfiguration({table: TableSettings()}).text()
    return Checkpoint(
        Position("memory.000001", 4), make_seq(epoch, 1), epoch, Lineage("mariadb-1"), capture
    )


def store(streams: MemoryStreams, stream: str, point: Checkpoint) -> None:
    lease = streams.acquire(stream, streams.load(stream)[0], "a relay")
    assert lease
    streams.release(stream, lease, point)


@pytest.fixture
def streams() -> MemoryStreams:
    made = MemoryStreams()
    store(made, "shop", checkpoint("shop.items", 3))
    store(made, "shop/second", checkpoint("shop.events", 7))
    return made


def test_each_table_is_read_under_the_numbers_of_the_stream_that_carries_it(
    streams: MemoryStreams,
) -> None:
    source = StageSettings("rowline", "test", SOURCES, {"search": CONSUMER}).source_of(CONSUMER)
    marks = watermarks(streams, source, MemoryDatabase())
    read = {table: marks[source.stream_of(table)].read(table).epoch for table in source.tables}
    assert read == {"shop.items": 3, "shop.events": 7}


def test_a_table_that_has_gone_to_another_stream_is_no_longer_read_under_this_one(
    streams: MemoryStreams,
) -> None:
    with pytest.raises(StackError, match=r"table shop\.events: is on its way"):
        Watermark(streams, "shop", MemoryDatabase()).read("shop.events")


def test_a_stream_that_catches_up_is_waited_for(streams: MemoryStreams) -> None:
    point = checkpoint("shop.events", 8)
    catch_up = CatchUp(point.position, point.capture)
    store(streams, "shop/second", msgspec.structs.replace(point, catch_up=catch_up))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            store(streams, "shop/second", point)

    assert (
        Watermark(
            streams, "shop/second", MemoryDatabase(), polling=Polling(lambda: 0.0, sleep)
        ).read("shop.events")
        == point
    )
    assert len(slept) == 3
    store(streams, "shop/second", msgspec.structs.replace(point, catch_up=catch_up))
    with pytest.raises(StackError, match="on its way"):
        Watermark(
            streams,
            "shop/second",
            MemoryDatabase(),
            polling=Polling(iter(range(0, 10_000, 20)).__next__, lambda _: None),
        ).read()


def test_a_relay_that_does_not_capture_a_table_yet_is_waited_for(streams: MemoryStreams) -> None:
    told: list[str] = []

    def sleep(_: float) -> None:
        both = {"shop.items": TableSettings(), "shop.new": TableSettings()}
        store(
            streams,
            "shop",
            msgspec.structs.replace(
                checkpoint("shop.items", 3),
                capture=CaptureConfiguration(both).text(),
                position=reached,
            ),
        )

    database = MemoryDatabase()
    position = database.position()
    assert position
    reached = position
    store(streams, "shop", msgspec.structs.replace(checkpoint("shop.items", 3), position=reached))
    Watermark(streams, "shop", database, polling=Polling(lambda: 0.0, sleep)).pass_end(
        told.append, ["shop.new"]
    )
    assert ["it does not capture shop.new yet" in each for each in told] == [True]


@pytest.mark.parametrize("server", ["mariadb-1@0", "mariadb-2@0"])
def test_an_end_of_another_binlog_is_not_waited_for(streams: MemoryStreams, server: str) -> None:
    """The binlog was begun again, or the relay has moved to another server."""
    database = MemoryDatabase()
    end = database.position()
    assert end
    store(streams, "shop", msgspec.structs.replace(checkpoint("shop.items", 3), position=end))
    former = end if server == "mariadb-2@0" else Position("memory.000009", 4)
    marks = Watermark(streams, "shop", database, polling=Polling(lambda: 0.0, lambda _: None))
    kept: list[AskedEnd] = []
    marks.pass_end(lambda _: None, asked=AskedEnd(former, server), keep=kept.append)
    assert kept == [AskedEnd(end, "mariadb-1@0")]
    marks.pass_end(lambda _: None, asked=kept[0], keep=kept.append)
    assert len(kept) == 1


def test_a_relay_that_was_killed_is_waited_for_until_the_next_one_has_its_lease(
    streams: MemoryStreams,
) -> None:
    """The schedule starts the next one within a minute, and it watches the lease for 10 s."""
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] == 75.0:
            assert streams.acquire("shop", streams.load("shop")[0], "the next relay")

    marks = Watermark(streams, "shop", MemoryDatabase(), polling=Polling(lambda: now[0], sleep))
    marks.require_relay()
    assert now[0] == 75.0


def test_without_any_relay_the_wait_ends(streams: MemoryStreams) -> None:
    polling = Polling(iter(range(0, 1_000, 10)).__next__, lambda _: None)
    with pytest.raises(StackError, match="was not renewed for 90 s"):
        Watermark(streams, "shop", MemoryDatabase(), polling=polling).require_relay()


def test_rows_are_read_while_the_relay_is_expected_and_not_for_ever(
    streams: MemoryStreams,
) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    marks = Watermark(streams, "shop", MemoryDatabase(), polling=Polling(lambda: now[0], sleep))
    marks.expect_relay()
    assert marks.read("shop.items").epoch == 3
    assert now[0] == 0.0, "no row waits until the lease is renewed"
    now[0] = 91.0
    with pytest.raises(StackError, match="was not renewed for 90 s"):
        marks.read("shop.items")
    with pytest.raises(StackError, match="was not renewed for 90 s"):
        marks.await_renewal()
    marks.expect_relay()
    assert streams.acquire("shop", streams.load("shop")[0], "the next relay")
    marks.read("shop.items")
    now[0] += 91.0
    marks.read("shop.items")
    marks.await_renewal()


def test_a_table_that_stopped_is_refused_with_its_reason(streams: MemoryStreams) -> None:
    point = checkpoint("shop.items", 3)
    capture = point.whole.stopping(["shop.items"]).text()
    stopped = {"shop.items": Stopped("has no primary key", "Add one.", 0)}
    store(streams, "shop", msgspec.structs.replace(point, capture=capture, stopped=stopped))
    marks = Watermark(streams, "shop", MemoryDatabase())
    for ask in (marks.read, lambda name: marks.pass_end(lambda _: None, [name])):
        with pytest.raises(StackError, match=r"is not captured now: it has no primary key\."):
            ask("shop.items")
