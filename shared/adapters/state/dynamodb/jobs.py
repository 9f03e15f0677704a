"""The backfill of a consumer that is under way."""

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from shared.adapters.state.dynamodb.table import ConditionFailed, StateTable, consumer_key
from shared.adapters.state.jobs import Run, another_run

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoJobs:
    """Jobs in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def run(self, consumer: str) -> Run | None:
        item = self._table.get(consumer_key(consumer), "run")
        return msgspec.json.decode(item["run"], type=Run) if item else None

    def save(self, consumer: str, run: Run) -> None:
        item = {
            "pk": consumer_key(consumer),
            "sk": "run",
            "id": run.id,
            "run": msgspec.json.encode(run).decode(),
        }
        try:
            self._table.put(item, "attribute_not_exists(pk) OR id = :id", {":id": run.id})
        except ConditionFailed:
            other = self._table.get(consumer_key(consumer), "run") or {}
            raise another_run(consumer, other.get("id", "just ended")) from None

    def end(self, consumer: str, run_id: str) -> None:
        # The run first: from then on nobody adds to what is swept.
        with suppress(ConditionFailed):  # gone, or another run by now
            self._table.delete(consumer_key(consumer), "run", "id = :id", {":id": run_id})
        self._table.write_many(
            delete=[
                (item["pk"], item["sk"])
                for item in self._table.query(consumer_key(consumer, run_id))
            ]
        )
