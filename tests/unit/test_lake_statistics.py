"""Which columns a Parquet file of the archive has statistics of."""

from pathlib import Path

import pyarrow as pa
from pyiceberg.io import pyarrow as writing
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table.metadata import new_table_metadata
from pyiceberg.table.sorting import UNSORTED_SORT_ORDER

from shared.adapters.lake import changes_columns as changes
from shared.adapters.lake.iceberg.properties import TABLE
from shared.adapters.lake.iceberg.statistics import limit_statistics
from shared.adapters.lake.iceberg.written_files import written_files
from shared.adapters.snapshots import snapshots_columns as snapshots
from tests.worlds.replay_archive import BEGAN_MS, row_of


def test_files_of_both_tables_have_statistics_of_what_manifests_measure() -> None:
    limit_statistics()
    options = writing._get_parquet_writer_kwargs({})
    assert set(options["write_statistics"]) == {*changes.MEASURED, *snapshots.MEASURED}


def test_a_file_with_a_key_that_is_too_long_for_statistics_is_skipped_by_nobody(
    tmp_path: Path,
) -> None:
    limit_statistics()
    properties = {**TABLE, "write.parquet.row-group-limit": "2"}
    metadata = new_table_metadata(
        changes.ICEBERG,
        UNPARTITIONED_PARTITION_SPEC,
        UNSORTED_SORT_ORDER,
        f"file://{tmp_path}",
        properties,
    )
    field = changes.ICEBERG.find_field("key").field_id
    for longest, measured in ((4_000, True), (5_000, False)):
        keys = ['{"k":"a"}', '{"k":"b"}', '{"k":"c"}', '{"k":"' + "z" * longest + '"}']
        rows = [row_of(n, "c", "7", BEGAN_MS) | {"key": key} for n, key in enumerate(keys, 1)]
        table = pa.Table.from_pylist(rows, schema=changes.ARROW)
        (file,) = written_files(metadata, table, PyArrowFileIO())
        for bounds, key in ((file.lower_bounds, keys[0]), (file.upper_bounds, keys[-1])):
            assert bounds.get(field) == (key.encode() if measured else None)
