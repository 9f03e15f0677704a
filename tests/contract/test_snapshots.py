"""Snapshots (long: two contracts): the twins, and S3 with a real Iceberg table, obey the same."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import msgspec
import pyarrow as pa
import pytest
from moto import mock_aws

from shared.adapters.snapshots.contract import SnapshotStore, SnapshotTable
from shared.adapters.snapshots.iceberg import IcebergSnapshots
from shared.adapters.snapshots.infrequent_access import LEAST_BYTES
from shared.adapters.snapshots.s3 import S3Snapshots
from shared.flows.snapshots.tending import rows_of
from shared.values.compression import zstd
from shared.values.errors import StackError
from shared.values.seq import make_seq
from shared.values.snapshot import (
    Readout,
    Snapshot,
    SnapshotOfTable,
    SnapshotPart,
    Texts,
    decode_part,
)
from tests.worlds.twins.snapshots import MemorySnapshotStore, MemorySnapshotTable

BUCKET, DATABASE = "archive", "kept"
LATER_MS = int(time.time() * 1000) + 3_600_000


@dataclass
class Kept:
    """Store and table of one stage. other: for another process."""

    store: SnapshotStore
    table: SnapshotTable

    def other(self) -> SnapshotTable:
        if isinstance(self.table, MemorySnapshotTable):
            return self.table
        return IcebergSnapshots(BUCKET, DATABASE)


@pytest.fixture(params=["memory", "aws"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    if request.param == "memory":
        yield Kept(MemorySnapshotStore(), MemorySnapshotTable())
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # a stack's tests leave theirs
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        boto3.client("glue").create_database(DatabaseInput={"Name": DATABASE})
        yield Kept(S3Snapshots(boto3.client("s3"), BUCKET), IcebergSnapshots(BUCKET, DATABASE))


def part(*keys: int, table: str = "items", text: str = "x") -> SnapshotPart:
    texts = Texts.of([f'{{"id":{key}}}'.encode() for key in keys])
    rows = Texts.of([f'{{"id":{key},"text":"{text}"}}'.encode() for key in keys])
    seq = make_seq(900_000_000, 7)
    return SnapshotPart("shop", "shop", "shop", table, 2, seq, 1000, texts, rows)


def rows(id: str, *keys: int, text: str = "x") -> pa.Table:
    return rows_of(id, part(*keys, text=text))


def keys_of(table: SnapshotTable, id: str, name: str = "shop.items") -> list[str]:
    found = [batch.column(0).to_pylist() for batch in table.rows(id, name, ["key"])]
    return [key for some in found for key in some]


def test_rows_are_read_between_keys(kept: Kept) -> None:
    kept.table.add("between", "shop.items", 0, 0, rows("between", 1, 2, 3, 4))

    def found(low: str, high: str) -> list[str]:
        batches = kept.table.rows("between", "shop.items", ["after"], low=low, high=high)
        return [text[6] for batch in batches for text in batch.column(0).to_pylist()]

    assert found('{"id":2}', '{"id":4}') == ["2", "3"]
    assert found('{"id":3}', "") == ["3", "4"]
    assert found("", '{"id":2}') == ["1"]
    assert found("{'", "") == []


def snapshot(id: str, **changed: Any) -> Snapshot:
    held = {"shop.items": SnapshotOfTable("shop", 2, 5, 9, (2,))}
    return Snapshot(id, "shop", "server", 1, 2, 3, held, (), **changed)


def test_a_part_is_read_as_it_was_written_and_by_the_token_of_its_writer(kept: Kept) -> None:
    store = kept.store
    store.put_part("a", "shop.odd/na me", 0, 1, part(1))
    store.put_part("a", "shop.odd/na me", 0, 2, part(2))
    assert store.part("a", "shop.odd/na me", 0, 1) == part(1)
    assert store.part("a", "shop.odd/na me", 0, 2) == part(2)
    with pytest.raises(StackError):
        store.part("a", "shop.odd/na me", 0, 3)


def test_a_part_of_a_former_version_is_read_after_an_upgrade() -> None:
    now = part(1, 2)
    fields = [getattr(now, name) for name in SnapshotPart.__struct_fields__[:-2]]
    former = msgspec.msgpack.encode([*fields, list(now.keys), list(now.rows)])
    assert decode_part(zstd.compress(former)) == now
    assert list(now.keys) == ['{"id":1}', '{"id":2}']
    with pytest.raises(ValueError, match="Expected"):
        decode_part(zstd.compress(msgspec.msgpack.encode([*fields, [1], list(now.rows)])))


def test_readouts_wait_until_they_are_done(kept: Kept) -> None:
    store = kept.store
    first, second = (Readout(id, "shop", "server", 1, 2, {}) for id in ("a", "b"))
    store.put_part("a", "shop.items", 0, 1, part(1))
    store.put_part("b", "shop.items", 0, 1, part(2))
    store.put_readout(second)
    store.put_readout(first)
    assert store.readouts() == [first, second]
    store.done(first)
    store.done(first)
    assert store.readouts() == [second]
    assert store.part("b", "shop.items", 0, 1) == part(2)
    with pytest.raises(StackError):
        store.part("a", "shop.items", 0, 1)


def test_a_manifest_is_replaced_and_removed(kept: Kept) -> None:
    store = kept.store
    assert store.get("a") is None
    store.put(snapshot("b"))
    store.put(snapshot("a"))
    assert store.all() == [snapshot("a"), snapshot("b")]
    store.put(snapshot("a", left_out={"shop.more": "why"}))
    assert store.get("a") == snapshot("a", left_out={"shop.more": "why"})
    assert [each.id for each in store.after("")] == ["a", "b"]
    assert [each.id for each in store.after("a")] == ["b"]
    store.remove("a")
    store.remove("a")
    assert store.all() == [snapshot("b")]


def test_rows_are_committed_once_and_read_in_order_of_their_parts(kept: Kept) -> None:
    table = kept.table
    assert table.packed("a") == []
    assert table.ids() == set()
    table.add("a", "shop.items", 1, 1, rows("a", 3, 4))
    table.add("a", "shop.items", 0, 0, rows("a", 1, 2))
    table.add("a", "shop.items", 0, 0, rows("a", 1, 2))
    kept.other().add("a", "shop.items", 0, 0, rows("a", 1, 2))
    table.add("b", "shop.items", 0, 0, rows("b", 9))
    assert keys_of(kept.other(), "a") == [f'{{"id":{key}}}' for key in (1, 2, 3, 4)]
    assert keys_of(table, "b") == ['{"id":9}']
    assert keys_of(table, "a", "shop.more") == []
    spans = sorted(
        (each.table, each.first, each.last, each.file.rows) for each in table.packed("a")
    )
    assert spans == [("shop.items", 0, 0, 2), ("shop.items", 1, 1, 2)]
    assert table.ids() == {"a", "b"}
    (batch,) = table.rows("b", "shop.items", ["epoch", "n", "after", "schema_version"])
    assert batch.to_pylist() == [
        {"epoch": 900_000_000, "n": 7, "after": '{"id":9,"text":"x"}', "schema_version": 2}
    ]


def test_dropping_a_snapshot_leaves_the_others(kept: Kept) -> None:
    table = kept.table
    for id in ("a", "b", "c"):
        table.add(id, "shop.items", 0, 0, rows(id, 1))
    assert table.drop(["a", "c", "none"]) == 2
    assert table.drop(["a"]) == 0
    assert table.ids() == {"b"}
    assert keys_of(table, "b") == ['{"id":1}']


def test_a_file_has_the_checksum_that_was_noted_until_it_is_gone(kept: Kept) -> None:
    table = kept.table
    table.add("a", "shop.items", 0, 0, rows("a", 1))
    (held,) = table.packed("a")
    assert table.sha256(held.file.path) == table.noted_sha256(held.file.path) != ""
    table.drop(["a"])
    table.tidy(LATER_MS, LATER_MS)
    assert table.sha256(held.file.path) == ""


def test_tidying_leaves_what_is_of_the_table(kept: Kept) -> None:
    table = kept.table
    table.add("a", "shop.items", 0, 0, rows("a", 1))
    table.add("b", "shop.items", 0, 0, rows("b", 1))
    table.drop(["b"])
    assert table.tidy(0, 0) == 0
    table.tidy(LATER_MS, LATER_MS)
    assert table.tidy(LATER_MS, LATER_MS) == 0
    assert keys_of(kept.other(), "a") == ['{"id":1}']
    table.add("c", "shop.items", 0, 0, rows("c", 2))
    assert table.ids() == {"a", "c"}


@pytest.mark.parametrize("kept", ["aws"], indirect=True)
def test_large_files_are_in_infrequent_access_and_changed_bytes_are_seen(kept: Kept) -> None:
    text = "".join(chr(97 + (number * 7919) % 26) for number in range(LEAST_BYTES // 100))
    many = [f"{number:x}{text}" for number in range(2_000)]
    large = pa.concat_tables([rows("a", key, text=each) for key, each in enumerate(many)])
    kept.table.add("a", "shop.items", 0, 0, large)
    kept.table.add("b", "shop.items", 0, 0, rows("b", 1))
    s3 = boto3.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    found = {each["Key"]: each for each in listed}
    for each in found.values():
        data = each["Key"].endswith(".parquet") and each["Size"] >= LEAST_BYTES
        assert (each["StorageClass"] == "STANDARD_IA") == data, each["Key"]
    (small,) = kept.table.packed("b")
    key = small.file.path.partition(f"{BUCKET}/")[2]
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=body[:-1] + b"?", Metadata={"sha256": "noted"})
    assert kept.table.sha256(small.file.path) != kept.table.noted_sha256(small.file.path)


def test_an_erased_row_is_gone_from_every_snapshot_and_the_others_stay(kept: Kept) -> None:
    table = kept.table
    table.add("a", "shop.items", 0, 0, rows("a", 1, 2))
    table.add("a", "shop.items", 1, 1, rows("a", 3))
    table.add("a", "shop.more", 0, 0, rows_of("a", part(1, table="more")))
    table.add("b", "shop.items", 0, 0, rows("b", 1))
    assert table.erase("shop", "shop.items", ['{"id":1}']) == 2
    assert table.erase("shop", "shop.items", ['{"id":1}']) == 0
    assert keys_of(kept.other(), "a") == ['{"id":2}', '{"id":3}']
    assert keys_of(table, "b") == []
    assert keys_of(table, "a", "shop.more") == ['{"id":1}']
    assert table.ids() == {"a"}
    for held in table.packed("a"):
        assert table.sha256(held.file.path) == table.noted_sha256(held.file.path) != ""
    assert sum(held.file.rows for held in table.packed("a")) == 3
    assert not table.unreferenced()


def test_a_part_that_waits_is_listed_and_removed(kept: Kept) -> None:
    kept.store.put_part("a", "shop.items", 0, 1, part(1))
    kept.store.put_part("b", "shop.items", 0, 1, part(2))
    names = {id: name for id, name, _ in kept.store.parts()}
    assert {id: held for id, _, held in kept.store.parts()} == {"a": part(1), "b": part(2)}
    for _ in range(2):
        kept.store.remove_part(names["a"])
    assert [id for id, _, _ in kept.store.parts()] == ["b"]
