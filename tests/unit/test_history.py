"""`rowline history` (long: one world): a row is what it was, whatever happened to its table."""

import contextlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from cli.commands import history as command
from shared.adapters.archive_table.contract import TableFacts
from shared.domain.archived_change import Archived
from shared.domain.key_argument import key_texts
from shared.domain.key_versions import identities
from shared.domain.moved_columns import moved_columns
from shared.domain.row_as_of import state_at
from shared.domain.row_in_snapshot import SnapshotRow
from shared.domain.time_argument import parse_time
from shared.flows.history.history import RowMoment, rival_of, row_at, row_history
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import ValidSpan, find_table, spans_of
from shared.flows.history.row_queries import read_coming_versions, read_versions
from shared.values.change import Row
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.errors import ConfigError
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.table import Column, Table
from shared.values.unix_micros import micros
from tests.tier import TIER
from tests.worlds.past_world import BEGAN_MS, DATABASE, EPOCH, SOURCE, STREAM, TABLE, PastWorld
from tests.worlds.twins.athena import MemoryAthena
from tests.worlds.twins.snapshots import MemorySnapshotStore
from tests.worlds.twins.state import MemoryCoverages, MemorySchemas

QUESTIONS = 1_000


def opened(world: PastWorld) -> HistorySetup:
    athena = MemoryAthena(ready=True)
    athena.append(world.rows)
    return HistorySetup(athena, world, world.state, {STREAM: SOURCE}, MemorySnapshotStore())


def moment(ms: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def key_text(key: tuple[str, int]) -> str:
    return msgspec.json.encode({"tenant": key[0], "id": key[1]}).decode()


def plain(found: RowMoment) -> Row | None:
    if found.found.state == "absent":
        return None
    return {name: msgspec.json.decode(raw) for name, raw in (found.found.row or {}).items()}


def bare(value: object) -> str:
    """A value without the form that its column's type gives it."""
    return str(value).rstrip("0")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, TIER.history_worlds + 1))
