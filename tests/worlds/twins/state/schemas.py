"""The twin of Schemas."""

from shared.values.column_history import ColumnHistory
from shared.values.table import Table


class MemorySchemas:
    def __init__(self) -> None:
        self._tables: dict[tuple[str, str, str], list[Table]] = {}
        self._histories: dict[tuple[str, str, str], ColumnHistory] = {}

    def version_of(self, source: str, table: Table) -> int:
        history = self._tables.setdefault((source, table.database, table.name), [])
        if table not in history:
            history.append(table)
        return history.index(table) + 1

    def latest(self, source: str, database: str, table: str) -> Table | None:
        history = self._tables.get((source, database, table), [])
        return history[-1] if history else None

    def read(self, source: str, database: str, table: str, version: int) -> Table | None:
        history = self._tables.get((source, database, table), [])
        return history[version - 1] if 1 <= version <= len(history) else None

    def column_history(self, source: str, database: str, table: str) -> ColumnHistory | None:
        return self._histories.get((source, database, table))

    def keep_column_history(
        self, source: str, database: str, table: str, history: ColumnHistory
    ) -> None:
        self._histories[source, database, table] = history
