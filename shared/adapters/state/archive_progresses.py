"""Archive progresses: how far the archive of a stage is."""

from typing import Protocol

from shared.values.archive_progress import ArchiveProgress


class ArchiveProgresses(Protocol):
    """Written by the archive's committer, under its lease."""

    def save(self, progress: ArchiveProgress) -> None:
        """Store the progress in place of the former one."""
        ...

    def read(self) -> ArchiveProgress:
        """The progress as it was saved last."""
        ...
