"""The twin of ArchiveProgresses."""

from shared.values.archive_progress import ArchiveProgress


class MemoryArchiveProgresses:
    def __init__(self) -> None:
        self._progress = ArchiveProgress()

    def save(self, progress: ArchiveProgress) -> None:
        self._progress = progress

    def read(self) -> ArchiveProgress:
        return self._progress
