"""Iceberg snapshot expiry: forgets former states of a table, and can remove their files at once.

What only a former snapshot refers to needs no vacuum: a run that still builds on it is overtaken.
"""

from collections.abc import Callable
from typing import Any

from pyiceberg.table import Table

from shared.adapters.lake.iceberg import referenced_files
from shared.adapters.lake.iceberg.file_io import address
from shared.adapters.lake.iceberg.vacuum import delete


def purge(load: Callable[[], Table], s3: Any) -> int:
    """Expire every snapshot but the present one; returns how many objects were removed."""
    table = load()
    before = referenced_files.locations(table)
    expire(table, float("inf"))
    gone = sorted(each for each in before - referenced_files.locations(load()) if each)
    return delete(s3, map(address, gone))


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
