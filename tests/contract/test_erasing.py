"""Erasing a person on real Parquet, Iceberg and S3 objects: a scan of every byte finds nothing."""

import io
import json
import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import boto3
import msgspec
import pyarrow.parquet as pq
import pytest
from moto import mock_aws
from pyiceberg.avro.file import AvroFile

from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.landing.s3 import HEALING, S3Landing
from shared.adapters.snapshots.iceberg import IcebergSnapshots
from shared.adapters.snapshots.s3 import S3Snapshots
from shared.flows.archive.auditing import audit
from shared.flows.archive.committing import commit
from shared.flows.archive.setup import ArchiveSetup
from shared.flows.privacy import erasing, progress
from shared.flows.privacy.erasing import GRACE_MS, erase, requested
from shared.flows.privacy.setup import PrivacySetup
from shared.flows.privacy.work import WORK
from shared.flows.snapshots.setup import SnapshotSetup
from shared.flows.snapshots.verifying import verify
from shared.values import landed
from shared.values.change import Change, Transaction
from shared.values.compression import zstd
from shared.values.erasure import Erasure, Subject
from shared.values.errors import ConfigError
from shared.values.message import Message
from shared.values.parked_change import ParkedChange
from shared.values.seq import make_seq
from shared.values.settings import ConsumerSettings
from shared.values.snapshot import Part, Readout
from shared.values.snapshot_work import TableRead
from tests.worlds.twins.state import memory_state

ARCHIVE, CLAIMS, DATABASE = "archive", "claims", "kept"
EPOCH = 900_000_000
SECRET = "Ada-Lovelace-1815"
PERSON = "ada@example.com"
CONSUMERS = {
    "search": ConsumerSettings("search", "shop", ("market.*",), {"kind": "elasticsearch"}),
    "archiveShop": ConsumerSettings("archiveShop", "shop", ("market.*",), {"kind": "archive"}),
}


class World:
    """An archive with a person's rows among others in everything that is kept."""

    def __init__(self) -> None:
        s3 = boto3.client("s3")
        for bucket in (ARCHIVE, CLAIMS):
            s3.create_bucket(Bucket=bucket)
        boto3.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        self.s3, self.n, self.later_s = s3, 0, 0.0
        self.state = memory_state()
        self.lake = IcebergLake(ARCHIVE, DATABASE)
        self.table = IcebergSnapshots(ARCHIVE, DATABASE)
        self.store = S3Snapshots(s3, ARCHIVE)

    def folder(self, bucket: str, name: str) -> S3Landing:
        return S3Landing(self.s3, bucket, f"{name}/")

    def setup(self, left: float = 900.0) -> PrivacySetup:
        clock = lambda: time.time() + self.later_s  # noqa: E731
        landing, healing = S3Landing(self.s3, ARCHIVE), S3Landing(self.s3, ARCHIVE, HEALING)
        parts = (landing, healing, self.lake, self.state, ("shop",), 0, "run")
        own = SnapshotSetup(
            self.store, self.table, self.state.leases, 35, "run", lambda: left, clock
        )
        names = ("erasing", "erased", "results", "rejected")
        objects = {name: self.folder(ARCHIVE, name) for name in names}
        claims = ("rows", "claims", "parked", "dropped")
        return PrivacySetup(
            ArchiveSetup(*parts, lambda: left, clock, lambda _: None),
            own,
            objects["erasing"],
            objects["erased"],
            {**objects, **{name: self.folder(CLAIMS, name) for name in claims}},
            CONSUMERS,
        )

    def change(self, key: Any, op: str, table: str = "people", **row: Any) -> None:
        self.n += 1
        after = None if op == "d" else {"id": key, **row}
        before = {"id": key, **row} if op == "d" else None
        tx = Transaction(f"bin:{self.n}", 0, True)
        seq = make_seq(EPOCH, self.n)
        made = Change(f"tx-{self.n}", seq, op, 1000 + self.n, {"id": key}, before, after, tx)  # type: ignore[arg-type]
        message = Message("shop", "shop", "market", table, 1, f"{table}-0", None, [made])
        name = landed.name_of([("shop", made)])
        S3Landing(self.s3, ARCHIVE).put(name, landed.encode([message]))

    def snapshot(self, id: str, **rows: str) -> None:
        keys = [json.dumps({"id": key}, separators=(",", ":")) for key in rows]
        texts = [json.dumps({"id": key, "name": name}) for key, name in rows.items()]
        part = Part("shop", "shop", "market", "people", 1, make_seq(EPOCH, 1), 1, keys, texts)
        self.store.put_part(id, "market.people", 0, 1, part)
        now_ms = int(time.time() * 1000)
        read = TableRead("", len(rows), 1, ((1, 1),), "shop", 1, 2, True)
        self.store.put_readout(Readout(id, "shop", "s", 1, now_ms, {"market.people": read}))

    def objects(self) -> Iterator[tuple[str, bytes]]:
        for bucket in (ARCHIVE, CLAIMS):
            for each in self.s3.list_objects_v2(Bucket=bucket).get("Contents", []):
                yield (
                    f"s3://{bucket}/{each['Key']}",
                    self.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read(),
                )

    def holding(self, *values: str) -> list[str]:
        """Every object in which one of these values is, as bytes or decoded."""
        found = []
        for place, body in self.objects():
            text = body + _decoded(place, body)
            if any(value.encode() in text for value in values):
                found.append(place)
        return found

    def erasure(self, *keys: str) -> Erasure:
        texts = tuple(json.dumps({"id": key}, separators=(",", ":")) for key in keys)
        return Erasure("20261127-1", "ann", 1, (Subject("shop", "market", "people", texts),))


