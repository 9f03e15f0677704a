"""A snapshot beside an unbuffered cursor whose rows PyArrow writes as Parquet, on one MariaDB.

Both sides are processes of their own. The snapshot runs as the two functions run it: the jobs
function reads parts, and the archive's function makes the files of the table. The plain side reads
the same table with pymysql's SSCursor, and writes typed columns to one file with the same
compression. A real relay keeps the checkpoint; the table's rows are not in the binlog.
"""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import boto3

from bench import measured_relay
from bench.binlog_workload import DATABASE, TABLE, fill
from bench.say import Say
from local.servers.database_server import DatabaseServer
from shared.adapters.state.dynamodb import open_state
from shared.values import source_endpoint
from shared.values.settings import ConsumerSettings, SourceSettings, TableSettings

NAME = f"{DATABASE}.{TABLE}"
CONSUMER = ConsumerSettings("archiveBench", "bench", (NAME,), {"kind": "archive"}, marks=False)
SOURCE = SourceSettings("bench", "none", {NAME: TableSettings()})
BATCH = 20_000


def figures(
    server: DatabaseServer,
    environment: dict[str, str],
    folder: Path,
    rows: int,
    times: int,
    say: Say,
) -> dict[str, float]:
    """Every figure by its name. rows: of the table. times: how often each side reads it."""
    say(f"snapshot: filling a table with {rows:,} rows")
    fill(server, rows)
    place, seen = measured_relay.RelayingPlace(server, environment), measured_relay.Seen()
    bucket = f"bench-{uuid.uuid4().hex[:12]}"
    with mock.patch.dict(os.environ, environment):
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        boto3.client("glue").create_database(DatabaseInput={"Name": bucket.replace("-", "_")})
        words = {
            "url": server.reader_url,
            "bucket": bucket,
            "state": place.state_table,
            "file": str(folder / "plain.parquet"),
        }
        sides: dict[str, list[dict[str, float]]] = {"read": [], "pack": [], "plain": []}
        with measured_relay.running(place.job("snapshot", seen, place.position(), table=NAME)):
            for number in range(times):
                for side, done in sides.items():
                    say(f"snapshot: {side}, {number + 1} of {times}")
                    done.append(_run(side, words, rows))
    read, pack, plain = (
        {name: median(each[name] for each in done) for name in ("seconds", "cpu", "peak_mb")}
        for done in sides.values()
    )
    whole = read["seconds"] + pack["seconds"]
    return {
        "snapshot_rows_per_second": rows / whole,
        "snapshot_read_rows_per_second": rows / read["seconds"],
        "plain_rows_per_second": rows / plain["seconds"],
        "snapshot_read_to_plain": plain["seconds"] / read["seconds"],
        "snapshot_to_plain": plain["seconds"] / whole,
        "snapshot_cpu_to_plain": plain["cpu"] / (read["cpu"] + pack["cpu"]),
        "snapshot_peak_mb": max(read["peak_mb"], pack["peak_mb"]),
        "plain_peak_mb": plain["peak_mb"],
    }


def _run(side: str, words: dict[str, str], rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.snapshotting", side, json.dumps(words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        raise RuntimeError(f"{side}: {done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if found.pop("rows") != rows:
        raise RuntimeError(f"{side}: other than {rows} rows")
    return found


def _read(words: dict[str, str]) -> Callable[[], int]:
    """The work of the jobs function."""
    from shared.adapters import aws
    from shared.adapters.database.sql import SqlDatabase
    from shared.adapters.snapshots.s3 import S3Snapshots
    from shared.flows.jobs.job_setup import JobSetup
    from shared.flows.snapshots.creating import Creating

    unused: Any = None
    setup = JobSetup(
        CONSUMER,
        SOURCE,
        SqlDatabase(source_endpoint.parse(words["url"])),
        open_state(aws.client("dynamodb"), words["state"]),
        claims=unused,
        queue=unused,
        sink=unused,
        snapshots=S3Snapshots(aws.client("s3"), words["bucket"]),
    )
    return lambda: Creating(setup).run([NAME]).rows


def _pack(words: dict[str, str]) -> Callable[[], int]:
    """The work of the archive's function."""
    from shared.adapters import aws
    from shared.adapters.snapshots.iceberg import IcebergSnapshots
    from shared.adapters.snapshots.s3 import S3Snapshots
    from shared.flows.snapshots.snapshot_setup import SnapshotSetup
    from shared.flows.snapshots.tending import tend

    bucket = words["bucket"]
    setup = SnapshotSetup(
        S3Snapshots(aws.client("s3"), bucket),
        IcebergSnapshots(bucket, bucket.replace("-", "_")),
        open_state(aws.client("dynamodb"), words["state"]).leases,
        35,
        "bench",
        lambda: 900.0,
    )
    return lambda: tend(setup).rows


def _plain(words: dict[str, str]) -> Callable[[], int]:
    """What it is compared with."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pymysql
    from pymysql.cursors import SSCursor

    at, text = source_endpoint.parse(words["url"]), pa.string()
    types = {
        "id": pa.uint64(),
        "seller_id": pa.uint32(),
        "title": text,
        "description": text,
        "price": pa.decimal128(10, 2),
        "currency": text,
        "status": text,
        "views": pa.int32(),
        "rating": pa.float64(),
        "sold_at": pa.timestamp("us"),
        "updated_at": pa.timestamp("us"),
        "attributes": text,
    }
    schema = pa.schema(types.items())

    def work() -> int:
        total = 0
        connection = pymysql.connect(
            host=at.host, port=at.port, user=at.user, password=at.password, charset="utf8mb4"
        )
        with (
            connection.cursor(SSCursor) as cursor,
            pq.ParquetWriter(
                words["file"], schema, compression="zstd", compression_level=3
            ) as file,
        ):
            cursor.execute(f"SELECT {', '.join(types)} FROM {NAME}")
            while found := cursor.fetchmany(BATCH):
                columns = [
                    pa.array(column, field.type)
                    for column, field in zip(zip(*found, strict=True), schema, strict=True)
                ]
                file.write_table(pa.Table.from_arrays(columns, schema=schema))
                total += len(found)
        return total

    return work


def _peak_mb() -> float:
    """The largest resident memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sides: dict[str, Callable[[dict[str, str]], Callable[[], int]]] = {
        "read": _read,
        "pack": _pack,
        "plain": _plain,
    }
    work = sides[sys.argv[1]](json.loads(sys.argv[2]))
    began, cpu = time.monotonic(), time.process_time()
    rows = work()
    figures_of = {
        "rows": rows,
        "seconds": time.monotonic() - began,
        "cpu": time.process_time() - cpu,
        "peak_mb": _peak_mb(),
    }
    print(json.dumps(figures_of))
