"""When the first and the last change of each stream were committed, as a property of the table.

Readers say with it how far the archive reaches, without reading rows.
"""

import json

import pyarrow as pa
from pyiceberg.table import Table

from shared.adapters.archive_table.contract import TIMES_PROPERTY


def with_times_of(table: Table, rows: pa.Table) -> dict[str, str]:
    """The property after these rows were added to the table."""
    times = json.loads(table.properties.get(TIMES_PROPERTY, "{}"))
    grouped = rows.group_by("stream").aggregate([("committed_at", "min"), ("committed_at", "max")])
    for found in grouped.to_pylist():
        first, last = (_ms(found[f"committed_at_{each}"]) for each in ("min", "max"))
        held = times.get(found["stream"], [first, last])
        times[found["stream"]] = [min(held[0], first), max(held[1], last)]
    return {TIMES_PROPERTY: json.dumps(times)}


def _ms(at: object) -> int:
    return pa.scalar(at, pa.timestamp("ms")).value  # type: ignore[no-any-return]
