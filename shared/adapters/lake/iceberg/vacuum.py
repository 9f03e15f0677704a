"""Vacuum: removes objects of a table that nothing refers to, once they are old enough.

It waits, because an object that nothing refers to may be one that a run is about to commit.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from pyiceberg.table import Table

from shared.adapters.lake.iceberg import referenced_files
from shared.adapters.objects.s3_deletion import delete_objects


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
    needed = referenced_files.locations(load())
    return [each for each in listed if f"s3://{bucket}/{each.key}" not in needed]


def vacuum(
    load: Callable[[], Table], s3: Any, bucket: str, prefix: str, before_ms: int
) -> list[Unused]:
    """Delete the objects that nothing refers to and that were written before this (Unix ms)."""
    found = unreferenced(load, s3, bucket, prefix)
    gone = [each for each in found if each.at_ms < before_ms]
    delete(s3, ((each.bucket, each.key) for each in gone))
    return gone


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
