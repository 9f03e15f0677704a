"""The deletions recorded while a run is under way."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import (
    ConditionFailed,
    StateTable,
    consumer_key,
)
from shared.values.lifetimes import LEFT_BY_RUN_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


AT_ONCE = 8
"""Requests at the same time: a batch of many deletions waits for each round of them."""


class DynamoDeletions:
    """Deletions in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def record(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        pk = consumer_key(consumer, run_id)
        if len(deletions) < 2:  # no thread for one request
            for address, seq in deletions.items():
                self._record(pk, address, seq)
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(deletions))) as pool:
            list(pool.map(lambda each: self._record(pk, *each), deletions.items()))

    def _record(self, pk: str, address: str, seq: int) -> None:
        with suppress(ConditionFailed):  # a later deletion stands there
            self._table.update(
                pk,
                f"deletion#{address}",
                "SET seq = :seq, expires = :expires",
                {":seq": seq, ":expires": int(time.time()) + LEFT_BY_RUN_SECONDS},
                "attribute_not_exists(seq) OR seq < :seq",
            )

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
