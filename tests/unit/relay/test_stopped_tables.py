"""Tables that cannot be captured (long: one rule), in a relay with threads: each stops alone."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog.contract import Begin, Event, Rows, UnreadableRow
from shared.flows.relay.reading import wanted_capture
from shared.values.coverage import Covered, covered
from shared.values.finding import Finding
from shared.values.mask_key import mask_key_fingerprint
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.settings import TableSettings
from shared.values.table import Column
from tests.unit.relay.test_relay_loop import LISTINGS, PHOTOS, LoopWorld, world
from tests.waiting import wait_for
from tests.worlds.relay.simulated import SimulatedBinlog, SimulatedTransaction
from tests.worlds.twins.state import MemoryCoverages

__all__ = ["world"]

NO_KEY = Finding("table shop.listings", "fail", "has no primary key", "Add one.")


class Short(SimulatedBinlog):
    """From the third transaction on `total` of listings is missing in the binlog."""

    dropped = False

    def _read(self, start: Position, until: Position | None) -> Iterator[Event]:
        begun = ""
        for event in super()._read(start, until):
            begun = event.id if isinstance(event, Begin) else begun
            rows = isinstance(event, Rows) and event.table is LISTINGS
            if rows and begun > "0-1-3" and not self.dropped:
                raise UnreadableRow(
                    "the binlog carries only some columns of a row; missing: total.",
                    thing="shop.listings",
                    hint="Drop them from capture.",
                )
            yield event


def test_a_table_that_cannot_be_read_stops_alone_until_its_stanza_is_changed(
    world: LoopWorld,
) -> None:
    def connect(tables: Any, token: int) -> Short:
        binlog = Short(world.server, tuple(tables), block=0.01)
        binlog.dropped = "shop.listings" in tables and bool(tables["shop.listings"].drop)
        return binlog

    both = {"shop.listings": TableSettings(), "shop.photos": TableSettings()}
    for _ in range(3):
        world.commit()
    world.commit(table=PHOTOS)
    world.start("one", tables=both, open_binlog=connect)
    wait_for(lambda: len(world.ids()) == 3)
    assert [change.key["id"] for _, change in world.topic.delivered] == [1000, 2000, 4000]
    point = world.point()
    assert (point.whole.stopped, list(point.stopped)) == (("shop.listings",), ["shop.listings"])
    stopped = point.stopped["shop.listings"]
    assert "missing: total" in stopped.what
    assert (stopped.fix, stopped.tries) == ("Drop them from capture.", 1)
    assert world.dues.of_source("shop").keys() == {"shop.listings"}, "a backfill is due"
    world.end()

    both["shop.listings"] = TableSettings(drop=("total",))
    world.start("two", tables=both, open_binlog=connect)
    wait_for(lambda: world.point().whole.stopped == ())
    world.commit()
    wait_for(lambda: len(world.ids()) == 4)
    assert world.point().stopped["shop.listings"].resumed_ms > 0
    segments = world.coverage.segments("shop")
    first, second = (split_seq(segments[at].start.seq)[0] for at in (0, 1))
    assert covered(segments, "shop.listings") == [
        Covered(first, 0, 2, False),
        Covered(second, 1, None, False),
    ]
    assert covered(segments, "shop.photos") == [
        Covered(first, 0, 2, False),
        Covered(second, 0, None, True),
    ]


def test_a_table_that_the_preflight_refuses_keeps_no_other_from_being_captured(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_capture, "EXAMINE_SECONDS", 0.05)
    refused = {"shop.listings": NO_KEY}
    both = {"shop.listings": TableSettings(), "shop.photos": TableSettings()}
    world.commit()
    world.commit(table=PHOTOS)
    world.start("one", tables=both, preflight=lambda begun: refused)
    wait_for(lambda: len(world.ids()) == 1)
    assert world.point().stopped["shop.listings"].what == "has no primary key"
    assert world.dues.of_source("shop").keys() == {"shop.listings"}
    refused.clear()
    wait_for(lambda: world.point().whole.stopped == ())
    world.commit()
    wait_for(lambda: len(world.ids()) == 2)
    assert [change.key["id"] for _, change in world.topic.delivered] == [2000, 3000]


def test_a_table_that_is_captured_is_not_stopped_by_what_the_database_says_now(
    world: LoopWorld,
) -> None:
    """The stream may be behind: rows of the table as it was come first."""
    world.commit()
    world.start("one")
    wait_for(lambda: len(world.ids()) == 1)
    world.end()
    refused = {"shop.listings": NO_KEY}
    world.commit()
    world.start("two", preflight=lambda begun: refused)
    wait_for(lambda: len(world.ids()) == 2)
    assert world.point().whole.stopped == ()


def test_a_mask_without_its_key_stops_its_table_alone(world: LoopWorld) -> None:
    tables = {
        "shop.listings": TableSettings(mask={"seller": "hash"}),
        "shop.photos": TableSettings(),
    }
    world.commit()
    world.commit(table=PHOTOS)
    world.start("one", tables=tables)
    wait_for(lambda: len(world.ids()) == 1)
    assert "mask_key" in world.point().stopped["shop.listings"].fix


def test_a_stream_of_a_former_version_has_coverage_from_where_it_is(world: LoopWorld) -> None:
    world.commit(rows=3)
    world.start("one")
    wait_for(lambda: len(world.ids()) == 3)
    world.end()
    lease = world.streams.acquire("shop", world.streams.load("shop")[0], "former")
    assert lease
    former = msgspec.structs.replace(world.point(), segment=None)
    world.streams.release("shop", lease, former)
    world.coverage = MemoryCoverages()
    world.start("two")
    world.commit()
    wait_for(lambda: len(world.ids()) == 4)
    segments = world.coverage.segments("shop")
    assert covered(segments, "shop.listings") == [Covered(former.epoch, 3, None, False)]


@pytest.mark.parametrize(
    ("now", "key", "why"),
    [
        (TableSettings(mask={"seller": "hash"}), b"one" * 20, ""),
        (TableSettings(mask={"seller": "hash"}), b"two" * 20, "mask_key changed"),
        (TableSettings(mask={"seller": "null"}), b"two" * 20, "drop or mask changed"),
        (TableSettings(mask={"seller": "hash"}, drop=("v",)), b"one" * 20, "drop or mask changed"),
    ],
)
def test_a_table_whose_columns_are_hidden_otherwise_is_due(
    world: LoopWorld, now: TableSettings, key: bytes, why: str
) -> None:
    before = TableSettings(mask={"seller": "hash"})
    both = {"shop.listings": before, "shop.photos": TableSettings()}
    columns = (*LISTINGS.columns, Column("seller", "text"), Column("v", "text"))
    listings = msgspec.structs.replace(LISTINGS, columns=columns)
    world.server.commit(SimulatedTransaction([(listings, "c", None, {"id": 1, "seller": "a"})], 1))
    world.start("one", tables=both, mask_key=lambda: b"one" * 20)
    wait_for(lambda: len(world.ids()) == 1)
    world.end()
    world.start("two", tables=both | {"shop.listings": now}, mask_key=lambda: key)
    world.commit(table=PHOTOS)
    wait_for(lambda: len(world.ids()) == 2)
    of_key = mask_key_fingerprint(key) if "hash" in now.mask.values() else ""
    wait_for(lambda: world.point().whole.tables["shop.listings"] == now)
    wait_for(lambda: world.point().whole.mask_key == of_key)
    found = world.dues.of_source("shop")
    assert {name: cause.why for name, cause in found.items()} == (
        {"shop.listings": why} if why else {}
    )


def test_the_key_of_a_former_version_is_taken_for_the_present_one(world: LoopWorld) -> None:
    tables = {"shop.listings": TableSettings(mask={"note": "hash"})}
    columns = (*LISTINGS.columns, Column("note", "text"))
    listings = msgspec.structs.replace(LISTINGS, columns=columns)
    world.server.commit(SimulatedTransaction([(listings, "c", None, {"id": 1, "note": "a"})], 1))
    world.start("one", tables=tables, mask_key=lambda: b"k" * 40)
    wait_for(lambda: len(world.ids()) == 1)
    world.end()
    lease = world.streams.acquire("shop", world.streams.load("shop")[0], "former")
    assert lease
    point = world.point()
    capture = msgspec.structs.replace(point.whole, mask_key="").text()
    world.streams.release("shop", lease, msgspec.structs.replace(point, capture=capture))
    world.start("two", tables=tables, mask_key=lambda: b"k" * 40)
    wait_for(lambda: world.point().whole.mask_key != "")
    assert world.dues.of_source("shop") == {}


BOTH = {"shop.listings": TableSettings(), "shop.photos": TableSettings()}


def restarted(world: LoopWorld, listings: TableSettings | None, process: str) -> None:
    """The relay ends, and starts again with this stanza."""
    world.end()
    others = {"shop.photos": TableSettings()}
    world.start(process, tables=others | ({"shop.listings": listings} if listings else {}))


def delivered(world: LoopWorld) -> list[int]:
    return [change.key["id"] for _, change in world.topic.delivered]


def test_a_table_whose_rows_would_go_to_other_groups_stops_alone(world: LoopWorld) -> None:
    world.commit()
    world.start("one", tables=BOTH)
    wait_for(lambda: len(world.ids()) == 1)
    restarted(world, TableSettings(shards=128), "two")
    wait_for(lambda: world.point().whole.stopped == ("shop.listings",))
    world.commit()
    world.commit(table=PHOTOS)
    wait_for(lambda: len(world.ids()) == 2)
    assert delivered(world) == [1000, 3000]
    stopped = world.point().stopped["shop.listings"]
    assert stopped.what == "has 128 shards; its rows went to 64 shards so far"
    assert "Write 64 shards again" in stopped.fix
    restarted(world, TableSettings(shards=32, shard_by=("seller",)), "three")  # as little as 128
    wait_for(lambda: "32 shards by seller" in world.point().stopped["shop.listings"].what)
    assert "went to 64 shards so far" in world.point().stopped["shop.listings"].what
    restarted(world, TableSettings(), "four")
    wait_for(lambda: world.point().whole.stopped == ())
    world.commit()
    wait_for(lambda: len(world.ids()) == 3)
    assert delivered(world) == [1000, 3000, 4000]
    assert world.dues.of_source("shop").keys() == {"shop.listings"}


def test_a_table_that_was_taken_out_may_come_back_with_other_shards(world: LoopWorld) -> None:
    world.commit()
    world.start("one", tables=BOTH)
    wait_for(lambda: len(world.ids()) == 1)
    restarted(world, TableSettings(shards=128), "two")
    wait_for(lambda: world.point().whole.stopped == ("shop.listings",))
    restarted(world, None, "three")
    wait_for(lambda: list(world.point().whole.tables) == ["shop.photos"])
    restarted(world, TableSettings(shards=128), "four")
    wait_for(lambda: "shop.listings" in world.point().whole.read)
    world.commit()
    wait_for(lambda: len(world.ids()) == 2)
    assert delivered(world) == [1000, 2000]
    assert world.dues.of_source("shop")["shop.listings"].why == "not captured for a while"


def test_another_key_in_the_stanza_makes_its_table_due(world: LoopWorld) -> None:
    columns = (*LISTINGS.columns, Column("code", "int", nullable=False))
    listings = msgspec.structs.replace(LISTINGS, columns=columns)

    def row(number: int) -> None:
        added = [(listings, "c", None, {"id": number, "code": 100 + number})]
        world.server.commit(SimulatedTransaction(added, number))

    row(1)
    world.start("one", tables=BOTH)
    wait_for(lambda: len(world.ids()) == 1)
    restarted(world, TableSettings(key=("code",)), "two")
    wait_for(lambda: world.point().whole.tables["shop.listings"].key == ("code",))
    row(2)
    wait_for(lambda: len(world.ids()) == 2)
    assert [change.key for _, change in world.topic.delivered] == [{"id": 1}, {"code": 102}]
    assert world.dues.of_source("shop")["shop.listings"].why == "key changed in the stanza"


def test_a_table_that_was_never_captured_may_have_any_shards(
    world: LoopWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wanted_capture, "EXAMINE_SECONDS", 0.05)
    tables = {**BOTH, "shop.listings": TableSettings(shards=16)}
    world.start("one", tables=tables, preflight=lambda begun: {"shop.listings": NO_KEY})
    wait_for(lambda: world.streams.load("shop")[1])
    assert world.point().whole.stopped == ("shop.listings",)
    restarted(world, TableSettings(shards=32), "two")
    wait_for(lambda: "shop.listings" in world.point().whole.read)


def test_a_table_that_stopped_for_another_reason_keeps_its_groups(world: LoopWorld) -> None:
    def connect(tables: Any, token: int) -> Short:
        return Short(world.server, tuple(tables), block=0.01)

    for _ in range(3):
        world.commit()
    world.start("one", tables=BOTH, open_binlog=connect)
    wait_for(lambda: world.streams.load("shop")[1])
    wait_for(lambda: world.point().whole.stopped == ("shop.listings",))
    world.end()
    changed = {**BOTH, "shop.listings": TableSettings(shards=32, drop=("total",))}
    world.start("two", tables=changed)
    wait_for(lambda: "went to 64 shards" in world.point().stopped["shop.listings"].what)
    restarted(world, TableSettings(drop=("total",)), "three")
    wait_for(lambda: "shop.listings" in world.point().whole.read)
