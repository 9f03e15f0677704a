"""The outcomes of a redrive, an item a change, in the partition of its job."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import StateTable, consumer_key
from shared.adapters.state.redriven import RedriveOutcome
from shared.values.lifetimes import LEFT_BY_RUN_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_PREFIX = "redriven#"


class DynamoRedriven:
    """Redriven in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def note(self, consumer: str, job: str, outcomes: Mapping[str, RedriveOutcome]) -> None:
        pk, expires = consumer_key(consumer, job), int(time.time()) + LEFT_BY_RUN_SECONDS
        self._table.write_many(
            put=[
                {"pk": pk, "sk": f"{_PREFIX}{id}", "outcome": outcome, "expires": expires}
                for id, outcome in outcomes.items()
            ]
        )

    def read(self, consumer: str, job: str) -> dict[str, RedriveOutcome]:
        found = self._table.query(consumer_key(consumer, job), _PREFIX)
        return {item["sk"].removeprefix(_PREFIX): item["outcome"] for item in found}
