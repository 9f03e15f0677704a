"""The table `changes` as the archive writes it, for tests of those that read it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import boto3
import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
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

from shared.values.change import Row

COLUMNS: dict[str, tuple[IcebergType, pa.DataType, bool]] = {
    "stream": (StringType(), pa.string(), True),
    "epoch": (LongType(), pa.int64(), True),
    "n": (LongType(), pa.int64(), True),
    "id": (StringType(), pa.string(), True),
    "source": (StringType(), pa.string(), True),
    "database": (StringType(), pa.string(), True),
    "table": (StringType(), pa.string(), True),
    "op": (StringType(), pa.string(), True),
    "key": (StringType(), pa.string(), True),
    "committed_at": (TimestampType(), pa.timestamp("us"), True),
    "landed_at": (TimestampType(), pa.timestamp("us"), True),
    "before": (StringType(), pa.string(), False),
    "after": (StringType(), pa.string(), False),
    "tx_id": (StringType(), pa.string(), True),
    "tx_index": (LongType(), pa.int64(), True),
    "tx_last": (BooleanType(), pa.bool_(), True),
    "schema_version": (IntegerType(), pa.int32(), True),
    "group": (StringType(), pa.string(), True),
    "trace_id": (StringType(), pa.string(), False),
}
"""Name → Iceberg's type, Arrow's type, whether it always has a value."""


class ChangesTable:
    """A table `changes` in a bucket and a Glue database of a test's own."""

    def __init__(self, bucket: str, database: str) -> None:
        self._catalog = GlueCatalog(
            "test",
            client=boto3.client("glue"),
            **{
                "s3.endpoint": boto3.client("s3").meta.endpoint_url,
                "s3.region": "eu-west-1",
                "s3.access-key-id": "test",
                "s3.secret-access-key": "test",
            },
        )
        schema = Schema(
            *(
                NestedField(number, name, kind, required=required)
                for number, (name, (kind, _, required)) in enumerate(COLUMNS.items(), 1)
            )
        )
        self._table = self._catalog.create_table(
            (database, "changes"),
            schema,
            location=f"s3://{bucket}/lake",
            properties={"format-version": "2", "write.parquet.row-group-limit": "5000"},
        )

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows, as one commit."""
        self._table.append(arrow(rows))


def arrow(rows: Sequence[Row]) -> pa.Table:
    """Rows as Arrow has them."""
    fields = [
        pa.field(name, kind, nullable=not required) for name, (_, kind, required) in COLUMNS.items()
    ]
    return pa.Table.from_pylist(list(rows), pa.schema(fields))


def sample(n: int, **values: Any) -> Row:
    """The n-th change of an epoch, with these values instead of its usual ones."""
    return {
        "stream": "shop",
        "epoch": 900_000_000,
        "n": n,
        "id": f"tx@0/{n}.0",
        "source": "shop",
        "database": "market",
        "table": "listings",
        "op": "c",
        "key": f'{{"id":{n}}}',
        "committed_at": datetime(2026, 1, 1),
        "landed_at": datetime(2026, 1, 1),
        "before": None,
        "after": f'{{"id":{n}}}',
        "tx_id": f"bin.000001:{n}",
        "tx_index": 0,
        "tx_last": True,
        "schema_version": 1,
        "group": "listings-0",
        "trace_id": None,
        **values,
    }
