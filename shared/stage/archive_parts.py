"""Archive parts: the landing and the table of a stage, and what reads them."""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from shared.stage.aws_parts import AwsParts
from shared.values.errors import StateUnavailable
from shared.values.stream import source_of

if TYPE_CHECKING:
    from shared.adapters.archive_table.glue import GlueArchiveTable
    from shared.adapters.athena.athena import AwsAthena
    from shared.adapters.lake.iceberg import IcebergLake
    from shared.adapters.landing.s3 import S3Landing
    from shared.adapters.objects.s3_folder import S3Folder
    from shared.flows.archive.archive_setup import ArchiveSetup
    from shared.flows.history.history_setup import HistorySetup


class ArchiveParts(AwsParts):
    """The archive of a stage. Raises StackError where there is none."""

    @cached_property
    def landing(self) -> "S3Landing":
        """The archive's landing. Raises StackError where there is no archive."""
        from shared.adapters.landing.s3 import S3Landing

        return S3Landing(self.client("s3"), self.resources.archive_bucket)

    @cached_property
    def healing(self) -> "S3Folder":
        """Changes that were read again because the archive's table lost them."""
        from shared.adapters.landing.s3 import HEALING
        from shared.adapters.objects.s3_folder import S3Folder

        return S3Folder(self.client("s3"), self.resources.archive_bucket, HEALING)

    @cached_property
    def lake(self) -> "IcebergLake":
        """The archive's table, where its heavy packages are installed."""
        from shared.adapters.lake.iceberg import IcebergLake

        return IcebergLake(self.resources.archive_bucket, self.resources.archive_database)

    @cached_property
    def athena(self) -> "AwsAthena":
        """Queries of the archive. Raises StackError where there is none."""
        from shared.adapters.athena.athena import AwsAthena

        place = self.resources
        return AwsAthena(self.client, place.archive_workgroup, place.archive_database)

    @cached_property
    def archive_table(self) -> "GlueArchiveTable":
        """The archive's table as its metadata describes it."""
        from shared.adapters.archive_table.glue import GlueArchiveTable

        return GlueArchiveTable(self.client, self.resources.archive_database)

    def start_commit(self) -> None:
        """Start a run of the committer, which waits for one that is under way.

        Raises StackError. Without Lambda, the committer's own schedule does it within a minute.
        """
        with suppress(StateUnavailable):
            from shared.flows.archive.archive_answers import COMMIT_WAITS

            event = {"do": "commit", "wait_s": COMMIT_WAITS}
            self.functions.start(self.resources.archive_function, event)

    def history(self) -> "HistorySetup":
        """The parts that questions about the past need."""
        from shared.adapters.snapshots.s3 import S3Snapshots
        from shared.flows.history.history_setup import HistorySetup

        streams = {each.stream: source_of(each.stream) for each in self.settings.sources.values()}
        snapshots = S3Snapshots(self.client("s3"), self.resources.archive_bucket)
        return HistorySetup(self.athena, self.archive_table, self.state, streams, snapshots)

    def archive(self, *, holder: str, left: Callable[[], float]) -> "ArchiveSetup":
        """The parts of the archive's function; see `ArchiveSetup` for the parameters."""
        from shared.adapters.landing.s3 import FIREHOSE_ERRORS
        from shared.adapters.objects.s3_folder import S3Folder
        from shared.adapters.snapshots.iceberg import IcebergSnapshots
        from shared.adapters.snapshots.s3 import S3Snapshots
        from shared.flows.archive.archive_setup import ArchiveSetup

        place = self.resources
        settings = self.settings.archive
        errors = None
        if settings and settings.via == "firehose":
            errors = S3Folder(self.client("s3"), place.archive_bucket, FIREHOSE_ERRORS)
        return ArchiveSetup(
            landing=self.landing,
            healing=self.healing,
            lake=self.lake,
            state=self.state,
            streams=tuple(each.stream for each in self.settings.sources.values()),
            retention_days=settings.retention_days if settings else 0,
            holder=holder,
            left=left,
            clock=time.time,
            errors=errors,
            snapshots=S3Snapshots(self.client("s3"), place.archive_bucket),
            snapshot_table=IcebergSnapshots(place.archive_bucket, place.archive_database),
        )
