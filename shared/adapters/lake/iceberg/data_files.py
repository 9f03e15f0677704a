"""What a manifest says of a data file."""

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFile as IcebergFile
from pyiceberg.types import TimestampType

from shared.adapters.lake.changes_columns import ICEBERG
from shared.adapters.lake.contract import DataFile

_COMMITTED_AT = ICEBERG.find_field("committed_at").field_id


def described(file: IcebergFile) -> DataFile:
    """The file as flows see it."""
    return DataFile(
        file.file_path,
        file.file_size_in_bytes,
        file.record_count,
        _ms((file.lower_bounds or {}).get(_COMMITTED_AT)),
        _ms((file.upper_bounds or {}).get(_COMMITTED_AT)),
    )


def _ms(bound: bytes | None) -> int:
    """A bound of `committed_at` as Unix ms; 0: the file has none."""
    return int(from_bytes(TimestampType(), bound)) // 1000 if bound else 0
