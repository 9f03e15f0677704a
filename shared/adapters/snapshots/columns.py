"""The columns of the table `snapshots`, for Iceberg and for Arrow alike."""

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.types import (
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

_STRING, _LONG = StringType(), LongType()

COLUMNS: list[tuple[str, IcebergType, pa.DataType]] = [
    ("snapshot", _STRING, pa.string()),
    ("stream", _STRING, pa.string()),
    ("source", _STRING, pa.string()),
    ("database", _STRING, pa.string()),
    ("table", _STRING, pa.string()),
    ("key", _STRING, pa.string()),
    ("epoch", _LONG, pa.int64()),
    ("n", _LONG, pa.int64()),
    ("read_at", TimestampType(), pa.timestamp("us")),
    ("schema_version", IntegerType(), pa.int32()),
    ("after", _STRING, pa.string()),
]
"""Name, Iceberg's type, Arrow's type. They mean the same as in the table `changes`: `epoch` and `n`
are the number up to which all changes of the row are in it.
"""

MEASURED = ("snapshot", "database", "table", "key", "epoch", "n")
"""Columns of which manifests hold the smallest and largest values. Others may be personal data."""

ICEBERG = Schema(
    *(
        NestedField(field_id=number, name=name, field_type=kind, required=True)
        for number, (name, kind, _) in enumerate(COLUMNS, 1)
    )
)

ARROW = pa.schema([pa.field(name, kind, nullable=False) for name, _, kind in COLUMNS])