def test_a_row_at_a_time_is_what_it_was(seed: int) -> None:
    world = PastWorld(seed).run(400)
    setup = opened(world)
    chosen = random.Random(seed)
    keys = [*sorted(world.keys), ("nobody", 1)]
    seen: Counter[str] = Counter()
    for _ in range(QUESTIONS // 4):
        key = chosen.choice(keys)
        at = chosen.randrange(world.past[0][0] - 5, world.end_ms + 5)
        found = row_at(setup, "listings", key_text(key), moment(at))
        expected = world.true_row(key, at)
        seen[found.found.state] += 1
        if key[0] == "nobody":
            assert found.found.state != "exists"  # a truncate proves that it is absent
            continue
        told = plain(found)
        if expected is None:
            assert (found.found.state, told) == ("absent", None), (key, at, found.found)
            continue
        assert found.found.state == "exists", (key, at, found.found)
        assert told is not None
        unknown = set(found.found.unknown)
        assert told.keys() | unknown == expected.keys(), (key, at, found.found)
        assumed = set(found.found.assumed)
        for name in told.keys() - assumed:
            assert told[name] == expected[name], (key, at, name, found.found)
        seen["wrong"] += any(bare(told[name]) != bare(expected[name]) for name in assumed)
        assert not (found.found.certain and (unknown or assumed))
        seen["uncertain"] += not (found.found.certain or unknown or assumed)
        seen["unknown columns"] += bool(unknown)
        seen["assumed"] += bool(found.found.assumed)
        seen["altered"] += found.found.change is not None and (
            found.found.change.schema_version != found.found.schema_version
        )
    assert seen["exists"] > 30
    assert seen["absent"] > 30
    assert seen["altered"] > 0
    assert seen["uncertain"] <= seen["exists"] / 20
    assert seen["unknown columns"] < seen["exists"] / 3
    assert seen["wrong"] <= seen["assumed"] / 2


@pytest.fixture(scope="module")
def world() -> PastWorld:
    return PastWorld(7).run(120)


def test_history_lists_every_change_in_order_with_key_changes(world: PastWorld) -> None:
    setup = opened(world)
    moved = 0
    for key in sorted(world.keys):
        found = row_history(setup, "market.listings", key_text(key))
        own = [each for each in found.changes if each.op != "t"]
        rows = [row for row in world.rows if row["key"] == key_text(key)]
        assert [each.n for each in own] == [row["n"] for row in rows]
        assert [each.n for each in found.changes] == sorted(each.n for each in found.changes)
        for each in own:
            if each.half_of_key_change:
                other = next(
                    row
                    for row in world.rows
                    if row["id"][:-1] == each.id[:-1] and row["id"] != each.id
                )
                assert each.moved == other["key"]
                moved += 1
    assert moved > 2
    assert [each.op for each in found.changes].count("t") == len(
        {row["tx_id"] for row in world.rows if row["op"] == "t"}
    )


ODD = ["'; DROP TABLE changes --", '"', "x' OR '1'='1", "{}", "?", "\\", "a\x00b", "😀" * 3000]


@pytest.mark.parametrize("text", ODD)
def test_odd_keys_tables_and_times_are_values_or_clear_errors(world: PastWorld, text: str) -> None:
    setup = opened(world)
    for table, key, at in (
        (text, "a,7", "2026-01-01T00:00:00Z"),
        ("listings", text, "2026-01-01T00:00:00Z"),
        ("listings", json.dumps({"tenant": text, "id": 7}), "2026-01-01T00:00:00Z"),
        ("listings", "a,7", text),
    ):
        with contextlib.suppress(ConfigError):
            assert row_at(setup, table, key, parse_time(at)).found.row is None
    with pytest.raises(ConfigError):
        parse_time(text)
    assert len(row_history(setup, "listings", key_text(min(world.keys))).changes) > 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\\,b,7", '{"tenant":"a,b","id":7}'),
        ("tenant=x,id=7", '{"tenant":"x","id":7}'),
        ("id=7,tenant=x", '{"tenant":"x","id":7}'),
        ('{"id": 7, "tenant": "x"}', '{"tenant":"x","id":7}'),
    ],
)
def test_a_composite_key_is_written_in_several_ways(
    world: PastWorld, text: str, expected: str
) -> None:
    assert row_history(opened(world), "listings", text).keys == [expected]


