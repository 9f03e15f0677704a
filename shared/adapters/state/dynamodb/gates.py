"""The gate of each consumer: one item, replaced as a whole."""

from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import StateTable
from shared.adapters.state.dynamodb.versioned_item import VersionedItem
from shared.values.gate import Gate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

GATE = "gate"
"""The `sk` of the item."""

GATE_ITEM = VersionedItem(GATE, "gate", "edition", Gate())


class DynamoGates:
    """Gates in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str) -> Gate:
        return GATE_ITEM.read(self._table, consumer)

    def write(self, consumer: str, gate: Gate) -> Gate | None:
        return GATE_ITEM.write(self._table, consumer, gate)
