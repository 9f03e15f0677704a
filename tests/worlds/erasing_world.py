"""Erasing world: a person's rows among others in everything that a stage keeps, on real formats."""

import json
import time
import zlib
from collections.abc import Iterator
from dataclasses import fields
from hashlib import blake2b
from typing import Any

import boto3
import msgspec

from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.landing.s3 import HEALING, S3Landing
from shared.adapters.objects.s3_folder import S3Folder
from shared.adapters.snapshots.iceberg import IcebergSnapshots
from shared.adapters.snapshots.s3 import S3Snapshots
from shared.adapters.versions.s3 import S3FormerVersions
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.committing import commit
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.remaining import UNREADABLE_FOLDERS
from shared.flows.relay.failover.journal import JournalPage, Touched, encode_page
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values import landing_encoding
from shared.values.archive_pages import Choice, TableName
from shared.values.change import Change, Transaction
from shared.values.checkpoint import Checkpoint
from shared.values.difference import Difference
from shared.values.erasure import Erasure, Subject
from shared.values.group_in_hand import GroupInHand
from shared.values.index_pair import IndexPair
from shared.values.job import BackfillWork, CutoverWork, Job, TableFill, VerifyWork
from shared.values.lineage import Lineage
from shared.values.message import Message
from shared.values.parked_change import ParkedChange
from shared.values.position import Position
from shared.values.replay_work import ReplayWork
from shared.values.sent_chunk import SentChunk
from shared.values.seq import make_seq
from shared.values.settings import ConsumerSettings
from shared.values.snapshot import Readout, SnapshotPart, Texts
from shared.values.snapshot_work import TableRead
from tests.worlds.byte_scan import SoughtValues
from tests.worlds.twins.state import memory_state

ARCHIVE, CLAIMS, DATABASE = "archive", "claims", "kept"
EPOCH = 900_000_000
SECRET = "Ada-Lovelace-1815"
PERSON = "ada@example.com"
CONSUMERS = {
    "search": ConsumerSettings("search", "shop", ("market.*",), {"kind": "elasticsearch"}),
    "archiveShop": ConsumerSettings("archiveShop", "shop", ("market.*",), {"kind": "archive"}),
}