def _decoded(place: str, body: bytes) -> bytes:
    if place.endswith(".parquet"):
        return repr(pq.read_table(io.BytesIO(body)).to_pylist()).encode()
    if place.endswith(".avro"):
        with AvroFile(_Held(body)) as records:  # type: ignore[arg-type, var-annotated]
            return b"".join(_plain(record) for record in records)
    if body.startswith(b"\x28\xb5\x2f\xfd"):
        return zstd.decompress(body)
    return b""


def _plain(value: Any) -> bytes:
    """Everything inside a record of a manifest, bounds as the bytes that they are."""
    if isinstance(value, bytes):
        return value + b"\n"
    if isinstance(value, str):
        return value.encode() + b"\n"
    if isinstance(value, dict):
        return b"".join(_plain(each) for pair in value.items() for each in pair)
    if isinstance(value, (list, tuple)):
        return b"".join(map(_plain, value))
    if hasattr(value, "_data"):
        return b"".join(map(_plain, value._data))
    return str(value).encode()


class _Held:
    """An object's bytes as pyiceberg opens a file."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def open(self, seekable: bool = True) -> io.BytesIO:
        return io.BytesIO(self._body)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # a stack's tests leave theirs
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield World()


def fill(world: World) -> None:
    """A person whose key is the smallest of its file, the largest of another, and in snapshots."""
    setup = world.setup()
    for key, name in ((PERSON, SECRET), ("bob", "Bob"), ("carl", "Carl")):
        world.change(key, "c", name=name)
    commit(setup.archive)
    world.change("aa", "c", name="Aaron")
    world.change(PERSON, "u", name=f"{SECRET} again")
    commit(setup.archive)
    world.change("dora", "c", name="Dora")
    commit(setup.archive)
    world.snapshot("s1", **{PERSON: SECRET, "bob": "Bob"})
    world.snapshot("s2", **{PERSON: SECRET})
    parked = ParkedChange(
        "tx-2", "people-0", "r", "market.people", f'{{"id":"{PERSON}"}}', 5, "u", 1, "E", SECRET,
        "why", 1, 1, "", 9_999_999_999, payload=f"s3://{CLAIMS}/parked/search/tx-2",
    )  # fmt: skip
    world.state.parked.add("search", parked, "")
    other = ParkedChange("tx-3", "people-0", "o", "market.people", '{"id":"bob"}', 6, "u", 1, "E",
        "m", "why", 1, 1, "", 9_999_999_999)  # fmt: skip
    world.state.parked.add("search", other, "{}")
    claims = world.setup().objects
    claims["parked"].put("search/tx-2", SECRET.encode())
    line = json.dumps({"parked": {"table": "market.people", "key": f'{{"id":"{PERSON}"}}'}})
    kept = json.dumps({"parked": {"table": "market.people", "key": '{"id":"bob"}'}})
    claims["dropped"].put("search/job.jsonl", f"{line}\n{kept}\n".encode())
    claims["results"].put("q1.csv", SECRET.encode())
    digest = blake2b(b"tx-1", digest_size=16).hexdigest()
    claims["rows"].put(f"shop/{digest}.json", SECRET.encode())
    claims["rows"].put("shop/other.json", b"{}")
    for table, key, name in (("people", PERSON, SECRET), ("pets", "rex", "Rex")):
        change = {"id": f"r/job.1/market.{table}/[]", "key": {"id": key}, "after": {"name": name}}
        claims["rows"].put(f"shop/{table}.json", json.dumps(change).encode())


def rows_of(world: World) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for batch in world.lake.scan(["key", "n", "after", "before"]):
        for row in batch.to_pylist():
            found.setdefault(row["key"], []).append((row["n"], row["after"], row["before"]))
    return {key: sorted(each, key=repr) for key, each in found.items()}


def test_after_an_erasure_no_byte_of_the_person_is_left(world: World) -> None:
    fill(world)
    with pytest.raises(ConfigError, match="not deleted"):
        WORK["privacy-erase"](world.setup(), {"erasure": _built(world.erasure(PERSON))})
    world.change(PERSON, "d", name=SECRET)
    commit(world.setup().archive)
    before = rows_of(world)
    held = world.holding(SECRET, PERSON)
    for kind in (".parquet", ".avro", "/parts/", "/parked/", "/dropped/", "/results/", "/rows/"):
        assert any(kind in each for each in held), kind
    answer = WORK["privacy-erase"](world.setup(), {"erasure": _built(world.erasure(PERSON))})
    assert world.holding(SECRET) == []
    assert [each for each in world.holding(PERSON) if "/erasing/" not in each] == []
    certificate = answer["certificate"] or _after_grace(world)
    assert world.holding(SECRET, PERSON) == []
    assert requested(world.setup()) == []
    assert certificate["removed"] == {
        "claims": 2, "parked": 1, "dropped": 1, "results": 1, "parts": 0, "snapshots": 2,
        "changes": 3,
    }  # fmt: skip
    assert certificate["consumers"] == {
        "search: market.people": "1 of 1 deletions are still on their way to it"
    }
    key = f'{{"id":"{PERSON}"}}'
    assert rows_of(world) == {name: rows for name, rows in before.items() if name != key}
    (found,) = audit(world.lake, memory_state(), ("shop",))
    assert (found.complete, found.rows) == (True, 4)
    assert [each.id for each in world.state.parked.all("search")] == ["tx-3"]
    assert len(world.setup().objects["dropped"].get("search/job.jsonl").splitlines()) == 1  # type: ignore[union-attr]
    assert world.setup().objects["rows"].get("shop/other.json") == b"{}"
    assert world.setup().objects["rows"].get("shop/pets.json")
    for id, rows in (("s1", 1), ("s2", 0)):
        snapshot = world.store.get(id)
        assert snapshot
        assert snapshot.rows == rows
        assert not verify(world.setup().snapshots, id).problems


def test_a_late_copy_does_not_bring_erased_changes_back(world: World) -> None:
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


def test_killed_after_each_step_it_continues(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)
    world.change(PERSON, "d", name=SECRET)
    stored, left = progress.store, [0]

    class Killed(BaseException):
        pass

    def store(setup: PrivacySetup, erasure: Erasure) -> None:
        stored(setup, erasure)
        left[0] -= 1
        if not left[0]:
            raise Killed

    monkeypatch.setattr(progress, "store", store)
    erasure = world.erasure(PERSON)
    for killed in range(1, 11):
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


def test_export_has_every_change_and_row_of_related_tables_and_other_keys(world: World) -> None:
    fill(world)
    world.change(9, "c", "orders", buyer=PERSON, item="book")
    world.change(10, "c", "orders", buyer="bob", item="pen")
    commit(world.setup().archive)
    asked = {
        "subject": _built(world.erasure(PERSON))["subjects"][0],
        "related": [{"source": "shop", "database": "market", "table": "orders", "column": "buyer"}],
    }
    erasing.tend(world.setup().snapshots)
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


def _after_grace(world: World) -> dict[str, Any]:
    """The certificate of the run after what was killed can no longer be under way."""
    world.later_s = 2 * GRACE_MS / 1000
    (done,) = WORK["privacy-tend"](world.setup(), {})["erasures"]
    assert done["certificate"], done["waits"]
    return dict(done["certificate"])


def _built(erasure: Erasure) -> Any:
    return msgspec.to_builtins(erasure)
