"""The archive's table in Glue, read from its metadata file alone, without PyIceberg.

Source: Iceberg table specification, "Table metadata fields" and "Snapshots", field `summary`.
"""

import gzip
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from shared.adapters.archive_table.contract import (
    DROPPED_PROPERTY,
    LEDGER_PROPERTY,
    TIMES_PROPERTY,
    NoArchiveTable,
    TableFacts,
)
from shared.adapters.aws_errors import FAILURES, code_of, is_passing, message_of
from shared.values.errors import RowlineError, StackError, StateUnavailable

TABLE, SNAPSHOTS = "changes", "snapshots"


class _Snapshot(msgspec.Struct, rename="kebab"):
    snapshot_id: int
    summary: dict[str, str] = {}


class _Metadata(msgspec.Struct, rename="kebab"):
    properties: dict[str, str] = {}
    current_snapshot_id: int | None = None
    snapshots: list[_Snapshot] = []


class GlueArchiveTable:
    """See the contract. client: makes a client of a service."""

    def __init__(self, client: Callable[[str], Any], database: str) -> None:
        self._client, self._database = client, database

    def facts(self) -> TableFacts:
        try:
            table = self._client("glue").get_table(DatabaseName=self._database, Name=TABLE)
            place = table["Table"]["Parameters"]["metadata_location"]
            text = self._object(place)
        except FAILURES as error:
            raise self._failed(error) from None
        metadata = msgspec.json.decode(text, type=_Metadata)
        ledger = metadata.properties.get(LEDGER_PROPERTY, "")
        present = metadata.current_snapshot_id
        snapshot = next((each for each in metadata.snapshots if each.snapshot_id == present), None)
        if snapshot is None:
            return TableFacts()
        try:
            numbers = self._object(ledger) if ledger else b""
        except FAILURES as error:
            raise self._failed(error) from None
        return TableFacts(
            int(snapshot.summary.get("total-files-size", 0)),
            int(snapshot.summary.get("total-records", 0)),
            numbers,
            msgspec.json.decode(
                metadata.properties.get(TIMES_PROPERTY, "{}"), type=dict[str, tuple[int, int]]
            ),
            int(metadata.properties.get(DROPPED_PROPERTY, 0)),
        )

    def has_snapshots(self) -> bool:
        try:
            self._client("glue").get_table(DatabaseName=self._database, Name=SNAPSHOTS)
        except FAILURES as error:
            if code_of(error) == "EntityNotFoundException":
                return False
            raise self._failed(error) from None
        return True

    def _object(self, address: str) -> bytes:
        parts = urlsplit(address, allow_fragments=False)
        found = self._client("s3").get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))
        body: bytes = found["Body"].read()
        return gzip.decompress(body) if address.endswith(".gz.metadata.json") else body

    def _failed(self, error: Exception) -> RowlineError:
        thing = f"table {self._database}.{TABLE}"
        if is_passing(error):
            return StateUnavailable(
                f"AWS did not answer: {message_of(error)}.",
                thing=thing,
                hint="Try again in a minute.",
            )
        if code_of(error) == "EntityNotFoundException":
            return NoArchiveTable(
                "does not exist yet.",
                thing=thing,
                hint="The archive makes it within a minute of its deployment.",
            )
        return StackError(
            f"cannot be read: {message_of(error)}.",
            thing=thing,
            hint="docs/iam.md lists the rights that a query needs.",
        )
