"""Snapshot parts: where snapshots of a stage lie, and what reads and tends them."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from shared.adapters.database.contract import Database
from shared.adapters.secrets import secret_json
from shared.stage.aws_parts import AwsParts
from shared.stage.source_parts import SourceParts
from shared.values import source_endpoint
from shared.values.settings import SnapshotSettings, SourceSettings

if TYPE_CHECKING:
    from shared.adapters.snapshots.s3 import S3Snapshots
    from shared.flows.snapshots.snapshot_setup import SnapshotSetup


class SnapshotParts(AwsParts, SourceParts):
    """The snapshots of a stage. Raises StackError where there is no archive."""

    @cached_property
    def snapshots(self) -> "S3Snapshots":
        """Parts, readouts and manifests."""
        from shared.adapters.snapshots.s3 import S3Snapshots

        return S3Snapshots(self.client("s3"), self.resources.archive_bucket)

    def snapshot_setup(self, *, holder: str, left: Callable[[], float]) -> "SnapshotSetup":
        """The parts with which the archive's function tends snapshots; see `SnapshotSetup`."""
        from shared.adapters.snapshots.iceberg import IcebergSnapshots
        from shared.flows.snapshots.snapshot_setup import SnapshotSetup

        place, settings = self.resources, self.settings.archive
        return SnapshotSetup(
            store=self.snapshots,
            table=IcebergSnapshots(place.archive_bucket, place.archive_database),
            leases=self.state.leases,
            keep_days=(settings.snapshots if settings else SnapshotSettings()).keep_days,
            holder=holder,
            left=left,
        )

    def snapshot_source(self, source: SourceSettings) -> Database:
        """What a snapshot reads a source with: its replica where the stanza names one."""
        settings = self.settings.archive
        secret = settings.snapshots.replicas.get(source.name, "") if settings else ""
        primary = self.database(source.name)
        if not secret or self._addresses.get("source"):
            return primary
        from shared.adapters.database.replica import replica_reads
        from shared.adapters.database.sql import SqlDatabase

        found = source_endpoint.from_secret(secret, secret_json(secret, fresh=True))
        return replica_reads(primary, SqlDatabase(found))
