"""What one commit of the archive takes when there were many before it."""

import json
import time
from statistics import median
from typing import Any, cast
from unittest import mock

import msgspec

from bench.changes import BEGAN_MS, ListingChanges
from bench.memory_aws import MemoryGlue, MemoryS3
from bench.say import Say
from shared.adapters import aws
from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.landing.s3 import S3Landing
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.committing import Committer
from shared.flows.archive.maintaining import compact
from shared.values import landing_encoding
from shared.values.message import Message


def many(commits: int, say: Say) -> None:
    """So many commits of a few changes each, in memory: one a minute by the clock of the changes.

    The hour's maintenance comes after each 60, and keeps the snapshots of the last hour.
    """
    s3, glue = MemoryS3(), MemoryGlue()
    with mock.patch.object(aws, "client", lambda name, **_: glue if name == "glue" else s3):
        landing, lake = S3Landing(cast("Any", s3), "lake"), IcebergLake("lake", "lake")
        lake.head()
        work, seconds, ends = ListingChanges(), list[float](), list[int]()
        for number in range(1, commits + 1):
            now_ms = BEGAN_MS + number * 60_000
            landing.put(
                f"{number:012d}.zst", landing_encoding.encode(_at(now_ms, work.messages(5)))
            )
            requests, moved = s3.requests, s3.read + s3.written
            start = time.process_time()
            Committer(landing, lake, lambda: 0).run(lambda: 900.0)
            seconds.append(time.process_time() - start)
            requests, moved = s3.requests - requests, s3.read + s3.written - moved
            ends.append(int(time.time() * 1000))
            if number in (100, 1_000, 5_000, commits):
                say(
                    f"after {number:,} commits one takes {median(seconds[-50:]):.3f} processor "
                    f"seconds, {requests} requests of {moved / 1e3:,.0f} KB; "
                    f"{len(lake.files())} files, {len(s3.objects):,} objects; {_metadata(s3)}"
                )
            if number % 60 == 0:
                compact(lake, now_ms, lambda: True, Maintained())
                lake.expire(ends[-60])
                lake.vacuum(ends[-min(number, 1_440)])


def _metadata(s3: MemoryS3) -> str:
    """What the table's metadata has: its newest file, and the manifests of its newest snapshot."""
    ends = {key: body for (_, key), (body, _) in s3.objects.items() if key.endswith(".json")}
    newest = ends[max(ends, key=lambda key: key.rpartition("/")[2])]
    held = json.loads(newest)
    manifests = sum(key.endswith("-m0.avro") for _, key in s3.objects)
    return (
        f"metadata of {len(newest) / 1e3:,.0f} KB with {len(held['snapshots'])} snapshots, "
        f"{manifests} manifests"
    )


def _at(at_ms: int, messages: list[Message]) -> list[Message]:
    """The same messages, with changes that were committed at this time, Unix ms."""
    return [
        msgspec.structs.replace(
            one, changes=[msgspec.structs.replace(each, ts_ms=at_ms) for each in one.changes]
        )
        for one in messages
    ]
