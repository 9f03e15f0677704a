"""The statements that backfills have covered."""

from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.table import StateTable, consumer_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_FILLED = "filled#"


class DynamoFillings:
    """Fillings in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def save(self, consumer: str, tables: dict[str, str]) -> None:
        self._table.write_many(
            put=[
                {"pk": consumer_key(consumer), "sk": f"{_FILLED}{table}", "transaction": each}
                for table, each in tables.items()
            ]
        )

    def read(self, consumer: str) -> dict[str, str]:
        return {
            item["sk"].removeprefix(_FILLED): item["transaction"]
            for item in self._table.query(consumer_key(consumer), _FILLED)
        }
