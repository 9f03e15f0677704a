"""Numbering: the same events give the same changes, each with its identity, number, key and
place.
"""

from typing import Any

import pytest

from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows, Truncated
from shared.domain.numbering import Numbered, Numbering
from shared.domain.table_plan import CannotNumber
from shared.values.change import Transaction
from shared.values.message_group import shard_of
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.settings import TableSettings
from shared.values.table import Column, Table

LISTINGS = Table(
    "shop",
    "listings",
    (Column("id", "bigint"), Column("seller", "bigint"), Column("email", "varchar")),
    ("id",),
)


def row(key: int, seller: int = 1, email: str | None = "a@b") -> dict[str, Any]:
    return {"id": key, "seller": seller, "email": email}


def transaction(number: int, *events: Event) -> list[Event]:
    at = Position("bin.000001", number * 100, f"0-1-{number}")
    begin = Begin(f"0-1-{number}@1763722455000", f"0-1-{number}", at, 1763722455000)
    return [
        begin,
        *events,
        Commit(Position("bin.000001", number * 100 + 90, f"0-1-{number}"), 1763722455000),
    ]


def insert(event: int, *rows: dict[str, Any], table: Table = LISTINGS) -> Rows:
    return Rows(table, "c", event, [(None, each) for each in rows])


def numbered(numbering: Numbering, events: list[Event]) -> list[Numbered]:
    return [each for event in events for each in numbering.take(event)]


def changes(numbering: Numbering, events: list[Event]) -> list[Any]:
    return [change for _, _, change in numbered(numbering, events)]


def test_ids_numbers_and_places_of_a_transaction() -> None:
    events = transaction(
        7,
        insert(0, row(1), row(2)),
        Rows(LISTINGS, "u", 3, [(row(1), row(1, email="n"))]),
        Rows(LISTINGS, "d", 4, [(row(2), None)]),
    )
    got = changes(Numbering("shop", {}, seq=make_seq(3, 9)), events)
    assert [(c.id, c.seq, c.op, c.key) for c in got] == [
        ("0-1-7@1763722455000/0.0", make_seq(3, 10), "c", {"id": 1}),
        ("0-1-7@1763722455000/0.1", make_seq(3, 11), "c", {"id": 2}),
        ("0-1-7@1763722455000/3.0", make_seq(3, 12), "u", {"id": 1}),
        ("0-1-7@1763722455000/4.0", make_seq(3, 13), "d", {"id": 2}),
    ]
    assert [c.tx for c in got] == [Transaction("0-1-7", index, index == 3) for index in range(4)]
    assert (got[2].before, got[2].after) == (row(1), row(1, email="n"))
    assert (got[3].before, got[3].after) == (row(2), None)
    assert {c.ts_ms for c in got} == {1763722455000}


def test_without_gtid_a_transaction_is_named_by_its_place() -> None:
    at = Position("bin.000001", 400)
    events: list[Event] = [
        Begin("uuid:bin.000001:400@5", "", at, 5),
        insert(0, row(1)),
        Commit(Position("bin.000001", 500), 5),
    ]
    (change,) = changes(Numbering("shop", {}), events)
    assert (change.id, change.tx.id) == ("uuid:bin.000001:400@5/0.0", "bin.000001:400")


def test_the_last_change_is_known_as_such_and_none_is_given_too_late() -> None:
    numbering = Numbering("shop", {})
    begin, first, commit = transaction(1, insert(0, row(1), row(2)))
    assert numbering.take(begin) == []
    assert [change.tx.last for _, _, change in numbering.take(first)] == [False]
    assert [change.tx.last for _, _, change in numbering.take(commit)] == [True]
    assert numbering.take(Heartbeat(Position("bin.000001", 999), 1)) == []


@pytest.mark.parametrize("character", ["\x01", "\x1f", "\ufffe", "\uffff"])
def test_a_table_whose_name_no_message_may_carry_stops_alone(character: str) -> None:
    """It may come while the relay runs, and match a pattern: no publish may fail for its name."""
    table = Table("shop", f"a{character}b", LISTINGS.columns, ("id",))
    numbering = Numbering("shop", {"shop.*": TableSettings()})
    begin, rows, _ = transaction(1, Rows(table, "c", 0, [(None, row(1))]))
    numbering.take(begin)
    with pytest.raises(CannotNumber, match=rf"U\+{ord(character):04X}") as raised:
        numbering.take(rows)
    assert raised.value.table == table.full_name


def test_names_with_unusual_characters_are_numbered() -> None:
    table = Table("shop", "имя 表\x7f\t$", LISTINGS.columns, ("id",))
    numbering = Numbering("shop", {"shop.*": TableSettings()})
    events = transaction(1, Rows(table, "c", 0, [(None, row(1))]))
    assert len([one for event in events for one in numbering.take(event)]) == 1


def test_an_empty_transaction_gives_nothing() -> None:
    assert changes(Numbering("shop", {}), transaction(1)) == []


