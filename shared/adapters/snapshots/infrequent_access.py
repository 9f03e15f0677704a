"""Data files in infrequent access: cheap to keep, and each with its checksum."""

import hashlib
from typing import Any

from pyiceberg.typedef import EMPTY_DICT, Properties

from shared.adapters.lake.iceberg.file_io import BotoFileIO

LEAST_BYTES = 128 << 10
"""S3 bills a smaller object as if it had this many bytes. Source: S3 user guide, "Understanding and
managing Amazon S3 storage classes", "Storage classes for infrequently accessed objects".
"""

CHECKSUM = "sha256"
"""Metadata of a data file: of its bytes, in hex."""


class InfrequentAccessIO(BotoFileIO):
    """See `BotoFileIO`. Metadata files stay in the standard class: they live for hours."""

    def __init__(self, properties: Properties = EMPTY_DICT) -> None:
        super().__init__(properties)
        self._client = _Client(self._client)


class _Client:
    """The S3 client, whose puts of data files have class and checksum."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, *, Key: str, Body: bytes, **how: Any) -> Any:
        if Key.endswith(".parquet"):
            how["Metadata"] = {CHECKSUM: hashlib.sha256(Body).hexdigest()}
            if len(Body) >= LEAST_BYTES:
                how["StorageClass"] = "STANDARD_IA"
        return self._client.put_object(Key=Key, Body=Body, **how)