@pytest.mark.parametrize("text", ["7", "x,y,7", "id=7", "tenant=x,id=seven", "{", "[1]", ""])
def test_a_key_that_cannot_be_is_an_error_that_names_the_columns(
    world: PastWorld, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        row_history(opened(world), "listings", text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["2026-11-27T05:52:00", "yesterday", "", "2026-11-27", "7"])
def test_a_time_without_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no time|time zone"):
        parse_time(text)


def test_the_same_time_in_another_zone_gives_the_same_row(world: PastWorld) -> None:
    setup = opened(world)
    utc, other = "2026-01-01T01:00:00Z", "2026-01-01T06:30:00+05:30"
    one, two = (row_at(setup, "listings", "x,1", parse_time(each)) for each in (utc, other))
    assert one.at_us == two.at_us


def test_a_name_that_no_table_can_have_is_not_looked_for(world: PastWorld) -> None:
    class Careful(MemorySchemas):
        def latest(self, source: str, database: str, table: str) -> Table | None:
            assert len(database) + len(table) <= 128  # DynamoDB refuses keys of more than 1 KB
            return super().latest(source, database, table)

    setup = replace(
        opened(world), state=SimpleNamespace(schemas=Careful(), coverage=MemoryCoverages())
    )  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no table"):
        row_history(setup, "a." * 2_000, "1")


def test_an_unknown_table_names_the_known_ones(world: PastWorld) -> None:
    with pytest.raises(ConfigError) as caught:
        row_history(opened(world), "market.nothing", "1")
    assert "market.listings" in caught.value.hint


def test_what_the_retention_has_dropped_is_not_known() -> None:
    world = PastWorld(7).run(120)
    world.facts()  # the first commit notes when it was
    began_ms, end_ms, dice = world.first_ms, world.end_ms, random.Random(1)
    until_ms = (began_ms + end_ms) // 2
    world.drop(until_ms)
    setup = opened(world)
    for _ in range(100):
        key = key_text(dice.choice(sorted(world.keys)))
        at = moment(dice.randrange(began_ms, until_ms + 1))
        found = row_at(setup, "listings", key, at).found
        assert (found.certain, found.row) == (False, None)
    assert row_at(setup, "listings", key, moment(end_ms)).archive.since_us == (until_ms + 1) * 1000


def test_an_epoch_whose_end_is_missing_ends_the_answers() -> None:
    world = PastWorld(7).run(120)
    end = moment(world.end_ms)
    key = key_text(min(world.keys))
    assert row_at(opened(world), "listings", key, moment(world.first_ms)).complete
    last = max(row["n"] for row in world.rows)
    world.rows += [{**row, "epoch": EPOCH + 1, "n": n} for n, row in enumerate(world.rows[-4:], 1)]
    start = SegmentStart(9, make_seq(EPOCH + 1, 0), make_seq(EPOCH, last + 2), at_ms=world.end_ms)
    names = (f"{DATABASE}.{TABLE}",)
    world.coverage.append(STREAM, CoverageSegment(start, "server", Position("bin.2", 4), names))
    found = row_at(opened(world), "listings", key, end)
    (through,) = found.archive.through
    assert (through.epoch, through.n, found.complete) == (EPOCH, last, False)


def test_while_changes_keep_coming_what_is_below_a_missing_one_is_complete() -> None:
    world = PastWorld(7).run(120)
    key = key_text(min(world.keys))
    at = next(
        at
        for at in range(-30, -5)
        if world.rows[at - 1]["committed_at"] < world.rows[at]["committed_at"]
    )
    lacking = world.rows.pop(at)
    reached = micros(world.rows[at]["committed_at"].replace(tzinfo=UTC))
    setup = opened(world)
    for at_us, complete in ((reached - 1, True), (reached, False), (reached + 1, False)):
        found = row_at(setup, "listings", key, moment(0) + timedelta(microseconds=at_us))
        assert found.complete is complete
        (through,) = found.archive.through
        assert (through.n, through.at_us) == (lacking["n"] - 1, reached)


def change(n: int, op: str, at: int, **values: object) -> Archived:
    row = {"id": msgspec.Raw(b"7"), "v": msgspec.Raw(str(n).encode())}
    usual = {
        "before": row if op in "ud" else None,
        "after": row if op in "cur" else None,
        "schema_version": 1,
        "key": "{}" if op == "t" else '{"id":7}',
    }
    usual |= values
    return Archived(
        "s", 1, n, f"t{n}/0.0", op, at_us=at, tx=f"t{n}", tx_index=0, tx_last=True, **usual
    )  # type: ignore[arg-type]


def test_a_clock_that_runs_backwards_does_not_change_the_order() -> None:
    changes = [change(1, "c", 10), change(2, "u", 30), change(3, "u", 20)]
    assert state_at(changes, 25).change is changes[2]
    assert state_at(changes, 5).state == "absent"


def test_a_gap_in_the_capture_makes_a_row_uncertain() -> None:
    changes = [change(1, "c", 10), change(2, "u", 100)]
    assert state_at(changes, 60, captured_since_us=50).row == changes[1].before
    assert state_at(changes[:1], 60, captured_since_us=50).state == "unknown"
    assert state_at(changes, 40, captured_since_us=None).state == "unknown"
    assert state_at(changes, 20, captured_since_us=0).certain


def test_a_truncate_of_partitions_is_settled_by_the_rows_next_change() -> None:
    some = change(2, "t", 20, key='{"partitions":["p0"]}')
    assert state_at([change(1, "c", 10), some], 25).state == "unknown"
    assert state_at([change(1, "c", 10), some, change(3, "c", 30)], 25).state == "absent"
    assert state_at([change(1, "c", 10), some, change(3, "u", 30)], 25).state == "exists"


def test_a_row_from_before_the_archive_is_known_by_its_first_change() -> None:
    first = change(5, "u", 50)
    assert state_at([first], 40, captured_since_us=30).row == first.before
    assert state_at([first], 20, captured_since_us=None).state == "unknown"
    assert state_at([], 40).state == "unknown"


def table(*columns: Column, key: tuple[str, ...] = ("id",)) -> Table:
    return Table("market", "listings", columns, key)


ID, V = Column("id", "int", nullable=False), Column("v", "int")


@pytest.mark.parametrize(
    "later",
    [
        Column("v", "varchar", length=9),
        Column("v", "int", unsigned=True),
        Column("v", "int", nullable=False),
    ],
    ids=str,
)
def test_a_value_under_another_type_is_shown_and_not_certain(later: Column) -> None:
    versions = [table(ID, V), table(ID, later)]
    found = state_at(
        [change(1, "c", 10)], 50, in_force=versions[1], in_force_version=2, versions=versions
    )
    assert (found.state, found.certain, found.assumed) == ("exists", False, ("v",))
    assert found.row == change(1, "c", 10).after


@pytest.mark.parametrize(
    ("former", "later", "same"),
    [
        (Column("v", "varchar", length=9), Column("v", "varchar", length=20), True),
        (Column("v", "varchar", length=20), Column("v", "varchar", length=9), False),
        (Column("v", "binary", length=4), Column("v", "binary", length=8), False),
        (Column("v", "enum", labels=("a",)), Column("v", "enum", labels=("a", "b")), True),
        (Column("v", "enum", labels=("a", "b")), Column("v", "enum", labels=("a",)), False),
        (Column("v", "decimal", scale=2), Column("v", "decimal", scale=4), False),
        (Column("v", "int", nullable=False), Column("v", "int"), True),
    ],
)
def test_a_wider_column_keeps_its_values(former: Column, later: Column, same: bool) -> None:
    versions = [table(ID, former), table(ID, later)]
    found = state_at(
        [change(1, "c", 10)], 50, in_force=versions[1], in_force_version=2, versions=versions
    )
    assert found.certain is same


def test_while_a_table_has_another_primary_key_a_row_is_not_known() -> None:
    """It may have been changed or deleted under its other key, to which nothing leads."""
    versions = [table(ID, V), table(ID, V, key=("v",))]
    by_id, by_v = change(1, "c", 10), change(3, "u", 90, key='{"v":3}', schema_version=2)

    def at(moment: int, changes: list[Archived], version: int) -> str:
        columns = versions[version - 1]
        return state_at(
            changes, moment, in_force=columns, in_force_version=version, versions=versions
        ).state

    assert at(20, [by_id], 1) == "exists"
    assert at(50, [by_id], 2) == "unknown"
    assert at(20, [by_v], 1) == "unknown"
    assert at(95, [by_v], 2) == "exists"
    renamed = table(Column("number", "int", nullable=False), V, key=("number",))
    found = state_at(
        [by_id], 50, in_force=renamed, in_force_version=2, versions=[versions[0], renamed]
    )
    assert (found.state, found.assumed) == ("exists", ("number",))


def with_versions(
    world: PastWorld, versions: Sequence[Table], *changes: dict[str, Any]
) -> HistorySetup:
    """A table with these column sets, and a change in each second."""
    schemas = MemorySchemas()
    for each in versions:
        schemas.version_of(SOURCE, each)
    athena = MemoryAthena(ready=True)
    athena.append(
        [
            {**world.rows[0], **row, "epoch": 1, "n": n, "id": f"t{n}/0.0", "committed_at": at_s(n)}
            for n, row in enumerate(changes, 1)
        ]
    )
    state = SimpleNamespace(schemas=schemas, coverage=MemoryCoverages())
    facts = TableFacts(ledger=world.facts().ledger, times={STREAM: (BEGAN_MS, BEGAN_MS + 60_000)})
    archive = SimpleNamespace(facts=lambda: facts, has_snapshots=lambda: False)
    return HistorySetup(athena, archive, state, {STREAM: SOURCE}, MemorySnapshotStore())  # type: ignore[arg-type]


def test_columns_that_came_back_since_are_not_those_in_between(world: PastWorld) -> None:
    """Versions of equal columns have one number: the newest one may be in force twice."""
    short, long = table(ID, V), table(ID, V, Column("w", "int"))
    setup = with_versions(
        world,
        (short, long),
        _row("7", 2, {"id": 7, "v": 1, "w": 1}),
        _row("8", 1, {"id": 8, "v": 1}),
        _row("7", 2, {"id": 7, "v": 1, "w": None}, {"id": 7, "v": 1, "w": 5}),
    )
    found = row_at(setup, "market.listings", "7", at_s(2).replace(tzinfo=UTC))
    assert plain(found) == {"id": 7, "v": 1}


def test_a_column_that_came_back_under_its_name_has_no_value_of_the_former_one(
    world: PastWorld,
) -> None:
    short, long = table(ID, V), table(ID, V, Column("w", "int"))
    setup = with_versions(
        world,
        (short, long),
        _row("7", 2, {"id": 7, "v": 1, "w": 5}),
        _row("8", 1, {"id": 8, "v": 1}),
        _row("9", 2, {"id": 9, "v": 1, "w": 6}),
    )
    past = find_table(setup, "market.listings")
    at_us = micros(at_s(3).replace(tzinfo=UTC))
    (seen, _), (later, _) = (
        read_versions(setup.athena, past, at_us, since) for since in (None, at_us)
    )
    assert (seen, later) == ([2, 1], [2])
    row = {name: msgspec.Raw(b"5") for name in ("id", "v", "w")}
    first = change(1, "c", 1, after=row, schema_version=2)
    for those, unknown in ((seen, ("w",)), (later, ())):
        found = state_at(
            [first], 3, in_force=long, in_force_version=2, versions=past.versions, seen=those
        )
        assert (found.state, found.certain, found.unknown) == ("exists", not unknown, unknown)
        assert found.row is not None
        assert ("w" in found.row) is (not unknown)


def test_what_the_next_change_shows_has_no_value_of_a_column_that_was_another_one_then() -> None:
    short, long = table(ID, V), table(ID, V, Column("w", "int"))
    row = {name: msgspec.Raw(b"5") for name in ("id", "v", "w")}
    following = [change(2, "u", 20, before=row, after=row, schema_version=2)]
    for changes in (following, [change(1, "c", 5, schema_version=1), *following]):
        for coming, unknown in (((2, 1), ("w",)), ((2,), ())):
            found = state_at(
                changes,
                10,
                in_force=long,
                in_force_version=2,
                versions=[short, long],
                coming=coming,
            )
            assert (found.state, found.certain, found.unknown) == ("exists", not unknown, unknown)
            assert found.row is not None
            assert ("w" in found.row) is (not unknown)


def test_a_column_that_has_moved_may_be_another_one_under_its_name(world: PastWorld) -> None:
    """It may have been dropped and added again, which no change of a row shows."""
    first, last = table(ID, Column("w", "int"), V), table(ID, V, Column("w", "int"))
    old, new = {"id": 7, "w": 5, "v": 1}, {"id": 7, "v": 1, "w": None}
    for changes, asked in (
        ((_row("7", 1, old), _row("8", 2, new | {"id": 8})), 2),
        ((_row("9", 1, old | {"id": 9}), _row("8", 1, old), _row("7", 2, new, new)), 2),
    ):
        setup = with_versions(world, (first, last), *changes)
        found = row_at(setup, "market.listings", "7", at_s(asked).replace(tzinfo=UTC)).found
        assert (found.state, found.certain) == ("exists", False)
        assert "w" in found.assumed


def test_between_two_changes_with_an_alter_between_them_the_columns_are_not_certain(
    world: PastWorld,
) -> None:
    short, long = table(ID, V), table(ID, V, Column("w", "int"))
    row = {"id": 7, "v": 1}
    setup = with_versions(
        world,
        (short, long),
        _row("7", 1, row),
        _row("8", 1, row | {"id": 8}),
        _row("9", 2, row | {"id": 9, "w": 3}),
        _row("10", 2, row | {"id": 10, "w": 3}),
    )

    def certain(key: str, second: int) -> bool:
        found = row_at(setup, "market.listings", key, at_s(second).replace(tzinfo=UTC)).found
        assert found.state == "exists"
        return found.certain

    assert [certain("7", each) for each in (1, 2)] == [True, False]
    assert [certain("9", each) for each in (3, 4)] == [True, True]


def test_before_the_first_archived_change_a_table_may_have_had_its_former_columns(
    world: PastWorld,
) -> None:
    """A consumer without an archive, or a snapshot, has noted the first version."""
    short, long = table(ID, V), table(ID, V, Column("w", "int"))
    row = {"id": 7, "v": 1, "w": 2}
    for versions, certain, assumed in (((short, long), False, ("w",)), ((long, short), True, ())):
        number = versions.index(long) + 1
        setup = with_versions(world, versions, _row("7", number, row, row))
        past = find_table(setup, "market.listings")
        later, _ = read_coming_versions(setup.athena, past, 0)
        assert [each.version for each in later] == [number]
        found = state_at(
            [change(1, "u", 50, before=raw(row), schema_version=number)],
            40,
            in_force=long,
            in_force_version=number,
            versions=versions,
            rival=rival_of(past, [], later),
        )
        assert (found.state, found.certain, found.assumed) == ("exists", certain, assumed)


def raw(row: Row) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in row.items()}