class ErasingWorld:
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

    def folder(self, bucket: str, name: str) -> S3Folder:
        return S3Folder(self.s3, bucket, f"{name}/")

    def setup(self, left: float = 900.0) -> PrivacySetup:
        clock = lambda: time.time() + self.later_s  # noqa: E731
        landing, healing = S3Landing(self.s3, ARCHIVE), S3Folder(self.s3, ARCHIVE, HEALING)
        parts = (landing, healing, self.lake, self.state, ("shop",), 0, "run")
        own = SnapshotSetup(
            self.store, self.table, self.state.leases, 35, "run", lambda: left, clock
        )
        names = ("erasing", "erased", "results", *UNREADABLE_FOLDERS)
        objects = {name: self.folder(ARCHIVE, name) for name in names}
        claims = ("rows", "claims", "parked", "dropped")
        return PrivacySetup(
            ArchiveSetup(*parts, lambda: left, clock, lambda _: None),
            own,
            objects["erasing"],
            objects["erased"],
            {**objects, **{name: self.folder(CLAIMS, name) for name in claims}},
            CONSUMERS,
            [S3FormerVersions(self.s3, each) for each in (ARCHIVE, CLAIMS)],
        )

    def change(self, key: Any, op: str, table: str = "people", **row: Any) -> None:
        self.n += 1
        after = None if op == "d" else {"id": key, **row}
        before = {"id": key, **row} if op == "d" else None
        tx = Transaction(f"bin:{self.n}", 0, True)
        seq = make_seq(EPOCH, self.n)
        made = Change(f"tx-{self.n}", seq, op, 1000 + self.n, {"id": key}, before, after, tx)  # type: ignore[arg-type]
        message = Message("shop", "shop", "market", table, 1, f"{table}-0", None, [made])
        name = landing_encoding.name_of([("shop", made)])
        S3Landing(self.s3, ARCHIVE).put(name, landing_encoding.encode([message]))

    def snapshot(self, id: str, **rows: str) -> None:
        keys = [json.dumps({"id": key}, separators=(",", ":")) for key in rows]
        texts = [json.dumps({"id": key, "name": name}) for key, name in rows.items()]
        held = [Texts.of([each.encode() for each in some]) for some in (keys, texts)]
        part = SnapshotPart("shop", "shop", "market", "people", 1, make_seq(EPOCH, 1), 1, *held)
        self.store.put_part(id, "market.people", 0, 1, part)
        now_ms = int(time.time() * 1000)
        read = TableRead("", len(rows), 1, ((1, 1),), "shop", 1, 2, True)
        self.store.put_readout(Readout(id, "shop", "s", 1, now_ms, {"market.people": read}))

    def journal(self, number: int, *keys: str) -> None:
        """A page of the relay's, in which a transaction touched these rows."""
        rows = [Touched(0, 0, [msgspec.Raw(json.dumps(key).encode())]) for key in keys]
        page = JournalPage(number, "s", Position(), [], [("market.people", ["id"])], [("g", rows)])
        self.folder(CLAIMS, "claims").put(f"shop/journal/{number:03}", encode_page(page))

    def relayed(self, n: int) -> None:
        """The relay has published, and noted in its journal, everything up to a number."""
        lease, _ = self.state.streams.load("shop")
        lease = lease if lease.token else self.state.streams.acquire("shop", lease, "relay")  # type: ignore[assignment]
        point = Checkpoint(Position(), make_seq(EPOCH, n), EPOCH, Lineage("s"), "{}")
        self.state.streams.renew("shop", lease, point)

    def objects(self) -> Iterator[tuple[str, bytes]]:
        """Every version of every object."""
        for bucket in (ARCHIVE, CLAIMS):
            pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=bucket)
            for each in (one for page in pages for one in page.get("Versions", [])):
                known = each["VersionId"] not in (None, "null")
                version = {"VersionId": each["VersionId"]} if known else {}
                got = self.s3.get_object(Bucket=bucket, Key=each["Key"], **version)
                yield f"s3://{bucket}/{each['Key']}", got["Body"].read()

    def holding(self, *values: str) -> list[str]:
        """Every object in which one of these values is, as bytes or decoded, and the state."""
        wanted = SoughtValues(*values)
        found = [place for place, body in self.objects() if wanted.within(body)]
        return found + [name for name, text in self.stored() if wanted.within(text)]

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Everything that the state's stores hold."""
        for each in fields(self.state):
            yield f"state:{each.name}", repr(vars(getattr(self.state, each.name))).encode()

    def erasure(self, *keys: str) -> Erasure:
        texts = tuple(json.dumps({"id": key}, separators=(",", ":")) for key in keys)
        return Erasure("20261127-1", "ann", 1, (Subject("shop", "market", "people", texts),))


def fill(world: ErasingWorld) -> None:
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
    world.journal(1, PERSON, "bob")
    world.journal(2, "carl", PERSON)
    world.journal(3, "carl")
    claims["claims"].put(f"shop/lost-{EPOCH}", zlib.compress(json.dumps([PERSON]).encode()))
    jobs_that_are_over(world)


STORES = ("parked", "jobs", "groups_in_hand", "deletions", "reports")


def jobs_that_are_over(world: ErasingWorld) -> None:
    """Of each kind that names the person, and one that is of others."""
    state, name = world.state, "market.people"
    cursor = json.dumps([PERSON])
    window = Choice("shop", (TableName("market", "people"),), 0, 1, (f'{{"id":"{PERSON}"}}',))
    listed = (Difference(name, PERSON, "extra"), Difference(name, "bob", "extra"))
    for number, work in enumerate(
        (
            BackfillWork({name: TableFill(cursor, chunks=(SentChunk(cursor, Position(), "s"),))}),
            VerifyWork((name,), listed=listed, reasons={f"Refused: {PERSON}": 1}),
            ReplayWork(msgspec.structs.replace(window, where=f"name='{SECRET}'"), 1.0, low=cursor),
            VerifyWork((name,), listed=listed[1:]),
            CutoverWork("finish", pairs={"people": IndexPair("people", "people-2", "people-1")}),
        )
    ):
        job = Job(f"j{number}", "search", work)
        state.jobs.begin(job)
        taken = state.jobs.take(job, "somebody")
        assert taken
        state.jobs.end(msgspec.structs.replace(taken, state="done", outcome="5 rows"))
    state.deletions.record("search", "j0", {f"people/{PERSON}": 5})  # killed while it ended
    state.reports.save("search", {"listed": [], "reasons": {SECRET: 2}})
    state.groups_in_hand.begin(
        "search", {"people-0": GroupInHand(f'r/j0.1/{name}/["{PERSON}"]', 1, "v")}
    )
