"""Erasing a person on real files (long: every kind of copy): a scan of every byte finds nothing."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from shared.adapters.archive_table.glue import GlueArchiveTable
from shared.adapters.landing.s3 import S3Landing
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.auditing import audit
from shared.flows.archive.committing import commit
from shared.flows.archive.maintaining import drop_old
from shared.flows.privacy import erasure_progress
from shared.flows.privacy.erasing import erase, requested
from shared.flows.privacy.privacy_requests import WORK
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.unreferenced_files import GRACE_MS
from shared.flows.relay.failover.journal import JournalPage, decode_page
from shared.flows.snapshots.tending import tend
from shared.flows.snapshots.verifying import verify
from shared.values.archive_pages import Choice, TableName
from shared.values.erasure import Erasure
from shared.values.errors import ConfigError
from shared.values.job import BackfillWork, Job, TableFill, VerifyWork
from shared.values.redrive_work import RedriveWork
from shared.values.replay_work import ReplayWork
from tests.worlds.erasing_world import (
    ARCHIVE,
    CLAIMS,
    DATABASE,
    PERSON,
    SECRET,
    STORES,
    ErasingWorld,
    fill,
)
from tests.worlds.killed import Killed
from tests.worlds.twins.state import memory_state


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[ErasingWorld]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # a stack's tests leave theirs
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield ErasingWorld()


def rows_of(world: ErasingWorld) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for batch in world.lake.scan(["key", "n", "after", "before"]):
        for row in batch.to_pylist():
            found.setdefault(row["key"], []).append((row["n"], row["after"], row["before"]))
    return {key: sorted(each, key=repr) for key, each in found.items()}


def test_after_an_erasure_no_byte_of_the_person_is_left(world: ErasingWorld) -> None:
    fill(world)
    with pytest.raises(ConfigError, match="not deleted"):
        WORK["privacy-erase"](world.setup(), {"erasure": _built(world.erasure(PERSON))})
    world.change(PERSON, "d", name=SECRET)
    commit(world.setup().archive)
    before = rows_of(world)
    held = world.holding(SECRET, PERSON)
    for kind in (".parquet", ".avro", "/parts/", "/parked/", "/dropped/", "/results/", "/rows/"):
        assert any(kind in each for each in held), kind
    for kind in ("/journal/001", "/journal/002", "/lost-", *map("state:{}".format, STORES)):
        assert any(kind in each for each in held), kind
    answer = WORK["privacy-erase"](world.setup(), {"erasure": _built(world.erasure(PERSON))})
    assert world.holding(SECRET) == []
    assert [each for each in world.holding(PERSON) if "/erasing/" not in each] == []
    certificate = answer["certificate"] or _after_grace(world)
    assert world.holding(SECRET, PERSON) == []
    assert requested(world.setup()) == []
    assert certificate["removed"] == {
        "jobs": 4, "journals": 2, "claims": 2, "parked": 1, "dropped": 1, "results": 1, "parts": 0,
        "snapshots": 2, "changes": 3,
    }  # fmt: skip
    assert certificate["consumers"] == {
        "search: market.people": "1 of 1 deletions are still on their way to it"
    }
    assert certificate["remains"][0].startswith("documents in index people-1 of consumer search")
    key = f'{{"id":"{PERSON}"}}'
    assert rows_of(world) == {name: rows for name, rows in before.items() if name != key}
    (found,) = audit(world.lake, memory_state(), ("shop",))
    assert (found.complete, found.rows) == (True, 4)
    assert [each.id for each in world.state.parked.all("search")] == ["tx-3"]
    claims = world.setup().objects["claims"]
    pages = [decode_page(claims.get(f"shop/journal/{n:03}") or b"") for n in (1, 2, 3)]
    assert [noted(page) for page in pages] == [[None, "bob"], ["carl", None], ["carl"]]
    over = {job.id: job.work for job in world.state.jobs.ended("search", 9)}
    for id, left in (("j1", 1), ("j3", 1)):
        assert [each.id for each in over[id].listed] == ["bob"] * left  # type: ignore[union-attr]
    assert len(world.setup().objects["dropped"].get("search/job.jsonl").splitlines()) == 1  # type: ignore[union-attr]
    assert world.setup().objects["rows"].get("shop/other.json") == b"{}"
    assert world.setup().objects["rows"].get("shop/pets.json")
    for id, rows in (("s1", 1), ("s2", 0)):
        snapshot = world.store.get(id)
        assert snapshot
        assert snapshot.rows == rows
        assert not verify(world.setup().snapshots, id).problems


def test_buckets_with_versioning_keep_no_former_version(world: ErasingWorld) -> None:
    for bucket in (ARCHIVE, CLAIMS):
        enabled = {"Status": "Enabled"}
        world.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=enabled)
    fill(world)
    world.change(PERSON, "d", name=SECRET)
    commit(world.setup().archive)
    before = rows_of(world)
    asked = {"erasure": _built(world.erasure(PERSON))}
    answer = WORK["privacy-erase"](world.setup(), asked)
    certificate = answer["certificate"] or _after_grace(world)
    assert world.holding(SECRET, PERSON) == []
    assert certificate["removed"]["versions"] > 20
    assert certificate["rows"] == {"market.people": 1}
    key = f'{{"id":"{PERSON}"}}'
    assert rows_of(world) == {name: rows for name, rows in before.items() if name != key}
    assert world.setup().objects["rows"].get("shop/other.json") == b"{}"


def test_it_waits_for_open_jobs_and_for_the_journal(world: ErasingWorld) -> None:
    """A job may bring rows back, and the relay may be about to write a page that names them."""
    world.change(PERSON, "d", name=SECRET)
    world.journal(1, PERSON)
    asked, name = {"erasure": _built(world.erasure(PERSON))}, "market.people"
    jobs = world.state.jobs
    for work in (
        BackfillWork({name: TableFill()}),
        VerifyWork(),
        RedriveWork(),
        ReplayWork(Choice("shop", (TableName("market", "people"),), 0, 1), 1.0),
    ):
        job = Job("j1", "search", work, state="paused")
        jobs.begin(job)
        waits = WORK["privacy-erase"](world.setup(), asked)["waits"]
        assert waits.startswith(f"{job.kind} j1 of consumer search is paused")
        taken = jobs.take(job, "somebody")
        assert taken
        jobs.end(taken)
    other = Job("j2", "search", VerifyWork(("market.orders",)), state="paused")
    jobs.begin(other)
    world.relayed(0)
    assert "checkpoint" in WORK["privacy-erase"](world.setup(), asked)["waits"]
    assert world.holding(PERSON)
    world.relayed(1)
    done = WORK["privacy-tend"](world.setup(), {})["erasures"][0]
    assert done["certificate"] or _after_grace(world)
    assert world.holding(SECRET, PERSON) == []


def test_a_page_that_the_relay_replaces_meanwhile_stays(world: ErasingWorld) -> None:
    world.journal(1, PERSON)
    kept = world.folder(CLAIMS, "claims")
    seen = kept.get("shop/journal/001") or b""
    world.journal(1, "bob")
    assert not kept.replace("shop/journal/001", seen, b"former")
    held = kept.get("shop/journal/001") or b""
    assert noted(decode_page(held)) == ["bob"]
    assert kept.replace("shop/journal/001", held, b"next")
    assert kept.get("shop/journal/001") == b"next"
    assert not kept.replace("shop/journal/002", b"", b"next")


def test_a_late_copy_does_not_bring_erased_changes_back(world: ErasingWorld) -> None:
    world.change(PERSON, "c", name=SECRET)
    world.change(PERSON, "d", name=SECRET)
    landing = S3Landing(world.s3, ARCHIVE)
    copies = [(each.name, landing.get(each.name)) for each in landing.list()]
    commit(world.setup().archive)
    asked = {"erasure": _built(world.erasure(PERSON))}
    assert "time" in WORK["privacy-erase"](world.setup(left=80.0), asked)["waits"]
    assert len(rows_of(world)) == 1, "nothing is begun that may not end"
    WORK["privacy-erase"](world.setup(), asked)
    for name, body in copies:
        landing.put(name, body or b"")
    assert commit(world.setup().archive).duplicates == 2
    world.later_s = 2 * GRACE_MS / 1000
    WORK["privacy-tend"](world.setup(), {})
    assert rows_of(world) == {}


def test_a_second_erasure_does_not_speak_for_consumers_of_the_first(world: ErasingWorld) -> None:
    """The archive has no change of the row any more: it cannot tell what a consumer has of it."""
    fill(world)
    world.change(PERSON, "d", name=SECRET)
    commit(world.setup().archive)
    first, both = world.erasure(PERSON), world.erasure(PERSON, "bob")
    world.change("bob", "d", name="Bob")
    for erasure, said in (
        (first, "1 of 1 deletions are still on their way to it"),
        (
            msgspec.structs.replace(both, id="20261127-2"),
            "1 of 1 deletions are still on their way to it; the archive has no change of 1 row, "
            "perhaps since an earlier erasure: look whether it has them",
        ),
    ):
        world.later_s = 0
        commit(world.setup().archive)
        answer = WORK["privacy-erase"](world.setup(), {"erasure": _built(erasure)})
        certificate = answer["certificate"] or _after_grace(world)
        assert certificate["consumers"] == {"search: market.people": said}


def test_killed_after_each_step_it_continues(
    world: ErasingWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world)
    world.change(PERSON, "d", name=SECRET)
    stored, left = erasure_progress.store, [0]

    def store(setup: PrivacySetup, erasure: Erasure) -> None:
        stored(setup, erasure)
        left[0] -= 1
        if not left[0]:
            raise Killed

    monkeypatch.setattr(erasure_progress, "store", store)
    erasure = world.erasure(PERSON)
    for killed in (1, 9, 11):  # tests/unit/test_erasing_killed.py has every call
        left[0] = killed
        with pytest.raises(Killed):
            erase(world.setup(), erasure)
        (erasure,) = requested(world.setup())
    left[0] = 0
    WORK["privacy-tend"](world.setup(), {})
    assert [each for each in world.holding(SECRET, PERSON) if "/erasing/" not in each] == []
    if requested(world.setup()):
        _after_grace(world)
    assert world.holding(SECRET, PERSON) == []


def test_export_has_every_change_and_row_of_related_tables_and_other_keys(
    world: ErasingWorld,
) -> None:
    fill(world)
    world.change(9, "c", "orders", buyer=PERSON, item="book")
    world.change(10, "c", "orders", buyer="bob", item="pen")
    commit(world.setup().archive)
    asked = {
        "subject": _built(world.erasure(PERSON))["subjects"][0],
        "related": [
            {"source": "shop", "database": "market", "table": "orders", "columns": ["buyer"]}
        ],
    }
    tend(world.setup().snapshots)
    found = WORK["privacy-find"](world.setup(), asked)
    assert found["counts"] == {"changes": 3, "snapshots": 2, "parked": 1}
    assert found["alive"] == {"market.people": 1, "market.orders": 1}
    lines = WORK["privacy-export"](world.setup(), {"subjects": found["subjects"]})["lines"]
    rows = [json.loads(line) for line in lines]
    assert [(row["kind"], row["table"]) for row in rows] == [
        ("change", "people"), ("change", "people"), ("snapshot", "people"),
        ("snapshot", "people"), ("change", "orders"),
    ]  # fmt: skip
    assert rows[0]["after"] == {"id": PERSON, "name": SECRET}
    assert rows[-1]["after"]["item"] == "book"


def noted(page: JournalPage) -> list[str | None]:
    """The keys of a page."""
    rows = [row for _, touched in page.transactions for row in touched]
    return [row.key and msgspec.json.decode(row.key[0]) for row in rows]


def _after_grace(world: ErasingWorld) -> dict[str, Any]:
    """The certificate of the run after what was killed can no longer be under way."""
    world.later_s = 2 * GRACE_MS / 1000
    (done,) = WORK["privacy-tend"](world.setup(), {})["erasures"]
    assert done["certificate"], done["waits"]
    return dict(done["certificate"])


def _built(erasure: Erasure) -> Any:
    return msgspec.to_builtins(erasure)


def test_the_table_says_up_to_when_the_retention_has_dropped_changes(world: ErasingWorld) -> None:
    facts = GlueArchiveTable(boto3.client, DATABASE).facts
    for key in ("a", "b", "c"):
        world.change(key, "c")
        commit(world.setup().archive)
    assert facts().dropped_ms == 0
    for before_ms in (1_003, 1_000):
        drop_old(world.lake, before_ms, Maintained())
        assert (facts().dropped_ms, facts().rows) == (1_002, 1)
