"""Archive progresses: how far the archive of a stage is."""

from typing import Protocol

from shared.values.archive_progress import ArchiveProgress


class ArchiveProgresses(Protocol):
    """Written by the archive's committer, under its lease."""

    def save(self, progress: ArchiveProgress) -> None:
        """Keep it, in place of the one before."""
        ...

    def read(self) -> ArchiveProgress:
        """As it was saved last."""
        ...
