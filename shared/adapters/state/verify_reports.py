"""Verify reports: the last result of verify of each consumer."""

from typing import Any, Protocol


class VerifyReports(Protocol):
    def save(self, consumer: str, report: dict[str, Any]) -> None:
        """Keep it, in place of the one before."""
        ...

    def read(self, consumer: str) -> dict[str, Any] | None: ...
