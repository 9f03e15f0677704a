"""The archive's committer beside a plain write of the same rows by PyArrow, in one emulated S3.

Both are measured in processor time of their own: a function of 2 GB has a little more than one
processor. Source: Lambda developer guide, "Configure Lambda function memory".

The committer starts from landing objects. The plain write is given the finished Arrow table: it
writes one Parquet file with the same compression, and puts it.
"""

import io
import os
import time
import uuid
from pathlib import Path
from statistics import median
from unittest import mock

import boto3
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from bench import measured_relay
from bench.consuming import row
from bench.say import Say
from shared.adapters import aws
from shared.adapters.lake.changes_columns import ARROW
from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.landing.s3 import S3Landing
from shared.flows.archive.committing import Committer
from shared.values import landing_encoding
from shared.values.change import Change, Transaction
from shared.values.message import Message
from shared.values.seq import make_seq

STREAM, EPOCH, BEGAN_MS = "shop", 900_000_000, 1_790_000_000_000
OBJECT = 500
"""Changes of a landing object: ten messages of fifty."""


def figures(folder: Path, changes: int, times: int, say: Say) -> dict[str, float]:
    """Every figure by its name.

    changes: how many are committed. times: how often; the median counts.
    """
    with measured_relay.emulated(folder) as environment, mock.patch.dict(os.environ, environment):
        rates, plain = [], []
        for number in range(times):
            say(f"archive: {changes:,} changes into a table, {number + 1} of {times}")
            rate, rows = _committed(changes)
            rates.append(rate)
            plain.append(_written(rows))
    return {
        "archive_changes_per_cpu_second": median(rates),
        "archive_to_plain_write": median(rates) / median(plain),
        "archive_peak_mb": psutil.Process().memory_info().rss / 1e6,
    }


def _committed(changes: int) -> tuple[float, pa.Table]:
    """Changes a processor second of one run of the committer, and the rows of its table."""
    bucket = f"bench-{uuid.uuid4().hex[:12]}"
    database = bucket.replace("-", "_")
    boto3.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("glue").create_database(DatabaseInput={"Name": database})
    landing, lake = S3Landing(aws.client("s3"), bucket), IcebergLake(bucket, database)
    for start in range(1, changes + 1, OBJECT):
        body = landing_encoding.encode(
            [_message(range(start, min(changes, start + OBJECT - 1) + 1))]
        )
        landing.put(f"{start:012d}.zst", body)
    lake.head()
    began = time.process_time()
    done = Committer(landing, lake, lambda: int(time.time() * 1000)).run(lambda: 900.0)
    seconds = time.process_time() - began
    if done.rows != changes:
        raise RuntimeError(f"{done.rows} of {changes} changes were committed")
    batches = list(lake.scan(ARROW.names))
    return changes / seconds, pa.Table.from_batches(batches)


def _written(rows: pa.Table) -> float:
    """Rows a processor second of a plain write."""
    bucket, client = f"plain-{uuid.uuid4().hex[:12]}", aws.client("s3")
    boto3.client("s3").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    began = time.process_time()
    file = io.BytesIO()
    pq.write_table(rows, file, compression="zstd", compression_level=1, row_group_size=5_000)
    client.put_object(Bucket=bucket, Key="plain.parquet", Body=file.getvalue())
    return float(rows.num_rows / (time.process_time() - began))


def _message(numbers: range) -> Message:
    changes = [
        Change(
            f"tx-{n}",
            make_seq(EPOCH, n),
            "u",
            BEGAN_MS + n,
            {"id": n % 20_000},
            row(n % 20_000),
            row(n),
            Transaction(f"bin.000001:{n}", 0, True),
        )
        for n in numbers
    ]
    return Message(STREAM, STREAM, "bench", "listings", 1, f"g{numbers.start}", None, changes)
