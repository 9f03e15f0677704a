"""Deletions: which documents live changes deleted while a run was under way.

Elasticsearch forgets the versions of deleted documents; a row that was read before its deletion
could then come back.
"""

from typing import Protocol


class Deletions(Protocol):
    """The records of one run, forgotten with it."""

    def record(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        """Record document address (`ALIAS/ID`) → seq of its deletion; the highest seq stays."""
        ...

    def read(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        """The recorded deletions: of these addresses, or all."""
        ...
