"""The message groups that a consumer's function has in hand, an item a group."""

import time
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from shared.adapters.state.dynamodb.state_table import StateTable, consumer_key
from shared.values.group_in_hand import GroupInHand
from shared.values.lifetimes import GROUP_IN_HAND_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_PREFIX = "hand#"


class DynamoGroupsInHand:
    """Hands in a DynamoDB table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._table = StateTable(client, table)

    def read(self, consumer: str, groups: Collection[str]) -> dict[str, GroupInHand]:
        keys = [(consumer_key(consumer), _PREFIX + group) for group in sorted(set(groups))]
        return {
            sk.removeprefix(_PREFIX): GroupInHand(
                item["change"],
                item["tries"],
                item["version"],
                item.get("many", 1),  # an earlier version did not say, nor what follows
                item.get("attempts", 0),
                tuple(item.get("witnesses", ())),
                item.get("proved", False),
            )
            for (_, sk), item in self._table.get_many(keys).items()
        }

    def begin(self, consumer: str, groups: Mapping[str, GroupInHand]) -> None:
        pk, expires = consumer_key(consumer), int(time.time()) + GROUP_IN_HAND_SECONDS
        self._table.write_many(
            put=[
                {
                    "pk": pk,
                    "sk": _PREFIX + group,
                    "change": one.change,
                    "tries": one.tries,
                    "version": one.version,
                    "many": one.many,
                    "attempts": one.attempts,
                    "witnesses": list(one.witnesses),
                    "proved": one.proved,
                    "expires": expires,
                }
                for group, one in groups.items()
            ]
        )

    def end(self, consumer: str, groups: Collection[str]) -> None:
        pk = consumer_key(consumer)
        self._table.write_many(delete=[(pk, _PREFIX + group) for group in sorted(set(groups))])
