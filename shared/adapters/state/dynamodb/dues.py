"""The tables that are due, and what of that is settled."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.item import Item
from shared.adapters.state.dynamodb.state_table import ConditionFailed, StateTable, consumer_key
from shared.values.due_cause import DueCause

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_OF_SOURCE, _OF_CONSUMER, _SETTLED = "rewritten#", "due#", "filled#"


class DynamoDues:
    """Dues in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def note_source(self, source: str, table: str, cause: DueCause) -> None:
        self._table.put(_item(f"stream#{source}", _OF_SOURCE + table, cause))

    def of_source(self, source: str) -> dict[str, DueCause]:
        return self._noted(f"stream#{source}", _OF_SOURCE)

    def note_consumer(self, consumer: str, table: str, cause: DueCause) -> None:
        self._table.put(_item(consumer_key(consumer), _OF_CONSUMER + table, cause))

    def of_consumer(self, consumer: str) -> dict[str, DueCause]:
        return self._noted(consumer_key(consumer), _OF_CONSUMER)

    def settle(
        self, consumer: str, of_source: Mapping[str, str], of_consumer: Mapping[str, str]
    ) -> None:
        pk = consumer_key(consumer)
        self._table.write_many(
            put=[_item(pk, _SETTLED + table, DueCause(cause)) for table, cause in of_source.items()]
        )
        for table, cause in of_consumer.items():
            with suppress(ConditionFailed):  # none, or another one by now
                self._table.delete(
                    pk,
                    _OF_CONSUMER + table,
                    "#cause = :cause",
                    {":cause": cause},
                    {"#cause": "transaction"},
                )

    def settled(self, consumer: str) -> dict[str, str]:
        return {
            table: cause.id
            for table, cause in self._noted(consumer_key(consumer), _SETTLED).items()
        }

    def _noted(self, pk: str, prefix: str) -> dict[str, DueCause]:
        return {
            item["sk"].removeprefix(prefix): DueCause(item["transaction"], item.get("why", ""))
            for item in self._table.query(pk, prefix)
        }


def _item(pk: str, sk: str, cause: DueCause) -> Item:
    return {"pk": pk, "sk": sk, "transaction": cause.id, "why": cause.why}
