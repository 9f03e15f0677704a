"""What a server would say of its tables, where there is none."""

from typing import Literal


class NoServer:
    """A `TableCatalog` that knows nothing; names stay as they are."""

    logs_cascades = False

    def tables(self) -> list[tuple[str, str]]:
        return []

    def side(self, database: str, table: str) -> Literal["unknown"]:
        return "unknown"

    def is_sequence(self, database: str, table: str) -> None:
        return None

    def fold(self, name: str) -> str:
        return name
