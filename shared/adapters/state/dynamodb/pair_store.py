"""The pairs of a consumer: one item, read with its marks."""

from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import StateTable
from shared.adapters.state.dynamodb.versioned_item import VersionedItem
from shared.values.index_pair import NO_PAIRS, IndexPairs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PAIRS = "indexes"
"""The `sk` of the item."""

PAIRS_ITEM = VersionedItem(PAIRS, "pairs", "version", NO_PAIRS)


class DynamoPairStore:
    """Pairs in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str) -> IndexPairs:
        return PAIRS_ITEM.read(self._table, consumer)

    def write(self, consumer: str, pairs: IndexPairs) -> IndexPairs | None:
        return PAIRS_ITEM.write(self._table, consumer, pairs)
