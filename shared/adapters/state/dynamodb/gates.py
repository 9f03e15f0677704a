"""The gate of each consumer: one item, replaced as a whole."""

from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.gate import Gate

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

GATE = "gate"
"""The `sk` of the item."""


class DynamoGates:
    """Gates in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str) -> Gate:
        return gate_of(self._table.get(consumer_key(consumer), GATE))

    def write(self, consumer: str, gate: Gate) -> Gate | None:
        stored = msgspec.structs.replace(gate, version=gate.version + 1)
        condition = "edition = :seen" if gate.version else "attribute_not_exists(pk)"
        values: Item = {":seen": gate.version} if gate.version else {}
        try:
            self._table.update(
                consumer_key(consumer),
                GATE,
                "SET edition = :edition, gate = :gate",
                {
                    ":edition": stored.version,
                    ":gate": msgspec.json.encode(stored).decode(),
                    **values,
                },
                condition,
            )
        except ConditionFailed as failed:
            return stored if gate_of(failed.item) == stored else None  # our own write, reply lost
        return stored


def gate_of(item: Item | None) -> Gate:
    """The gate in an item; open where there is none."""
    return msgspec.json.decode(item["gate"], type=Gate) if item and "gate" in item else Gate()
