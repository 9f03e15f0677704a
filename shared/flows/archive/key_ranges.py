"""Key ranges: the rows of several files as parts, each with rows of its own, in the table's order.

So all changes of one row are in one part. Each part takes one more pass over the files, so that
memory holds only one part and one file.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc

from shared.adapters.lake.changes_columns import ARROW, SORTED_BY
from shared.adapters.lake.contract import DataFile, Lake

ROW = ("database", "table", "key")
"""The columns that name a row. They come first in the order of the table."""

_STEP = 16
"""Boundaries are chosen among each sixteenth change: they need not be exact."""

_ORDER = [(name, "ascending") for name in SORTED_BY]


def sorted_parts(lake: Lake, files: Sequence[DataFile], many: int) -> Iterator[pa.Table]:
    """The rows of these files in at most this many parts of about the same size; none is empty."""
    bounds: list[str | None] = [None, *_boundaries(lake, files, many), None]
    for low, high in pairwise(bounds):
        batches = [
            part
            for file in files
            for batch in lake.scan(ARROW.names, files=[file])
            if (part := _between(batch, low, high)).num_rows
        ]
        if batches:
            yield pa.Table.from_batches(batches).cast(ARROW).sort_by(_ORDER)


def _boundaries(lake: Lake, files: Sequence[DataFile], many: int) -> list[str]:
    """The first row of each part but the first."""
    if many < 2:
        return []
    found: list[str] = []
    for batch in lake.scan(list(ROW), files=files):
        found += _rows(batch).take(pa.array(range(0, batch.num_rows, _STEP))).to_pylist()
    found.sort()
    chosen = {found[len(found) * part // many] for part in range(1, many)} if found else set()
    return sorted(chosen - {found[0]} if found else chosen)


def _rows(batch: pa.RecordBatch) -> pa.Array:
    """Names of rows that are in the order of their columns: no character is below the separator."""
    return pc.binary_join_element_wise(*(batch.column(name) for name in ROW), "\0")


def _between(batch: pa.RecordBatch, low: str | None, high: str | None) -> pa.RecordBatch:
    if low is None and high is None:
        return batch
    rows, wanted = _rows(batch), pa.array([True] * batch.num_rows)
    if low is not None:
        wanted = pc.and_(wanted, pc.greater_equal(rows, low))
    if high is not None:
        wanted = pc.and_(wanted, pc.less(rows, high))
    return batch.filter(wanted)
