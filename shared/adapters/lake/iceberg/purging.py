"""Purging: removes what only former snapshots of a table refer to, at once.

A vacuum waits for a day, because an object that nothing refers to may be one that a run is about to
commit. What a former snapshot refers to is none of these: a run that still builds on it is
overtaken.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pyiceberg.table import Table

from shared.adapters.lake.iceberg import reachable
from shared.adapters.lake.iceberg.file_io import address
from shared.adapters.objects.s3_deletion import delete_objects


def purge(load: Callable[[], Table], s3: Any) -> int:
    """Expire every snapshot but the present one; returns how many objects were removed."""
    table = load()
    before = reachable.locations(table)
    expire(table, float("inf"))
    gone = sorted(each for each in before - reachable.locations(load()) if each)
    return delete(s3, map(address, gone))


class Unused(NamedTuple):
    """An object that nothing refers to; at_ms: when it was written, Unix ms."""

    bucket: str
    key: str
    size: int
    at_ms: int


def unreferenced(load: Callable[[], Table], s3: Any, bucket: str, prefix: str) -> list[Unused]:
    """The objects below a prefix that nothing refers to.

    The list comes first: what is committed after it is younger.
    """
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    listed = [
        Unused(bucket, each["Key"], each["Size"], int(each["LastModified"].timestamp() * 1000))
        for page in pages
        for each in page.get("Contents", [])
    ]
    needed = reachable.locations(load())
    return [each for each in listed if f"s3://{bucket}/{each.key}" not in needed]


def vacuum(
    load: Callable[[], Table], s3: Any, bucket: str, prefix: str, before_ms: int
) -> list[Unused]:
    """Delete the objects that nothing refers to and that were written before this (Unix ms)."""
    found = unreferenced(load, s3, bucket, prefix)
    gone = [each for each in found if each.at_ms < before_ms]
    delete(s3, ((each.bucket, each.key) for each in gone))
    return gone


def expire(table: Table, before_ms: float) -> int:
    """Forget snapshots older than this (Unix ms), never the present; returns how many."""
    live = {ref.snapshot_id for ref in table.metadata.refs.values()}
    old = [
        each.snapshot_id
        for each in table.metadata.snapshots
        if each.timestamp_ms < before_ms and each.snapshot_id not in live
    ]
    if old:
        table.maintenance.expire_snapshots().by_ids(old).commit()
    return len(old)


def delete(s3: Any, places: Iterable[tuple[str, str]]) -> int:
    """Delete objects, each by bucket and key; returns how many.

    Raises StateUnavailable, StackError where S3 keeps some.
    """
    by_bucket: dict[str, list[str]] = {}
    for bucket, key in places:
        by_bucket.setdefault(bucket, []).append(key)
    for bucket, keys in by_bucket.items():
        delete_objects(s3, bucket, [{"Key": key} for key in keys])
    return sum(map(len, by_bucket.values()))
