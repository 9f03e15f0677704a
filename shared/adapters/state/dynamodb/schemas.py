"""The history of column sets: an item a version, never changed."""

from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable
from shared.values.column_history import ColumnHistory
from shared.values.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoSchemas:
    """Schemas in a DynamoDB table; versions once known are remembered in the process."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)
        self._known: dict[tuple[str, Table], int] = {}

    def version_of(self, source: str, table: Table) -> int:
        version = self._known.get((source, table))
        while version is None:
            history = {
                _version(item): _decode(item)
                for item in self._table.query(_pk(source), _prefix(table.database, table.name))
            }
            version = next((number for number, known in history.items() if known == table), None)
            if version is None:
                version = self._add(source, table, max(history, default=0) + 1)
        self._known[source, table] = version
        return version

    def latest(self, source: str, database: str, table: str) -> Table | None:
        for item in self._table.query(
            _pk(source), _prefix(database, table), backwards=True, limit=1
        ):
            return _decode(item)
        return None

    def read(self, source: str, database: str, table: str, version: int) -> Table | None:
        item = self._table.get(_pk(source), f"{_prefix(database, table)}{version:06d}")
        return _decode(item) if item else None

    def column_history(self, source: str, database: str, table: str) -> ColumnHistory | None:
        item = self._table.get(_pk(source), _history_key(database, table))
        return msgspec.json.decode(item["history"], type=ColumnHistory) if item else None

    def keep_column_history(
        self, source: str, database: str, table: str, history: ColumnHistory
    ) -> None:
        text = msgspec.json.encode(history).decode()
        self._table.put({"pk": _pk(source), "sk": _history_key(database, table), "history": text})

    def _add(self, source: str, table: Table, version: int) -> int | None:
        """Store a version; None when another process stored it meanwhile, or our earlier try."""
        item = {
            "pk": _pk(source),
            "sk": f"{_prefix(table.database, table.name)}{version:06d}",
            "columns": msgspec.json.encode(table).decode(),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk)")
        except ConditionFailed:
            return None
        return version


def _pk(source: str) -> str:
    return f"stream#{source}"


def _prefix(database: str, table: str) -> str:
    return f"schema#{database}.{table}#"


def _history_key(database: str, table: str) -> str:
    return f"columns#{database}.{table}"


def _version(item: Item) -> int:
    return int(item["sk"].rpartition("#")[2])


def _decode(item: Item) -> Table:
    return msgspec.json.decode(item["columns"], type=Table)
