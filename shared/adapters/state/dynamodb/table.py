"""The calls to one DynamoDB table that the stores share: typed values, every page, and errors with
a hint.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.adapters import aws
from shared.values.errors import StackError, StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

Item = dict[str, Any]
"""Attribute name → str or int."""

GET_LIMIT, WRITE_LIMIT = 100, 25
"""Items a BatchGetItem and a BatchWriteItem take. Source: DynamoDB API reference."""

KEEP_SECONDS = 90 * 86_400
"""What a run leaves behind when it is killed at its end expires by the table's TTL attribute
`expires`; far longer than any backfill.
"""

_CONDITION = "ConditionalCheckFailedException"


class ConditionFailed(Exception):
    """The write's condition did not hold; `item` is what stands there."""

    def __init__(self, item: Item) -> None:
        super().__init__("condition failed")
        self.item = item


class StateTable:
    """One table with string keys `pk` and `sk`; reads are consistent."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self._client, self._name = client, name

    def get(self, pk: str, sk: str) -> Item | None:
        reply = self._call(
            "get_item", TableName=self._name, Key=_typed({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return _plain(reply["Item"]) if "Item" in reply else None

    def get_many(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items that exist, by key."""
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(keys), GET_LIMIT):
            wanted: Any = {
                self._name: {
                    "Keys": [
                        _typed({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + GET_LIMIT]
                    ],
                    "ConsistentRead": True,
                }
            }
            while wanted:
                reply = self._call("batch_get_item", RequestItems=wanted)
                for raw in reply["Responses"].get(self._name, []):
                    item = _plain(raw)
                    found[item["pk"], item["sk"]] = item
                wanted = reply.get("UnprocessedKeys")
        return found

    def put(self, item: Item, condition: str = "", values: Item | None = None) -> None:
        """Raises ConditionFailed."""
        extra: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if values:
            extra["ExpressionAttributeValues"] = _typed(values)
        self._call("put_item", TableName=self._name, Item=_typed(item), **extra)

    def update(
        self,
        pk: str,
        sk: str,
        update: str,
        values: Item,
        condition: str = "",
        names: dict[str, str] | None = None,
    ) -> Item:
        """The item as it is after the update. Raises ConditionFailed."""
        extra: dict[str, Any] = (
            {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
            if condition
            else {}
        )
        if names:
            extra["ExpressionAttributeNames"] = names
        reply = self._call(
            "update_item",
            TableName=self._name,
            Key=_typed({"pk": pk, "sk": sk}),
            UpdateExpression=update,
            ExpressionAttributeValues=_typed(values),
            ReturnValues="ALL_NEW",
            **extra,
        )
        return _plain(reply["Attributes"])

    def delete(self, pk: str, sk: str, condition: str, values: Item) -> None:
        """Raises ConditionFailed."""
        self._call(
            "delete_item",
            TableName=self._name,
            Key=_typed({"pk": pk, "sk": sk}),
            ConditionExpression=condition,
            ExpressionAttributeValues=_typed(values),
        )

    def query(
        self, pk: str, prefix: str = "", *, backwards: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of a partition whose `sk` starts with `prefix`, in its order."""
        for page in self._pages(
            pk, prefix, ScanIndexForward=not backwards, **({"Limit": limit} if limit else {})
        ):
            for raw in page["Items"]:
                yield _plain(raw)
                if limit is not None:
                    limit -= 1
                    if limit == 0:
                        return

    def write_many(
        self, *, put: list[Item] | None = None, delete: list[tuple[str, str]] | None = None
    ) -> None:
        """Unconditional writes, each once or more."""
        requests: list[Any] = [{"PutRequest": {"Item": _typed(item)}} for item in put or []]
        requests += [
            {"DeleteRequest": {"Key": _typed({"pk": pk, "sk": sk})}} for pk, sk in delete or []
        ]
        for start in range(0, len(requests), WRITE_LIMIT):
            left: Any = {self._name: requests[start : start + WRITE_LIMIT]}
            while left:
                left = self._call("batch_write_item", RequestItems=left).get("UnprocessedItems")

    def _pages(self, pk: str, prefix: str, **options: Any) -> Iterator[dict[str, Any]]:
        expression, values = "pk = :pk", {":pk": pk}
        if prefix:
            expression, values = (
                "pk = :pk AND begins_with(sk, :prefix)",
                {":pk": pk, ":prefix": prefix},
            )
        while True:
            page = self._call(
                "query",
                TableName=self._name,
                KeyConditionExpression=expression,
                ExpressionAttributeValues=_typed(values),
                ConsistentRead=True,
                **options,
            )
            yield page
            if "LastEvaluatedKey" not in page:
                return
            options["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            reply: dict[str, Any] = getattr(self._client, operation)(**arguments)
        except aws.FAILURES as error:
            if isinstance(error, ClientError) and aws.code_of(error) == _CONDITION:
                stands: Any = error.response.get("Item", {})
                raise ConditionFailed(_plain(stands)) from None
            if aws.is_passing(error):
                raise StateUnavailable(
                    f"DynamoDB did not answer ({aws.code_of(error)}): {aws.message_of(error)}.",
                    thing=f"state table {self._name}",
                    hint="The call is tried again.",
                ) from None
            raise StackError(
                f"DynamoDB refuses ({aws.code_of(error)}): {aws.message_of(error)}.",
                thing=f"state table {self._name}",
                hint="Deploy the stage (again), with credentials of its account.",
            ) from None
        return reply


def consumer_key(consumer: str, part: str = "") -> str:
    """The `pk` of a consumer's items, or of those of a part: a table, a run."""
    return f"consumer#{consumer}#{part}" if part else f"consumer#{consumer}"


def _typed(item: Item) -> dict[str, Any]:
    return {
        name: {"N": str(value)} if isinstance(value, int) else {"S": value}
        for name, value in item.items()
    }


def _plain(raw: dict[str, Any]) -> Item:
    return {
        name: int(value["N"]) if "N" in value else value.get("S", "") for name, value in raw.items()
    }
