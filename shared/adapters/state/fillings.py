"""Fillings: which statements that changed rows without row events a backfill has covered."""

from typing import Protocol


class Fillings(Protocol):
    """`DATABASE.TABLE` → the transaction of the last such statement that was covered."""

    def save(self, consumer: str, tables: dict[str, str]) -> None:
        """Note that a backfill brought the consumer these tables as they are after it."""
        ...

    def read(self, consumer: str) -> dict[str, str]: ...
