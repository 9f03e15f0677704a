"""The twins of the stores of results: Fillings and Reports."""

from typing import Any


class MemoryFillings:
    def __init__(self) -> None:
        self._filled: dict[str, dict[str, str]] = {}

    def save(self, consumer: str, tables: dict[str, str]) -> None:
        self._filled.setdefault(consumer, {}).update(tables)

    def read(self, consumer: str) -> dict[str, str]:
        return dict(self._filled.get(consumer, {}))


class MemoryReports:
    def __init__(self) -> None:
        self._reports: dict[str, dict[str, Any]] = {}

    def save(self, consumer: str, report: dict[str, Any]) -> None:
        self._reports[consumer] = report

    def read(self, consumer: str) -> dict[str, Any] | None:
        return self._reports.get(consumer)
