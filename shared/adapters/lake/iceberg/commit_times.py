"""Commit times, as properties of the table.

They are those of the first and the last change of each stream, and of what was dropped. Readers say
with them how far the archive reaches, without reading rows.
"""

import json
from collections.abc import Sequence

import pyarrow as pa
from pyiceberg.table import Table

from shared.adapters.archive_table.contract import DROPPED_PROPERTY, TIMES_PROPERTY
from shared.adapters.lake.contract import DataFile


def with_times_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """The property after these rows were added to the table."""
    times = json.loads(table.properties.get(TIMES_PROPERTY, "{}"))
    grouped = rows.group_by("stream").aggregate([("committed_at", "min"), ("committed_at", "max")])
    for found in grouped.to_pylist():
        first, last = (_ms(found[f"committed_at_{each}"]) for each in ("min", "max"))
        held = times.get(found["stream"], [first, last])
        times[found["stream"]] = [min(held[0], first), max(held[1], last)]
    return {TIMES_PROPERTY: json.dumps(times)}


def with_dropped(table: Table, files: Sequence[DataFile]) -> dict[str, str]:
    """The property after these files were dropped."""
    held = int(table.properties.get(DROPPED_PROPERTY, 0))
    return {DROPPED_PROPERTY: str(max(held, *(each.last_ms for each in files)))}


def _ms(at: object) -> int:
    return pa.scalar(at, pa.timestamp("ms")).value  # type: ignore[no-any-return]
