"""An erasure removes every copy of its rows, and nothing of another source or table."""

import dataclasses
from typing import Any

import msgspec
import pyarrow as pa

from shared.adapters.snapshots.snapshots_columns import ARROW as ROWS
from shared.flows.privacy.erasing import STEPS, erase
from shared.flows.privacy.job_records import REMOVED
from shared.flows.privacy.unreferenced_files import GRACE_MS
from shared.flows.relay.failover.journal import JournalPage, Touched, encode_page
from shared.values.archive_pages import Choice, TableName
from shared.values.erasure import Erasure, Subject
from shared.values.job import Job, VerifyWork
from shared.values.parked_change import ParkedChange
from shared.values.position import Position
from shared.values.replay_work import ReplayWork
from shared.values.row_key import hash_of, row_of
from shared.values.settings import ConsumerSettings
from shared.values.snapshot import SnapshotPart, Texts
from tests.worlds.privacy_world import CONSUMERS, PrivacyWorld, subject

KEY = '{"id":7}'
OTHER = ConsumerSettings("other", "depot", ("market.*",), {"kind": "elasticsearch"})
TOUCHED = [Touched(0, 0, [msgspec.Raw(b"7")])]
PAGE = encode_page(
    JournalPage(1, "s", Position(), [], [("market.people", ["id"])], [("g", TOUCHED)])
)


def stepped(world: PrivacyWorld, *subjects: Subject) -> Erasure:
    setup = dataclasses.replace(world.setup(), consumers={**CONSUMERS, "other": OTHER})
    erasure = Erasure("e1", "ann", 1, subjects)
    for step in STEPS:
        erasure = step(setup, erasure)
    return erasure


def filled(world: PrivacyWorld, name: str, id: str) -> None:
    change = {"id": id, "key": {"id": 7}, "after": {"id": 7}}
    world.folders["rows"].put(name, msgspec.json.encode(change))


def test_large_rows_of_every_fill_go_and_those_of_others_stay() -> None:
    world = PrivacyWorld()
    mine = {
        "shop/a": "r/job.1/market.people/[7]",
        "shop/b": 's/weekly/market.people/{"id":7}',
        "shop/fast/c": "r/job.1/market.people/[7]",
        "shop/d": "r/job.1/market.odd/name/[7]",
        "shop/i": f"r/job.1/market.people/{row_of({'id': 7})}",
        "shop/j": f"s/weekly/market.people/{hash_of(KEY)}",
    }
    others = {
        "shop/e": "r/job.1/market.people/x/[7]",
        "shop/f": "r/job.1/market.pets/[7]",
        "shop/k": f"s/weekly/market.people/x/{hash_of(KEY)}",
        "depot/g": "r/job.1/market.people/[7]",
        "shop/h": "bin.1:7/0",
    }
    for name, id in {**mine, **others}.items():
        filled(world, name, id)
    stepped(world, subject("people", {"id": 7}), subject("odd/name", {"id": 7}))
    assert set(world.folders["rows"].objects) == set(others)


def test_a_key_of_several_columns_has_a_hash_in_either_order() -> None:
    world, key = PrivacyWorld(), {"tenant": "a", "id": 7}
    text = msgspec.json.encode(key).decode()
    for name, hash in (("shop/a", row_of(key)), ("shop/b", hash_of(text))):
        change = {"id": f"r/job.1/market.people/{hash}", "key": key, "after": key}
        world.folders["rows"].put(name, msgspec.json.encode(change))
    stepped(world, subject("people", key))
    assert not world.folders["rows"].objects


def parked(world: PrivacyWorld, consumer: str) -> None:
    change = ParkedChange(
        "tx-1", "people-0", "r", "market.people", KEY, 5, "u", 1, "E", "m", "why", 1, 1, "",
        9_999_999_999,
    )  # fmt: skip
    world.state.parked.add(consumer, change, "{}")
    line = msgspec.json.encode({"parked": {"table": "market.people", "key": KEY}})
    world.folders["dropped"].put(f"{consumer}/job.jsonl", line + b"\n")


def snapshot_rows(world: PrivacyWorld, source: str) -> None:
    row = {name: 1 if pa.types.is_integer(ROWS.field(name).type) else "x" for name in ROWS.names}
    row |= {"source": source, "database": "market", "table": "people", "key": KEY, "read_at": 0}
    rows = pa.Table.from_pylist([row], schema=ROWS)
    world.table.add(f"of-{source}", "market.people", 0, 0, rows)
    texts = Texts.of([KEY.encode()])
    part = SnapshotPart(source, source, "market", "people", 1, 1, 1, texts, texts)
    world.store.put_part(f"left-{source}", "market.people", 0, 1, part)


def journal(world: PrivacyWorld, stream: str) -> str:
    name = f"{stream}/journal/001"
    world.folders["claims"].put(name, PAGE)
    world.folders["claims"].put(f"{stream}/lost-9", b"[7]")
    return name


