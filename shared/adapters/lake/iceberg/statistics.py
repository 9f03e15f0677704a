"""Statistics: the columns of which a Parquet file says the smallest and largest value of a group.

A reader of one row reads the footer of each file that may hold it. Statistics of all columns would
be most of a footer, and hold values of `before` and `after`. PyIceberg has no setting for it.
"""

from collections.abc import Mapping
from typing import Any

from pyiceberg.io import pyarrow as writing

from shared.adapters.lake.changes_columns import MEASURED
from shared.adapters.snapshots import snapshots_columns

_COLUMNS = sorted({*MEASURED, *snapshots_columns.MEASURED})
"""Of both tables. PyIceberg warns for each file where one that manifests measure has none."""

_options = writing._get_parquet_writer_kwargs


def _with_statistics(table_properties: Mapping[str, str]) -> dict[str, Any]:
    """The options of PyArrow's writer for a table: PyIceberg's, and the columns."""
    return {**_options(dict(table_properties)), "write_statistics": _COLUMNS}


def limit_statistics() -> None:
    """Let files that are written from now on have statistics of these columns only."""
    writing._get_parquet_writer_kwargs = _with_statistics
