"""The run leases of a stage: one item each."""

from contextlib import suppress
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoRunLeases:
    """Leases in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def hold(self, name: str, holder: str, now_ms: int, ends_ms: int) -> bool:
        try:
            self._table.update(
                *_key(name),
                "SET holder = :me, ends_ms = :ends",
                {":me": holder, ":ends": ends_ms, ":now": now_ms},
                "attribute_not_exists(ends_ms) OR ends_ms < :now OR holder = :me",
            )
        except ConditionFailed:
            return False
        return True

    def release(self, name: str, holder: str) -> None:
        with suppress(ConditionFailed):
            self._table.update(
                *_key(name), "SET ends_ms = :zero", {":zero": 0, ":me": holder}, "holder = :me"
            )


def _key(name: str) -> tuple[str, str]:
    return "lease", name
