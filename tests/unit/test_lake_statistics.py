"""Which columns a Parquet file of the archive has statistics of."""

from pyiceberg.io import pyarrow as writing

from shared.adapters.lake import changes_columns as changes
from shared.adapters.lake.iceberg.statistics import limit_statistics
from shared.adapters.snapshots import snapshots_columns as snapshots


def test_files_of_both_tables_have_statistics_of_what_manifests_measure() -> None:
    limit_statistics()
    options = writing._get_parquet_writer_kwargs({})
    assert set(options["write_statistics"]) == {*changes.MEASURED, *snapshots.MEASURED}
