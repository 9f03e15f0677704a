"""The calls to one DynamoDB table that the stores share (long: one class).

Values are typed, every page is read, and errors have a hint.
"""

import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from shared.adapters.aws_errors import FAILURES, code_of, failure
from shared.adapters.state.dynamodb.item import Item, plain, typed
from shared.values.errors import StateUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

GET_LIMIT, WRITE_LIMIT = 100, 25
"""Items a BatchGetItem and a BatchWriteItem take. Source: DynamoDB API reference."""

UNPROCESSED_ATTEMPTS = 10
"""Calls of a batch operation that bring nothing forward, before that counts as an outage: with the
waits between them about 20 s.
"""

_LONGEST_WAIT = 5.0
_CONDITION = "ConditionalCheckFailedException"


class ConditionFailed(Exception):
    """The write's condition did not hold; `item` is the present item."""

    def __init__(self, item: Item) -> None:
        super().__init__("condition failed")
        self.item = item


class StateTable:
    """One table with string keys `pk` and `sk`; reads are consistent."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._name, self._sleep = client, name, sleep

    def get(self, pk: str, sk: str) -> Item | None:
        reply = self._call(
            "get_item", TableName=self._name, Key=typed({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return plain(reply["Item"]) if "Item" in reply else None

    def get_many(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
        """The items that exist, by key."""
        found: dict[tuple[str, str], Item] = {}
        for start in range(0, len(keys), GET_LIMIT):
            wanted: Any = {
                self._name: {
                    "Keys": [
                        typed({"pk": pk, "sk": sk}) for pk, sk in keys[start : start + GET_LIMIT]
                    ],
                    "ConsistentRead": True,
                }
            }
            for reply in self._batches(
                lambda asked: self._call("batch_get_item", RequestItems=asked),
                wanted,
                "UnprocessedKeys",
            ):
                for raw in reply["Responses"].get(self._name, []):
                    item = plain(raw)
                    found[item["pk"], item["sk"]] = item
        return found

    def put(self, item: Item, condition: str = "", values: Item | None = None) -> None:
        """Write an item. Raises ConditionFailed."""
        extra: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        if values:
            extra["ExpressionAttributeValues"] = typed(values)
        self._call("put_item", TableName=self._name, Item=typed(item), **extra)

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
            Key=typed({"pk": pk, "sk": sk}),
            UpdateExpression=update,
            ExpressionAttributeValues=typed(values),
            ReturnValues="ALL_NEW",
            **extra,
        )
        return plain(reply["Attributes"])

    def delete(self, pk: str, sk: str, condition: str, values: Item, names: dict[str, str]) -> None:
        """Delete an item. Raises ConditionFailed."""
        self._call(
            "delete_item",
            TableName=self._name,
            Key=typed({"pk": pk, "sk": sk}),
            ConditionExpression=condition,
            ExpressionAttributeValues=typed(values),
            ExpressionAttributeNames=names,
        )

    def query(
        self, pk: str, prefix: str = "", *, backwards: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Items of a partition whose `sk` starts with `prefix`, in its order."""
        for page in self._pages(
            pk, prefix, ScanIndexForward=not backwards, **({"Limit": limit} if limit else {})
        ):
            for raw in page["Items"]:
                yield plain(raw)
                if limit is not None:
                    limit -= 1
                    if limit == 0:
                        return

    def count_page(self, pk: str, prefix: str, after: str = "") -> tuple[int, str]:
        """Count the items of one page whose `sk` starts with `prefix`; with the page's last `sk`.

        A page is 1 MB at most. Source: DynamoDB API reference, "Query". After the last page the
        `sk` is empty.
        after: the `sk` that the page begins behind.
        """
        begin = {"ExclusiveStartKey": typed({"pk": pk, "sk": after})} if after else {}
        page = next(self._pages(pk, prefix, Select="COUNT", **begin))
        last = page.get("LastEvaluatedKey")
        return page["Count"], str(plain(last)["sk"]) if last else ""

    def between(self, pk: str, first: str, last: str) -> Iterator[Item]:
        """Items of a partition from one `sk` to another, both included, in its order."""
        for page in self._pages(pk, (first, last)):
            yield from map(plain, page["Items"])

    def write_many(
        self, *, put: list[Item] | None = None, delete: list[tuple[str, str]] | None = None
    ) -> None:
        """Unconditional writes, each once or more."""
        requests: list[Any] = [{"PutRequest": {"Item": typed(item)}} for item in put or []]
        requests += [
            {"DeleteRequest": {"Key": typed({"pk": pk, "sk": sk})}} for pk, sk in delete or []
        ]
        for start in range(0, len(requests), WRITE_LIMIT):
            some = {self._name: requests[start : start + WRITE_LIMIT]}
            for _ in self._batches(
                lambda asked: self._call("batch_write_item", RequestItems=asked),
                some,
                "UnprocessedItems",
            ):
                continue

    def _batches(
        self, call: Callable[[Any], dict[str, Any]], asked: Any, rest: str
    ) -> Iterator[dict[str, Any]]:
        """The replies to a batch operation until nothing is left unprocessed.

        A throttled table leaves entries out of a reply that is a success; asked for again at once
        they are left out again. Source: DynamoDB API reference, "BatchGetItem" and
        "BatchWriteItem": "we strongly recommend that you use an exponential backoff algorithm".
        Raises StateUnavailable when nothing more is processed.
        """
        fruitless = 0
        while asked:
            reply = call(asked)
            yield reply
            left: Any = reply.get(rest)
            if left:
                fruitless = fruitless + 1 if _entries(left) == _entries(asked) else 0
                if fruitless == UNPROCESSED_ATTEMPTS:
                    raise StateUnavailable(
                        f"DynamoDB throttles: {_entries(left)} items stay unprocessed.",
                        thing=f"state table {self._name}",
                        hint="The same call may succeed later.",
                    )
                ceiling = min(_LONGEST_WAIT, 0.05 * 2**fruitless)
                self._sleep(random.uniform(ceiling / 2, ceiling))  # noqa: S311 (spread, no secret)
            asked = left

    def _pages(
        self, pk: str, prefix: str | tuple[str, str], **options: Any
    ) -> Iterator[dict[str, Any]]:
        expression, values = "pk = :pk", {":pk": pk}
        if isinstance(prefix, tuple):
            expression += " AND sk BETWEEN :first AND :last"
            values |= {":first": prefix[0], ":last": prefix[1]}
        elif prefix:
            expression, values = (
                "pk = :pk AND begins_with(sk, :prefix)",
                {":pk": pk, ":prefix": prefix},
            )
        while True:
            page = self._call(
                "query",
                TableName=self._name,
                KeyConditionExpression=expression,
                ExpressionAttributeValues=typed(values),
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
        except FAILURES as error:
            if isinstance(error, ClientError) and code_of(error) == _CONDITION:
                stands: Any = error.response.get("Item", {})
                raise ConditionFailed(plain(stands)) from None
            raise failure(
                "DynamoDB",
                error,
                thing=f"state table {self._name}",
                hint="Deploy the stage (again), with credentials of its account.",
            ) from None
        return reply


def consumer_key(consumer: str, part: str = "") -> str:
    """The `pk` of a consumer's items, or of those of a part: a table, a run."""
    return f"consumer#{consumer}#{part}" if part else f"consumer#{consumer}"


def _entries(requests: dict[str, Any]) -> int:
    """How many entries a batch request has; each table's are a list or a mapping with `Keys`."""
    return sum(len(each["Keys"] if isinstance(each, dict) else each) for each in requests.values())
