"""The properties of the table. Each value was measured, or prevents a loss that was seen."""

from shared.adapters.lake.changes_columns import MEASURED

KEEP_RETRIES = {"commit.retry.num-retries": "1"}
"""See `LedgerTransaction`."""

TABLE = {
    "format-version": "2",
    **KEEP_RETRIES,
    # One small manifest a commit would make planning slower with each.
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "3",
    # Small groups: the history of one row touches few bytes.
    "write.parquet.row-group-limit": "5000",
    "write.parquet.compression-codec": "zstd",
    "write.parquet.compression-level": "1",
    # Manifests would otherwise hold values of `before` and `after`.
    "write.metadata.metrics.default": "none",
    **{f"write.metadata.metrics.column.{name}": "full" for name in MEASURED},
}

COMPACTED = {
    "write.parquet.compression-level": "6",
    # Footer and group together are least at about this size.
    "write.parquet.row-group-limit": "2500",
}
"""What a rewrite sets for the files that it makes."""
