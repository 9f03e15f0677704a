"""The twin of Reports."""

from typing import Any


class MemoryVerifyReports:
    def __init__(self) -> None:
        self._reports: dict[str, dict[str, Any]] = {}

    def save(self, consumer: str, report: dict[str, Any]) -> None:
        self._reports[consumer] = report

    def read(self, consumer: str) -> dict[str, Any] | None:
        return self._reports.get(consumer)