def test_a_snapshot_has_a_row_that_may_have_ended_with_a_truncate() -> None:
    changes = [change(2, "t", 200), change(3, "c", 300)]
    read = SnapshotRow("weekly", 1, 1, 90, 1, raw({"id": 7, "v": 1}))
    assert (state_at(changes, 100).state, state_at(changes, 100).certain) == ("absent", False)
    assert state_at(changes, 100, read=read).row == read.row
    assert state_at(changes[1:], 100, read=read).state == "absent"


RENAMED = (ID, V), (Column("number", "int", nullable=False), V)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"id":7}', {'{"id":7}', '{"number":7}'}),
        ("number=7", {'{"id":7}', '{"number":7}'}),
        ("7", {'{"id":7}', '{"number":7}', '{"v":7}'}),
        ("v=7", {'{"v":7}'}),
    ],
)
def test_a_key_by_its_name_is_found_under_each_name_that_the_column_had(
    text: str, expected: set[str]
) -> None:
    first, second = (table(*each, key=(each[0].name,)) for each in RENAMED)
    added = table(*RENAMED[1], Column("w", "int"), key=("number",))
    another = table(*RENAMED[1], key=("v",))
    assert set(key_texts(text, [first, second, added, another], "market.listings")) == expected
    assert identities([first, another, added, second]) == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("former", "later", "moved"),
    [
        ("abcd", "abcd", ""),
        ("abcd", "xaybcd", ""),
        ("abcd", "acd", ""),
        ("abcd", "acdb", "b"),
        ("abcd", "dabc", "d"),
        ("ab", "ba", "ab"),
        ("abcde", "badce", "abcd"),
        ("", "ab", ""),
    ],
)
def test_moved_columns_are_the_fewest_that_explain_the_order(
    former: str, later: str, moved: str
) -> None:
    assert moved_columns(former, later) == set(moved)


