"""The last report of verify."""

from typing import TYPE_CHECKING, Any

import msgspec

from shared.adapters.state.dynamodb.state_table import StateTable, consumer_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoVerifyReports:
    """Reports in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def save(self, consumer: str, report: dict[str, Any]) -> None:
        self._table.put(
            {
                "pk": consumer_key(consumer),
                "sk": "verify",
                "report": msgspec.json.encode(report).decode(),
            }
        )

    def read(self, consumer: str) -> dict[str, Any] | None:
        item = self._table.get(consumer_key(consumer), "verify")
        return msgspec.json.decode(item["report"], type=dict[str, Any]) if item else None
