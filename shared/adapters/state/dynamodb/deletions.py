"""The deletions recorded while a run is under way."""

import time
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import (
    KEEP_SECONDS,
    ConditionFailed,
    StateTable,
    consumer_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoDeletions:
    """Deletions in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def record(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        for address, seq in deletions.items():
            try:
                self._table.update(
                    consumer_key(consumer, run_id),
                    f"deletion#{address}",
                    "SET seq = :seq, expires = :expires",
                    {":seq": seq, ":expires": int(time.time()) + KEEP_SECONDS},
                    "attribute_not_exists(seq) OR seq < :seq",
                )
            except ConditionFailed:
                continue  # a later deletion stands there

    def read(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        pk, prefix = consumer_key(consumer, run_id), "deletion#"
        if addresses is None:
            items = list(self._table.query(pk, prefix))
        else:
            items = list(
                self._table.get_many(
                    [(pk, prefix + address) for address in dict.fromkeys(addresses)]
                ).values()
            )
        return {item["sk"].removeprefix(prefix): item["seq"] for item in items}