@pytest.mark.parametrize(
    ("text", "expected"),
    [(each, "7.00") for each in ("7", "7.0", "7.00", "007", '{"id":7}', '{"id":"7.0"}', "id=7")]
    + [("-0", "0.00"), ("-1.5", "-1.50"), ("1e2", "100.00")],
)
def test_a_decimal_key_needs_no_digits_of_its_scale(text: str, expected: str) -> None:
    by_price = table(Column("id", "decimal", length=8, scale=2))
    assert key_texts(text, [by_price], "market.listings") == [f'{{"id":"{expected}"}}']


@pytest.mark.parametrize("text", ["7.001", "x", "", "NaN", "Infinity", '{"id":true}', "1e999999"])
def test_a_decimal_key_that_its_column_cannot_have_is_refused(text: str) -> None:
    by_price = table(Column("id", "decimal", length=8, scale=2))
    with pytest.raises(ConfigError, match="DECIMAL with 2 digits"):
        key_texts(text, [by_price], "market.listings")


def at_s(seconds: int) -> datetime:
    return datetime(2026, 1, 1, 0, 0, seconds)


def _row(key: str, version: int, after: Row, before: Row | None = None) -> dict[str, object]:
    text = msgspec.json.encode
    return {
        "op": "u" if before else "c",
        "key": f'{{"id":{key}}}',
        "schema_version": version,
        "after": text(after).decode(),
        "before": text(before).decode() if before else None,
    }


