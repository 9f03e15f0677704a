"""The checkpoint as it is stored: one flat object, which the former version wrote and reads."""

import msgspec

from shared.values.checkpoint import CatchUp, Checkpoint, Leg, Lost, Release, read_checkpoint
from shared.values.lineage import Lineage, ServerRun
from shared.values.position import Position

FORMER = r"""{
 "position":{"file":"bin.000007","offset":1234,"gtids":"0-1-99","created":1763000000},
 "seq":547556790632448007,"epoch":498000,"server":"mariadb-1",
 "capture":"{\"tables\":{\"shop.a\":{\"shards\":2}},\"ids\":2}","rows":3,"started":1763000001,
 "wrote_on":{"file":"bin.000006","offset":4},"ts_ms":1763000002000,"read_ts_ms":1763000003000,
 "read_to":{"file":"bin.000007","offset":1234,"gtids":"0-1-99","created":1763000000},
 "catch_up":{
  "until":{"file":"bin.000007","offset":1234,"gtids":"0-1-99","created":1763000000},
  "capture":"{\"tables\":{\"shop.b\":{}},\"ids\":2}",
  "legs":[{"position":{"file":"bin.000007","offset":1234,"gtids":"0-1-99","created":1763000000},
           "tables":["shop.b"]}]},
 "released":[{"tables":{"shop.c":2},"epoch":497000,
  "position":{"file":"bin.000007","offset":1234,"gtids":"0-1-99","created":1763000000},
  "server":"mariadb-1"}],
 "journal":41,"cut":3,"changed":17,"agreed":{"gtids":"0-1-50"},
 "lost":{"server":"mariadb-1","at_ms":1763000004000,"gtids":"0-1-98","transactions":1,
  "rows":{"shop.a":2},"verify":["shop.b"],"keys":"s3://claims/shop/lost-498000"}}"""
"""Recorded: what version 0.1 of 25 November 2026 stored, with every field."""

PLACE = Position("bin.000007", 1234, "0-1-99", 1763000000)
SAME = Checkpoint(
    PLACE,
    547556790632448007,
    498000,
    Lineage(
        "mariadb-1", 1763000001, Position("bin.000006", 4), 41, 3, 17, Position(gtids="0-1-50")
    ),
    '{"tables":{"shop.a":{"shards":2}},"ids":2}',
    rows=3,
    ts_ms=1763000002000,
    read_ts_ms=1763000003000,
    read_to=PLACE,
    catch_up=CatchUp(PLACE, '{"tables":{"shop.b":{}},"ids":2}', (Leg(PLACE, ("shop.b",)),)),
    released=(Release({"shop.c": 2}, 497000, PLACE, "mariadb-1"),),
    lost=Lost(
        "mariadb-1",
        1763000004000,
        "0-1-98",
        1,
        {"shop.a": 2},
        ("shop.b",),
        "s3://claims/shop/lost-498000",
    ),
)


def test_a_checkpoint_of_the_former_version_is_read() -> None:
    assert read_checkpoint(FORMER) == SAME


def test_the_former_version_reads_what_is_stored() -> None:
    assert msgspec.json.decode(SAME.text()) == msgspec.json.decode(FORMER)


def test_a_field_with_its_default_is_not_stored() -> None:
    small = Checkpoint(PLACE, 1, 1, Lineage("mariadb-1"), "{}")
    names = {"position", "seq", "epoch", "server", "capture"}
    assert msgspec.json.decode(small.text()).keys() == names
    assert read_checkpoint(small.text()) == small


def test_a_change_of_server_keeps_what_the_journal_proves() -> None:
    run = ServerRun("mariadb-2", 1763000009, Position("bin.000001", 4))
    assert SAME.lineage.replaced(run, 44, Position(gtids="0-1-97")) == Lineage(
        "mariadb-2", 1763000009, run.wrote_on, 41, 3, 44, Position(gtids="0-1-97")
    )
    assert SAME.lineage.restarted(run).agreed == SAME.lineage.agreed
    assert Lineage.cut_off(run, 44, PLACE) == Lineage(
        "mariadb-2", 1763000009, run.wrote_on, 44, 44, 44, PLACE
    )