def test_a_change_of_the_key_is_a_delete_and_a_create() -> None:
    events = transaction(1, Rows(LISTINGS, "u", 0, [(row(1), row(2))]))
    first, second = numbered(Numbering("shop", {}), events)
    assert [(c.id[-2:], c.seq, c.op, c.key, c.before, c.after) for _, _, c in (first, second)] == [
        ("0d", 1, "d", {"id": 1}, row(1), None),
        ("0c", 2, "c", {"id": 2}, None, row(2)),
    ]
    assert (first[1], second[1]) == (shard_of([1], 64), shard_of([2], 64))


def test_a_change_of_a_shard_column_is_a_delete_and_a_create() -> None:
    tables = {"shop.listings": TableSettings(shard_by=("seller",), shards=16)}
    events = transaction(
        1,
        Rows(LISTINGS, "u", 0, [(row(1, seller=5), row(1, seller=6)), (row(2), row(2, email="n"))]),
    )
    got = numbered(Numbering("shop", tables), events)
    assert [(c.op, c.key, shard) for _, shard, c in got] == [
        ("d", {"id": 1}, shard_of([5], 16)),
        ("c", {"id": 1}, shard_of([6], 16)),
        ("u", {"id": 2}, shard_of([1], 16)),
    ]


def test_truncate_reaches_every_group_of_the_table() -> None:
    events = transaction(1, insert(0, row(1))) + transaction(2, Truncated("shop", "listings"))
    got = numbered(Numbering("shop", {"shop.*": TableSettings(shards=4)}), events)[1:]
    assert [
        (table.full_name, shard, c.op, c.key, c.before, c.after, c.seq) for table, shard, c in got
    ] == [("shop.listings", shard, "t", {}, None, None, 2 + shard) for shard in range(4)]
    assert len({c.id for _, _, c in got}) == 4
    assert [c.tx.last for _, _, c in got] == [False, False, False, True]


def test_dropped_partitions_are_one_change_that_names_them() -> None:
    names = tuple(f"p{n}" for n in range(600))
    events = transaction(1, Truncated("shop", "listings", names[:2])) + transaction(
        2, Truncated("shop", "listings", names)
    )
    got = numbered(Numbering("shop", {"shop.*": TableSettings(shards=4)}), events)
    assert [(shard, c.op, c.seq, c.tx.last) for _, shard, c in got] == [
        (0, "t", 1, True),
        (0, "t", 2, True),
    ]
    assert [c.key for _, _, c in got] == [
        {"partitions": ["p0", "p1"]},
        {"partitions": list(names[:500])},
    ]


def test_truncating_two_tables_in_one_statement_gives_different_ids() -> None:
    events = transaction(1, Truncated("shop", "a"), Truncated("shop", "b"))
    got = changes(Numbering("shop", {"shop.*": TableSettings(shards=2)}), events)
    assert len({c.id for c in got}) == 4


def test_a_skipped_change_keeps_its_number() -> None:
    events = transaction(1, insert(0, row(1), row(2)), insert(1, row(3))) + transaction(
        2, insert(0, row(4))
    )
    everything = changes(Numbering("shop", {}, seq=70), events)
    for skip in range(5):
        assert changes(Numbering("shop", {}, seq=70, skip=skip), events) == everything[skip:]


def test_dropped_and_masked_columns_do_not_leave() -> None:
    settings = TableSettings(drop=("seller",), mask={"email": "hash"})
    events = transaction(
        1,
        insert(0, row(1), row(2, email=None)),
        Rows(LISTINGS, "u", 1, [(row(1), row(1, seller=9))]),
    )
    first, second, update = changes(
        Numbering("shop", {"shop.listings": settings}, mask_key=b"k"), events
    )
    (table, _, _), *_ = numbered(
        Numbering("shop", {"shop.listings": settings}, mask_key=b"k"), events
    )
    assert [column.name for column in table.columns] == ["id", "email"]
    assert set(first.after) == {"id", "email"}
    assert "a@b" not in str(first)
    assert second.after["email"] is None
    assert update.before == update.after == first.after
    (other, *_) = changes(
        Numbering("shop", {"shop.listings": settings}, mask_key=b"another"), events
    )
    assert other.after["email"] != first.after["email"]


def test_a_table_without_key_is_named_and_an_explicit_key_mends_it() -> None:
    keyless = Table("shop", "log", LISTINGS.columns)
    events = transaction(1, insert(0, row(1), table=keyless))
    with pytest.raises(CannotNumber, match=r"shop\.log"):
        changes(Numbering("shop", {}), events)
    (change,) = changes(
        Numbering("shop", {"shop.log": TableSettings(key=("seller", "id"))}), events
    )
    assert change.key == {"seller": 1, "id": 1}


def test_the_exact_table_goes_before_a_pattern() -> None:
    tables = {"shop.*": TableSettings(shards=2), "shop.listings": TableSettings(shards=1)}
    ((_, shard, _),) = numbered(Numbering("shop", tables), transaction(1, insert(0, row(7))))
    assert shard == 0


def test_without_shards_for_those_who_only_look() -> None:
    events = transaction(1, insert(0, row(1), row(2), row(3)), Truncated("shop", "listings"))
    assert [shard for _, shard, _ in numbered(Numbering("shop", {}, sharded=False), events)] == [
        0,
        0,
        0,
        0,
    ]
