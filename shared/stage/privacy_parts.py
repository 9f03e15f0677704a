"""Privacy parts: what export and erasure of a person's rows work with."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.stage.archive_parts import ArchiveParts
from shared.stage.snapshot_parts import SnapshotParts

if TYPE_CHECKING:
    from shared.flows.privacy.privacy_setup import PrivacySetup


class PrivacyParts(SnapshotParts, ArchiveParts):
    """What a stage keeps of a person. Raises StackError where there is no archive."""

    def privacy(self, *, holder: str, left: Callable[[], float]) -> "PrivacySetup":
        """The parts with which the archive's function exports and erases; see `PrivacySetup`."""
        from shared.adapters.objects.s3_folder import S3Folder
        from shared.adapters.versions.s3 import S3FormerVersions
        from shared.flows.privacy.privacy_setup import PrivacySetup
        from shared.flows.privacy.remaining import UNREADABLE_FOLDERS

        client, place = self.client("s3"), self.resources
        archived = {
            name: S3Folder(client, place.archive_bucket, f"{name}/")
            for name in ("erasing", "erased", "results", *UNREADABLE_FOLDERS)
        }
        claimed = {
            name: S3Folder(client, place.claims_bucket, f"{name}/")
            for name in ("rows", "claims", "parked", "dropped")
        }
        return PrivacySetup(
            self.archive(holder=holder, left=left),
            self.snapshot_setup(holder=holder, left=left),
            archived["erasing"],
            archived["erased"],
            {**archived, **claimed},
            self.settings.consumers,
            [
                S3FormerVersions(client, each)
                for each in (place.archive_bucket, place.claims_bucket)
            ],
        )
