"""The pairs of a consumer: one item, read with its marks."""

from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.index_pair import NO_PAIRS, IndexPairs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PAIRS = "indexes"


class DynamoPairStore:
    """Pairs in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str) -> IndexPairs:
        return pairs_of(self._table.get(consumer_key(consumer), PAIRS))

    def write(self, consumer: str, pairs: IndexPairs) -> IndexPairs | None:
        stored = msgspec.structs.replace(pairs, version=pairs.version + 1)
        values: Item = {
            ":pairs": msgspec.json.encode(stored).decode(),
            ":next": stored.version,
            ":seen": pairs.version,
        }
        condition = "version = :seen" if pairs.version else "attribute_not_exists(version)"
        if not pairs.version:
            del values[":seen"]
        try:
            self._table.update(
                consumer_key(consumer),
                PAIRS,
                "SET pairs = :pairs, version = :next",
                values,
                condition,
            )
        except ConditionFailed as failed:  # or our own write, its reply lost
            return stored if pairs_of(failed.item) == stored else None
        return stored


def pairs_of(item: Item | None) -> IndexPairs:
    """The pairs that an item holds."""
    return msgspec.json.decode(item["pairs"], type=IndexPairs) if item else NO_PAIRS
