"""Maintenance on real Iceberg files, in the emulated S3 and Glue."""

import io
import threading
import time

import boto3
import pyarrow.parquet as pq
import pytest

from shared.adapters.lake.changes_columns import MEASURED
from shared.adapters.lake.iceberg import referenced_files
from shared.adapters.lake.iceberg.file_io import address
from shared.domain.archive_ledger import Ledger, Span
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.auditing import audit
from shared.flows.archive.change_retention import drop_old
from shared.flows.archive.committing import commit
from shared.flows.archive.maintaining import compact, maintain
from shared.flows.archive.numbers_given_up import give_up
from tests.integration.archive.conftest import ArchivePlace
from tests.tier import TIER
from tests.worlds.archive_world import BEGAN_MS, EPOCH, STREAM, land
from tests.worlds.twins.state import memory_state

LATER_MS = BEGAN_MS + 60 * 86_400_000


def objects(place: ArchivePlace) -> set[str]:
    pages = boto3.client("s3").get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=place.bucket, Prefix="lake/")
    return {
        f"s3://{place.bucket}/{each['Key']}" for page in found for each in page.get("Contents", [])
    }


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_rewrites_race_with_commits_and_readers_see_every_change_once(place: ArchivePlace) -> None:
    rounds = 12 if TIER.name == "normal" else 100
    problems: list[BaseException] = []
    ended = threading.Event()

    def write() -> None:
        try:
            for number in range(rounds):
                land(place.landing, range(number * 100 + 1, number * 100 + 101))
                commit(setup("committer"))
        except BaseException as error:  # noqa: BLE001 (shown by the test)
            problems.append(error)
        finally:
            ended.set()

    def rewrite() -> None:
        try:
            while not ended.is_set():
                done.append(maintain(setup("rewriter")).rewrites)
        except BaseException as error:  # noqa: BLE001 (shown by the test)
            problems.append(error)

    state, done = memory_state(), list[int]()

    def setup(holder: str) -> ArchiveSetup:
        parts = (place.landing, place.landing, place.lake, state, (STREAM,), 0, holder)
        return ArchiveSetup(*parts, lambda: 900.0, time.time)

    threads = [threading.Thread(target=each) for each in (write, rewrite)]
    for thread in threads:
        thread.start()
    lake, reads = place.lake, 0
    while not ended.is_set():
        head = lake.head()
        if not head.snapshot:
            continue
        ids = [id for batch in lake.scan(["id"], at=head) for id in batch.column("id").to_pylist()]
        assert len(ids) == len(set(ids)) == Ledger.decode(head.ledger).count()
        reads += 1
    for thread in threads:
        thread.join()
    assert not problems
    place.committer.run(lambda: 300)
    assert sum(done) > 0
    assert reads > 0
    (found,) = audit(place.lake, memory_state(), (STREAM,))
    assert (found.complete, found.rows) == (True, rounds * 100)


def test_a_vacuum_removes_exactly_what_nothing_refers_to(place: ArchivePlace) -> None:
    for number in range(5):
        land(place.landing, range(number * 100 + 1, number * 100 + 101))
        place.committer.run(lambda: 300)
    compact(place.lake, LATER_MS, lambda: True, Maintained())
    boto3.client("s3").put_object(Bucket=place.bucket, Key="lake/data/left.parquet", Body=b"x")
    soon = int(time.time() * 1000) + 3_600_000
    assert place.lake.vacuum(soon - 7_200_000).objects == 0  # all of it is young
    assert place.lake.expire(soon) == 5
    removed = place.lake.vacuum(soon)
    assert removed.objects > 10
    lake = place.lake
    needed = {each for each in referenced_files.locations(lake._load()) if each}
    assert objects(place) == needed & objects(place)
    assert f"s3://{place.bucket}/lake/data/left.parquet" not in objects(place)
    (found,) = audit(place.lake, memory_state(), (STREAM,))
    assert (found.complete, found.rows, len(place.lake.files())) == (True, 500, 1)
    assert place.lake.expire(soon) == 0


def test_old_files_are_dropped_with_their_numbers(place: ArchivePlace) -> None:
    for numbers in (range(1, 101), range(101, 201)):
        land(place.landing, numbers)
        place.committer.run(lambda: 300)
    done = Maintained()
    drop_old(place.lake, BEGAN_MS + 101, done)
    assert done.dropped == 100
    ledger = Ledger.decode(place.lake.head().ledger)
    assert list(ledger.held((STREAM, EPOCH))) == list(range(101, 201))
    land(place.landing, range(1, 201))
    again = place.committer.run(lambda: 300)
    assert (again.rows, again.duplicates) == (0, 200)


def test_giving_up_commits_a_ledger_without_rows(place: ArchivePlace) -> None:
    land(place.landing, [*range(1, 50), *range(52, 101)])
    place.committer.run(lambda: 300)
    assert give_up(place.lake, [Span(STREAM, EPOCH, 50, 51)]) == 2
    (found,) = audit(place.lake, memory_state(), (STREAM,))
    assert (found.complete, found.through, found.rows) == (True, 100, 98)


def test_a_footer_holds_values_of_the_key_and_the_number_only(place: ArchivePlace) -> None:
    """Others would be personal data, and most of what a reader of one row reads."""
    for numbers in (range(1, 101), range(101, 201)):
        land(place.landing, numbers)
        place.committer.run(lambda: 300)
    for compacted in (False, True):
        if compacted:
            compact(place.lake, LATER_MS, lambda: True, Maintained())
        for file in place.lake.files():
            bucket, key = address(file.path)
            body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
            group = pq.read_metadata(io.BytesIO(body)).row_group(0)
            columns = [group.column(at) for at in range(group.num_columns)]
            assert {one.path_in_schema for one in columns if one.is_stats_set} == set(MEASURED)