def segment(
    number: int, at_ms: int, tables: tuple[str, ...], follows: bool = True
) -> CoverageSegment:
    start = SegmentStart(number, number << 8, follows=follows, at_ms=at_ms)
    return CoverageSegment(start, "server", Position("bin.1", 4), tables)


def test_capture_has_gaps_where_a_table_left_or_a_segment_does_not_follow() -> None:
    own = [
        segment(1, 1, ("d.a",)),
        segment(2, 2, ("d.a", "d.b")),
        segment(3, 3, ("d.b",)),
        segment(4, 4, ("d.a", "d.b")),
        segment(5, 5, ("d.a",), follows=False),
    ]
    assert spans_of({"s": own}, "d.a") == [
        ValidSpan(1000, 3000),
        ValidSpan(4000, 5000),
        ValidSpan(5000, None),
    ]
    assert spans_of({"s": own[:1], "s/new": []}, "d.a") == [ValidSpan(1000, None)]
    handed = {"s": [segment(1, 1, ("d.a",)), segment(2, 9, ())], "s/x": [segment(1, 8, ("d.a",))]}
    assert spans_of(handed, "d.a") == [ValidSpan(1000, None)]


def test_a_stream_without_segments_and_an_empty_archive_are_answered(world: PastWorld) -> None:
    schemas = SimpleNamespace(schemas=world.schemas, coverage=MemoryCoverages())
    nothing = SimpleNamespace(facts=TableFacts)
    streams = {STREAM: SOURCE, f"{SOURCE}/fast": SOURCE}
    setup = HistorySetup(MemoryAthena(ready=True), nothing, schemas, streams, MemorySnapshotStore())  # type: ignore[arg-type]
    found = row_at(setup, "market.listings", "x,1", parse_time("2026-01-01T00:00:00Z"))
    assert (found.found.state, found.complete) == ("unknown", False)
    assert [each.stream for each in found.archive.through] == [STREAM, f"{SOURCE}/fast"]
    assert row_history(setup, "market.listings", "x,1").changes == []


