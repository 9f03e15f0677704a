"""The columns of the table `changes`, for Iceberg and for Arrow alike."""

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.types import (
    BooleanType,
    IcebergType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

_STRING, _LONG = StringType(), LongType()

LakeColumn = tuple[str, IcebergType, pa.DataType, bool]
"""Name, Iceberg's type, Arrow's type, whether it always has a value."""

COLUMNS: list[LakeColumn] = [
    ("stream", _STRING, pa.string(), True),
    ("epoch", _LONG, pa.int64(), True),
    ("n", _LONG, pa.int64(), True),
    ("id", _STRING, pa.string(), True),
    ("source", _STRING, pa.string(), True),
    ("database", _STRING, pa.string(), True),
    ("table", _STRING, pa.string(), True),
    ("op", _STRING, pa.string(), True),
    ("key", _STRING, pa.string(), True),
    ("committed_at", TimestampType(), pa.timestamp("us"), True),
    ("landed_at", TimestampType(), pa.timestamp("us"), True),
    ("before", _STRING, pa.string(), False),
    ("after", _STRING, pa.string(), False),
    ("tx_id", _STRING, pa.string(), True),
    ("tx_index", _LONG, pa.int64(), True),
    ("tx_last", BooleanType(), pa.bool_(), True),
    ("schema_version", IntegerType(), pa.int32(), True),
    ("group", _STRING, pa.string(), True),
    ("trace_id", _STRING, pa.string(), False),
]
"""Timestamps are UTC without a zone: Athena refuses zoned ones in views. `database` and `table` are
two columns. `key`, `before` and `after` are JSON text.
"""

SORTED_BY = ("database", "table", "key", "epoch", "n")
"""The order of rows in a file: it keeps the history of a row together."""

MEASURED = ("database", "table", "key", "epoch", "n", "committed_at")
"""Columns of which manifests hold the smallest and largest values. Others may be personal data."""


def schemas(columns: list[LakeColumn]) -> tuple[Schema, pa.Schema]:
    """The schema for Iceberg and the one for Arrow."""
    iceberg = Schema(
        *(
            NestedField(field_id=number, name=name, field_type=kind, required=required)
            for number, (name, kind, _, required) in enumerate(columns, 1)
        )
    )
    fields = [pa.field(name, kind, nullable=not required) for name, _, kind, required in columns]
    return iceberg, pa.schema(fields)


ICEBERG, ARROW = schemas(COLUMNS)
