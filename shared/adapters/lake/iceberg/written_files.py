"""Written files: rows become data files, and manifests say of them only what is true.

A group of rows in Parquet has no smallest and largest value of a column where one is longer than
4,096 bytes. PyIceberg takes those of the other groups for the whole file, and readers then skip a
file that has such a key.
"""

import uuid
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table.metadata import TableMetadata

LONGEST = 4_096
"""Bytes of a value that statistics hold. Source: Apache Parquet C++, `max_statistics_size`."""


def written_files(
    metadata: TableMetadata, rows: pa.Table, io: Any, name: uuid.UUID | None = None
) -> list[Any]:
    """Write these rows; returns the files, which are not committed."""
    files = list(_dataframe_to_data_files(metadata, rows, io, name))
    fields = [metadata.schema().find_field(each).field_id for each in _too_long(rows)]
    for file in files:
        for bounds in (file.lower_bounds, file.upper_bounds):
            for field in fields if bounds else ():
                bounds.pop(field, None)
    return files


def _too_long(rows: pa.Table) -> list[str]:
    """The columns with a text of which Parquet has no statistics."""
    return [
        field.name
        for field in rows.schema
        if pa.types.is_string(field.type)
        and (pc.max(pc.binary_length(rows.column(field.name))).as_py() or 0) >= LONGEST
    ]