def test_the_command_prints_history_moment_and_json(
    world: PastWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = opened(world)
    stage = SimpleNamespace(history=lambda: setup)
    monkeypatch.setattr(command, "open_stage", lambda *_: stage)
    key = next(row["key"] for row in world.rows if row["op"] == "u")
    command.command("listings", key)
    out = capsys.readouterr()
    assert out.out.startswith(f"market.listings  {key}\n")
    assert "create" in out.out
    assert "archived through shop 900000000/" in out.err
    assert "$0.00005" in out.err
    command.command("listings", key, diff=True)
    assert "\n  + " in capsys.readouterr().out
    command.command("listings", key, at="2026-01-01T00:05:00Z")
    assert "the row " in capsys.readouterr().out
    command.command("listings", key, as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["changes"][0]["operation"] == "create"
    assert told["archived_through"][0]["n"] == world.rows[-1]["n"]
    with pytest.raises(ConfigError, match="excludes"):
        command.command("listings", key, at="2026-01-01T00:05:00Z", diff=True)


def test_half_a_surrogate_pair_in_a_row_is_shown_as_its_escape() -> None:
    world = PastWorld(7).run(120)
    last = world.rows[-1]
    row = json.loads(last["key"]) | {"title": "a\ud800b", "count": 1 << 62}
    world.rows.append({**last, "n": last["n"] + 1, "op": "u", "after": json.dumps(row)})
    found = row_history(opened(world), "listings", last["key"]).changes[-1].after
    assert found is not None
    assert (bytes(found["title"]), bytes(found["count"])) == (
        b'"a\\ud800b"',
        b"4611686018427387904",
    )