def test_a_table_of_the_same_name_in_another_source_keeps_its_rows() -> None:
    world = PrivacyWorld()
    for consumer in ("search", "other"):
        parked(world, consumer)
    for source in ("shop", "depot"):
        snapshot_rows(world, source)
    names = [journal(world, stream) for stream in ("shop", "shop/fast", "depot")]
    stepped(world, subject("people", {"id": 7}))
    assert [len(list(world.state.parked.all(name))) for name in ("search", "other")] == [0, 1]
    assert list(world.folders["dropped"].objects) == ["other/job.jsonl"]
    assert world.table.ids() == {"of-depot"}
    assert {id for id, *_ in world.store.held} == {"left-depot"}
    kept = {name: world.folders["claims"].get(name) == PAGE for name in names}
    assert kept == {"shop/journal/001": False, "shop/fast/journal/001": False, names[-1]: True}
    assert [name for name in world.folders["claims"].objects if "lost" in name] == ["depot/lost-9"]


def test_the_result_of_a_query_that_ran_meanwhile_goes_before_the_certificate() -> None:
    world = PrivacyWorld()
    world.change("people", "d", {"id": 7})
    world.commit()
    setup, rewrite = world.setup(), world.lake.rewrite

    def asked(*args: Any) -> Any:
        world.folders["results"].put("query.csv", b"7")
        return rewrite(*args)

    world.lake.rewrite = asked  # type: ignore[method-assign, assignment]
    erasure = Erasure("e1", "ann", 1, (subject("people", {"id": 7}),))
    while (done := erase(setup, erasure)).certificate is None:
        world.now += GRACE_MS / 1000
    assert done.certificate.removed["results"] == 1
    assert not world.folders["results"].objects


def test_a_replay_that_began_meanwhile_is_waited_for_and_its_copies_go() -> None:
    """It read the rows before they were removed: its refused changes are parked, for one."""
    world = PrivacyWorld()
    for change in ("c", "d"):
        world.change("people", change, {"id": 7})
    world.commit()
    choice = Choice("shop", (TableName("market", "people"),), 0, 1)
    work = ReplayWork(choice, 1.0, low=KEY, opened=True)
    job = Job("j1", "search", work, token=1, beat=1)
    setup, files = world.setup(), world.lake.files

    def begun(*args: Any) -> Any:
        world.lake.files = files  # type: ignore[method-assign]
        world.state.jobs.begin(job)
        parked(world, "search")
        return files(*args)

    world.lake.files = begun  # type: ignore[method-assign]
    erasure = Erasure("e1", "ann", 1, (subject("people", {"id": 7}),))
    first = erase(setup, erasure)
    assert (
        first.waits == "replay j1 of consumer search is running; it ends, or rowline jobs cancel j1"
    )
    world.state.jobs.end(msgspec.structs.replace(job, state="done"))
    while erase(setup, first.erasure).certificate is None:
        world.now += GRACE_MS / 1000
    assert not list(world.state.parked.all("search"))
    (over,) = world.state.jobs.ended("search", 9)
    assert isinstance(over.work, ReplayWork)
    assert over.work.low == ""


def test_a_job_that_began_and_ended_meanwhile_has_the_steps_repeated() -> None:
    world = PrivacyWorld()
    setup, files = world.setup(), world.lake.files

    def done(*args: Any) -> Any:
        world.lake.files = files  # type: ignore[method-assign]
        job = Job("j1", "search", VerifyWork(("market.people",)), token=1, beat=1)
        world.state.jobs.begin(job)
        world.state.jobs.end(msgspec.structs.replace(job, state="done"))
        return files(*args)

    world.lake.files = done  # type: ignore[method-assign]
    erasure = Erasure("e1", "ann", 1, (subject("people", {"id": 7}),))
    first = erase(setup, erasure)
    assert first.waits == "verify j1 of consumer search ended while rows were removed"
    assert erase(setup, first.erasure).erasure.swept_ms


def test_a_number_of_a_row_goes_out_of_what_a_job_says() -> None:
    """A short one is a count there, and means nobody."""
    world = PrivacyWorld()
    world.change("people", "c", {"id": 7}, phone=4791234567, cents=-250000.5, age=42)
    world.commit()
    said = {
        "j1": "refused: failed to parse [phone] in '4791234567'.",
        "j2": "refused: cents is -250000.5",
        "j3": "42 rows of 4791234568",
    }
    for id, outcome in said.items():
        job = Job(id, "search", VerifyWork(("market.people",)), token=1, beat=1)
        world.state.jobs.begin(job)
        world.state.jobs.end(msgspec.structs.replace(job, state="done", outcome=outcome))
    stepped(world, subject("people", {"id": 7}))
    left = {job.id: job.outcome for job in world.state.jobs.ended("search", 9)}
    assert left == {"j1": REMOVED, "j2": REMOVED, "j3": said["j3"]}
