"""The archive's answers to a replay: exactly the chosen changes, in order, in bounded parts."""

import itertools
import random
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from shared.flows.archive import chosen_changes, reading_order
from shared.flows.archive.archive_requests import do
from shared.flows.archive.held_rows import HeldRows
from shared.flows.replay.archive_reader import ArchiveReader
from shared.values.archive_pages import Choice, PageRow, PartPlan, PartRequest, TableName
from shared.values.errors import StackError
from shared.values.seq import make_seq
from tests.tier import SEED
from tests.worlds.replay_archive import BEGAN_MS, EPOCH, SOURCE, ReplayArchive, row_of

ITEMS = TableName("shop", "items")
EVERYTHING = {SOURCE: 1 << 62}


def choice(from_ms: int = 0, to_ms: int = 1 << 44, **more: Any) -> Choice:
    return Choice(SOURCE, (ITEMS,), from_ms * 1000, to_ms * 1000, **more)


def walked(reader: ArchiveReader, request: PartRequest) -> tuple[PartPlan, list[PageRow]]:
    """The counts of a request, and its changes, part by part and page by page."""
    parts = reader.parts(request)
    found = list[PageRow]()
    if not parts.first:
        return parts, found
    edges = ["", *parts.bounds, ""]
    for low, high in itertools.pairwise(edges):
        while True:
            part = msgspec.structs.replace(request, first=parts.first, low=low, high=high)
            page = reader.page(part)
            found += page.rows
            if not page.rest:
                break
            assert not page.rows or page.rows[-1].place < page.rest or not request.choice.newest
            low = page.rest
    return parts, found


