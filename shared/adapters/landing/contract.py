"""The landing: archived changes in S3 that are not in the table yet."""

from typing import Protocol

from shared.adapters.objects.contract import ObjectFolder


class Landing(ObjectFolder, Protocol):
    """The objects that wait for the committer. Names sort by the time of their oldest change."""

    def reject(self, name: str) -> None:
        """Move an object that cannot be read to where it is kept for a person to look at."""
        ...
