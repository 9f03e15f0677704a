"""The messages of a run that a consumer has applied."""

import time
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import StateTable, consumer_key
from shared.values.lifetimes import LEFT_BY_RUN_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDoneMessages:
    """DoneMessages in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def note(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        expires = int(time.time()) + LEFT_BY_RUN_SECONDS
        self._table.write_many(
            put=[
                {"pk": consumer_key(consumer, run_id), "sk": f"done#{each}", "expires": expires}
                for each in dict.fromkeys(message_ids)
            ]
        )

    def noted(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        pk, prefix = consumer_key(consumer, run_id), "done#"
        found = self._table.get_many([(pk, prefix + each) for each in dict.fromkeys(message_ids)])
        return {sk.removeprefix(prefix) for _, sk in found}
