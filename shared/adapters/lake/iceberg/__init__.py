"""The lake as an Iceberg table: Glue is the catalog, S3 holds the files, PyIceberg writes."""

from shared.adapters.lake.iceberg.lake import IcebergLake

__all__ = ["IcebergLake"]
