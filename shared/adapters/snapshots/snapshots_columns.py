"""The columns of the table `snapshots`, for Iceberg and for Arrow alike."""

import pyarrow as pa
from pyiceberg.types import IntegerType, LongType, StringType, TimestampType

from shared.adapters.lake.changes_columns import LakeColumn, schemas

_STRING, _LONG = StringType(), LongType()

COLUMNS: list[LakeColumn] = [
    ("snapshot", _STRING, pa.string(), True),
    ("stream", _STRING, pa.string(), True),
    ("source", _STRING, pa.string(), True),
    ("database", _STRING, pa.string(), True),
    ("table", _STRING, pa.string(), True),
    ("key", _STRING, pa.string(), True),
    ("epoch", _LONG, pa.int64(), True),
    ("n", _LONG, pa.int64(), True),
    ("read_at", TimestampType(), pa.timestamp("us"), True),
    ("schema_version", IntegerType(), pa.int32(), True),
    ("after", _STRING, pa.string(), True),
]
"""Columns of one name mean the same as in the table `changes`. `epoch` and `n` are the number up to
which the row holds all its changes.
"""

MEASURED = ("snapshot", "database", "table", "key", "epoch", "n")
"""Columns of which manifests hold the smallest and largest values. Others may be personal data."""

ICEBERG, ARROW = schemas(COLUMNS)