def expected(rows: list[dict[str, Any]], chosen: Choice, through: int) -> list[int]:
    """The numbers that should be sent, worked out the plain way."""

    def at_us(row: dict[str, Any]) -> int:
        at: datetime = row["committed_at"].replace(tzinfo=UTC)
        return round(at.timestamp() * 1_000_000)

    own = [
        (make_seq(row["epoch"], row["n"]), row)
        for row in rows
        if row["table"] == "items" and make_seq(row["epoch"], row["n"]) <= through
    ]
    own.sort(key=lambda each: each[0])
    inside = [seq for seq, row in own if chosen.from_us <= at_us(row) < chosen.to_us]
    if not chosen.newest:
        kept = [seq for seq, row in own if seq in inside]
        return [
            seq
            for seq, row in own
            if seq in kept and (not chosen.keys or row["key"] in chosen.keys)
        ]
    truncated = max((seq for seq, row in own if row["op"] == "t"), default=0)
    newest: dict[Any, int] = {}
    for seq, row in own:
        newest[row["key"], row["group"] if row["op"] == "t" else ""] = seq
    by_seq = dict(own)
    return sorted(
        seq
        for seq in newest.values()
        if seq in inside
        and (by_seq[seq]["op"] == "t" or seq > truncated)
        and (not chosen.keys or by_seq[seq]["key"] in chosen.keys)
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts, pages and what is held are so small that all limits are reached."""
    monkeypatch.setattr(reading_order, "PART_CHANGES", 25)
    monkeypatch.setattr(chosen_changes, "MOST_COUNTED", 60)
    monkeypatch.setattr(chosen_changes, "MOST_HELD", 6_000)
    monkeypatch.setattr(chosen_changes, "FIRST_TRY", 3_000)
    monkeypatch.setattr(chosen_changes, "MOST_ANSWER", 1_500)


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.usefixtures("small")
def test_exactly_the_chosen_changes_come_in_order(seed: int, newest: bool) -> None:
    dice = random.Random(SEED * 1_000_003 + seed)
    archive = ReplayArchive()
    archive.random(dice, 250)
    reader = ArchiveReader(archive.ask)
    top = max(make_seq(row["epoch"], row["n"]) for row in archive.rows)
    for _ in range(6):
        start = BEGAN_MS + dice.randrange(-100, 3_000)
        keys = tuple({row["key"] for row in archive.rows if dice.random() < 0.02} - {"{}"})
        chosen = choice(start, start + dice.choice((50, 1_000, 9_000)), newest=newest)
        if dice.random() < 0.5:
            chosen = msgspec.structs.replace(chosen, keys=keys)
        through = dice.choice((top, make_seq(EPOCH, 100)))
        parts, found = walked(reader, PartRequest(chosen, ITEMS, {SOURCE: through}))
        assert sorted(row.seq for row in found) == expected(archive.rows, chosen, through)
        assert parts.changes == len(found)
        if not newest:
            assert [row.seq for row in found] == sorted(row.seq for row in found)


def test_a_newest_change_after_the_window_keeps_its_row_out() -> None:
    archive = ReplayArchive()
    archive.append(
        [
            row_of(1, "c", 1, BEGAN_MS),
            row_of(2, "c", 2, BEGAN_MS),
            row_of(3, "u", 2, BEGAN_MS + 5_000),
            row_of(4, "d", 3, BEGAN_MS + 1),
            # the clock went back: it is newer although its time is before the window
            row_of(5, "d", 4, BEGAN_MS + 2),
            row_of(6, "u", 4, BEGAN_MS - 9_000),
        ]
    )
    request = PartRequest(choice(BEGAN_MS, BEGAN_MS + 10, newest=True), ITEMS, EVERYTHING)
    parts, found = walked(ArchiveReader(archive.ask), request)
    assert [(row.seq & 0xFF, row.op) for row in found] == [(1, "c"), (4, "d")]
    assert (parts.changes, parts.later) == (2, 2)


def test_rows_from_before_a_truncation_stay_out() -> None:
    archive = ReplayArchive()
    archive.append([row_of(n, "c", n, BEGAN_MS + n) for n in range(1, 4)])
    archive.append([row_of(4 + shard, "t", "", BEGAN_MS + 4, shard=shard) for shard in range(3)])
    archive.append([row_of(7, "c", 2, BEGAN_MS + 7)])
    reader = ArchiveReader(archive.ask)
    request = PartRequest(choice(newest=True), ITEMS, EVERYTHING)
    parts, found = walked(reader, request)
    assert [row.op for row in found] == ["t", "t", "t", "c"]
    assert (parts.changes, parts.gone) == (4, 2)
    outside = PartRequest(choice(0, BEGAN_MS + 4, newest=True), ITEMS, EVERYTHING)
    assert walked(reader, outside)[1] == []


def test_where_is_about_columns_and_operations() -> None:
    archive = ReplayArchive()
    archive.append(
        [
            row_of(1, "c", 1, BEGAN_MS, city="Oslo", price=5),
            row_of(2, "u", 1, BEGAN_MS, city="Bergen", price=5),
            row_of(3, "u", 2, BEGAN_MS, city="Oslo", price=None),
            row_of(4, "d", 3, BEGAN_MS, city="Oslo", price=7),
        ]
    )
    reader = ArchiveReader(archive.ask)

    def numbers(where: str, newest: bool = False) -> list[int]:
        request = PartRequest(choice(where=where, newest=newest), ITEMS, EVERYTHING)
        parts, found = walked(reader, request)
        assert parts.changes == len(found)
        return sorted(row.seq & 0xFF for row in found)

    assert numbers("city=Oslo") == [1, 3, 4]
    assert numbers("city=Oslo", newest=True) == [3, 4], "the newest change of row 1 is in Bergen"
    assert numbers("op=u city~berg") == [2]
    assert numbers("price=null") == [3]
    assert numbers("price!=5") == [3, 4]
    assert numbers("before.city=Oslo") == [4]
    assert numbers("colour=red") == []


def test_a_change_that_no_answer_can_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chosen_changes, "MOST_ANSWER", 2_000)
    archive = ReplayArchive()
    noise = random.Random(1).randbytes(4_000).hex()
    archive.append([row_of(1, "c", 1, BEGAN_MS), row_of(2, "c", 2, BEGAN_MS, body=noise)])
    reader, request = ArchiveReader(archive.ask), PartRequest(choice(), ITEMS, EVERYTHING)
    page = reader.page(request)
    assert ([row.seq & 0xFF for row in page.rows], page.rest) == ([1], f"{EPOCH}:2")
    with pytest.raises(StackError, match=rf"tx/{EPOCH}/2.*--key"):
        reader.page(msgspec.structs.replace(request, low=page.rest))


def test_bounds_cut_the_keys_of_many_batches_into_parts_of_about_one_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_order, "_SAMPLE", 400)
    sample = reading_order.Sample()
    keys = [f"{number:06}" for number in range(100_000)]
    for start in (*range(0, 90_000, 7_000), 91_000):
        sample.add_keys(pa.array(keys[start : min(start + 7_000, len(keys))]))
    sample.add_keys(pa.array([], pa.string()))
    bounds = ["000000", *sample.bounds(newest=True), "100000"]
    sizes = [int(high) - int(low) for low, high in pairwise(bounds)]
    assert len(sizes) == 5
    assert 12_000 < min(sizes) <= max(sizes) < 28_000


def test_truncations_of_many_groups_leave_room_for_rows() -> None:
    held = HeldRows(100_000, newest=True)
    for group in range(64):
        held.add(("", f"g{group}"), paged("", "t", 5 + group))
    for n in range(20):
        held.add((f'{{"id":{n:02}}}', ""), paged(f'{{"id":{n:02}}}', "c", 100 + n))
    assert held.cut
    assert sum(1 for place in held.rows if not place[0]) == 64
    assert sum(1 for place in held.rows if place[0]) > 0
    one = HeldRows(100, newest=True)
    one.add(("", "g"), paged("", "t", 5))
    one.add(('{"id":1}', ""), paged('{"id":1}', "c", 100))
    assert (len(one.rows), one.cut) == (2, "")


def paged(place: str, op: str, seq: int) -> PageRow:
    after = None if op == "t" else "x" * 10_000
    parts = (SOURCE, seq, "id", op, place or "{}", 0, None, after, "tx", 0, True, 1, "group")
    return PageRow(place, *parts)


@pytest.mark.parametrize("work", ["page", "parts"])
def test_rows_of_a_snapshot_that_is_gone_are_refused(work: str) -> None:
    archive = ReplayArchive()
    archive.append([row_of(1, "c", "7", BEGAN_MS)])
    archive.take_snapshot("weekly", {"7": (make_seq(EPOCH, 1), {"id": "7"})})
    request = PartRequest(choice(newest=True), ITEMS, {SOURCE: make_seq(EPOCH, 1)}, base="weekly")
    event = {"do": work, "request": msgspec.to_builtins(request)}
    assert archive.ask(event)
    old = replace(archive.setup, retention_days=1, clock=lambda: BEGAN_MS / 1000 + 90_000)
    with pytest.raises(StackError, match="kept"):
        do(old, event)
    archive.snapshots.remove("weekly")
    archive.snapshot_table.drop(["weekly"])
    with pytest.raises(StackError, match="kept"):
        archive.ask(event)
