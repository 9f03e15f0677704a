"""`python -m bench.archive_at_length`: the archive's table at length, in an emulated S3 and Glue.

It archives changes of the demo's marketplace, compacts them while a reader counts ids, and says how
large the table is, how much of it the history of a row reads, and how long a commit takes when
there were many before it.
"""

import argparse
import io
import os
import random
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest import mock

import boto3
import psutil
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench import measured_relay
from bench.changes import BEGAN_MS, DAY_MS, OBJECT, ROWS, ListingChanges
from bench.many_commits import many
from bench.say import Say
from shared.adapters import aws
from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.lake.iceberg.file_io import address
from shared.adapters.landing.s3 import S3Landing
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.committing import Committer
from shared.flows.archive.maintaining import compact
from shared.values import landing_encoding


class LakePlace:
    """An archive of our own."""

    def __init__(self) -> None:
        bucket = f"lake-{uuid.uuid4().hex[:12]}"
        database = bucket.replace("-", "_")
        self.s3 = aws.client("s3", connections=16)
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        boto3.client("glue").create_database(DatabaseInput={"Name": database})
        self.landing, self.lake = S3Landing(self.s3, bucket), IcebergLake(bucket, database)
        self.lake.head()

    def commit(self) -> int:
        now_ms = lambda: int(time.time() * 1000)  # noqa: E731
        return Committer(self.landing, self.lake, now_ms).run(lambda: 900.0).rows

    def opened(self, path: str) -> tuple[pq.FileMetaData, int]:
        """The metadata of a Parquet file, and the bytes of its footer."""
        bucket, key = address(path)
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return pq.read_metadata(io.BytesIO(body)), int.from_bytes(body[-8:-4], "little") + 8


def history_share(place: LakePlace, keys: list[str]) -> list[float]:
    """For each key, the part of the table's bytes that its history reads.

    Footers of the files whose bounds in the manifest hold the key, and the row groups whose
    statistics hold it.
    """
    files = place.lake.files()
    opened = {each.path: place.opened(each.path) for each in files}
    total = sum(each.size for each in files)
    shares = []
    for key in keys:
        read = 0
        for metadata, footer in opened.values():
            column = metadata.schema.names.index("key")
            groups = [metadata.row_group(at) for at in range(metadata.num_row_groups)]
            bounds = [group.column(column).statistics for group in groups]
            hit = [
                group
                for group, found in zip(groups, bounds, strict=True)
                if found.min <= key <= found.max
            ]
            if min(found.min for found in bounds) <= key <= max(found.max for found in bounds):
                read += footer
            read += sum(
                group.column(at).total_compressed_size
                for group in hit
                for at in range(group.num_columns)
            )
        shares.append(read / total)
    return shares


def counting(place: LakePlace, expected: int, ended: threading.Event, counts: list[int]) -> None:
    """Count the ids of the table again and again."""
    while not ended.is_set():
        ids = [batch.column("id") for batch in place.lake.scan(["id"], at=place.lake.head())]
        counts.append(sum(map(len, ids)))
        assert sum(len(pc.unique(each)) for each in ids) == counts[-1] == expected


def large(place: LakePlace, changes: int, say: Say) -> None:
    """A table of so many changes: how fast they are committed, and how large it is."""
    work, busy, done = ListingChanges(), 0.0, 0
    while done < changes:
        for _ in range(0, min(100_000, changes - done), OBJECT):
            messages = work.messages(OBJECT)
            place.landing.put(f"{work.n:012d}.zst", landing_encoding.encode(messages))
        start = time.process_time()
        done += place.commit()
        busy += time.process_time() - start
    peak = psutil.Process().memory_info().rss / 1e6
    say(f"{done:,} changes committed, {done / busy:,.0f} a processor second, {peak:,.0f} MB")
    keys = [f'{{"id":{random.Random(n).randrange(1, ROWS)}}}' for n in range(40)]
    said(place, work, keys, "before", say)
    ended, counts, errors = threading.Event(), list[int](), list[BaseException]()

    def read() -> None:
        try:
            counting(place, done, ended, counts)
        except BaseException as error:  # noqa: BLE001 (raised below)
            errors.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    report, start = Maintained(), time.process_time()
    compact(place.lake, BEGAN_MS + 60 * DAY_MS, lambda: True, report)
    seconds = time.process_time() - start
    ended.set()
    reader.join()
    if errors:
        raise errors[0]
    say(
        f"{report.files} files became {len(place.lake.files())} in {seconds:.0f} processor "
        f"seconds, {psutil.Process().memory_info().rss / 1e6:,.0f} MB; a reader counted "
        f"{len(counts)} times, always {done:,}"
    )
    said(place, work, keys, "compacted", say)


def said(place: LakePlace, work: ListingChanges, keys: list[str], what: str, say: Say) -> None:
    size = sum(each.size for each in place.lake.files())
    shares = history_share(place, keys)
    say(
        f"{what}: {size / 1e6:,.1f} MB, {size / work.lines:.1%} of {work.lines / 1e6:,.0f} MB of "
        f"JSON lines; the history of a row reads {median(shares):.2%}, at most {max(shares):.2%}"
    )


def places() -> Iterator[LakePlace]:
    with (
        tempfile.TemporaryDirectory() as folder,
        measured_relay.emulated(Path(folder)) as environment,
        mock.patch.dict(os.environ, environment),
    ):
        while True:
            yield LakePlace()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.archive_at_length", description=__doc__)
    parser.add_argument("--changes", type=int, default=1_000_000)
    parser.add_argument("--commits", type=int, default=10_000)
    given = parser.parse_args()
    made = places()
    if given.changes:
        large(next(made), given.changes, lambda line: print(line, flush=True))
    if given.commits:
        many(given.commits, lambda line: print(line, flush=True))
    made.close()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
