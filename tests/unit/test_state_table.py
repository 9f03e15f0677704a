"""The calls to DynamoDB that the state stores share: what a throttled table leaves out."""

import threading
from typing import Any

import pytest

from shared.adapters.state.dynamodb.deletions import AT_ONCE, DynamoDeletions
from shared.adapters.state.dynamodb.parked import DynamoParked
from shared.adapters.state.dynamodb.state_table import StateTable
from shared.values.errors import StateUnavailable


class Throttled:
    """A client that processes one entry of each batch, until it processes none."""

    def __init__(self, processed: int) -> None:
        self.left, self.written = processed, list[str]()

    def batch_write_item(self, RequestItems: Any) -> dict[str, Any]:
        entries = RequestItems["state"]
        done = min(self.left, 1)
        self.left -= done
        self.written += [each["PutRequest"]["Item"]["sk"]["S"] for each in entries[:done]]
        rest = entries[done:]
        return {"UnprocessedItems": {"state": rest} if rest else {}}

    def batch_get_item(self, RequestItems: Any) -> dict[str, Any]:
        keys = RequestItems["state"]["Keys"]
        done = min(self.left, 1)
        self.left -= done
        rest = {**RequestItems["state"], "Keys": keys[done:]}
        return {
            "Responses": {"state": keys[:done]},
            "UnprocessedKeys": {"state": rest} if keys[done:] else {},
        }


def test_what_was_left_out_is_asked_for_again_after_a_wait() -> None:
    client, waits = Throttled(9), list[float]()
    table = StateTable(client, "state", waits.append)  # type: ignore[arg-type]
    table.write_many(put=[{"pk": "a", "sk": str(number)} for number in range(4)])
    assert client.written == ["0", "1", "2", "3"]
    assert len(waits) == 3
    assert all(0 < wait <= 0.1 for wait in waits), "each call brought something forward"
    keys = [("a", str(number)) for number in range(3)]
    assert list(table.get_many(keys)) == keys


def test_a_table_that_processes_nothing_is_an_outage_and_the_waits_grow() -> None:
    waits = list[float]()
    table = StateTable(Throttled(1), "state", waits.append)  # type: ignore[arg-type]
    with pytest.raises(StateUnavailable, match="DynamoDB throttles: 2 items stay unprocessed"):
        table.get_many([("a", "1"), ("a", "2"), ("a", "3")])
    assert waits[-1] > 2 > 0.1 > waits[0]
    assert 5 < sum(waits) < 40


def test_deletions_are_recorded_beside_each_other() -> None:
    both = threading.Barrier(2, timeout=10)

    class Slow:
        """Answers when two requests have come."""

        def update_item(self, **_request: Any) -> dict[str, Any]:
            both.wait()
            return {"Attributes": {}}

    deletions = DynamoDeletions(Slow(), "state")  # type: ignore[arg-type]
    deletions.record("search", "r1", {f"listings/{id}": 7 for id in range(AT_ONCE)})


class Updated:
    """A client with DynamoDB's limit of an update expression."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def update_item(self, **asked: Any) -> dict[str, Any]:
        assert len(asked["UpdateExpression"].encode()) <= 4096, "ValidationException"
        self.names |= set(asked["ExpressionAttributeNames"].values())
        return {"Attributes": {}}


def test_flags_of_many_groups_fit_into_the_expressions_of_their_updates() -> None:
    """A consumer that is drained parks changes of up to a thousand groups at a time."""
    client, groups = Updated(), {f"shop-items-{n}" for n in range(1_000)}
    DynamoParked(client, "state").flag("search", groups)  # type: ignore[arg-type]
    assert client.names == {f"group {each}" for each in groups}
