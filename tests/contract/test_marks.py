"""Marks in small items, and the items that the former version wrote."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters import aws
from shared.adapters.state.dynamodb.item import Item, plain, typed
from shared.adapters.state.dynamodb.marks import DynamoMarks
from shared.values.mark import Mark
from tests.aws_setup import create_state_table, pretend_login

TABLE = "4c5d0a3f0b7f4c7e8f7a9d21"
FORMER: Item = {
    "pk": f"consumer#search#{TABLE}",
    "sk": "mark",
    "seq3": 547715184861118464,
    "count3": 812,
    "seq40": 547715184861118470,
    "count40": 9,
    "seq41": 547715184861118471,
    "count41": 10,
}
"""As the former version stored the marks of a table with 64 shards."""


def group(shard: int) -> str:
    return f"{TABLE}-{shard}"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pretend_login(monkeypatch)
    with mock_aws():
        client = boto3.client("dynamodb", config=aws.config())
        create_state_table("state", client)
        yield client


@pytest.fixture
def marks(client: Any) -> DynamoMarks:
    return DynamoMarks(client, "state")


def put(client: Any, item: Item) -> None:
    client.put_item(TableName="state", Item=typed(item))


def items(client: Any) -> dict[str, Item]:
    found = [plain(each) for each in client.scan(TableName="state")["Items"]]
    return {item["sk"]: item for item in found}


def test_the_marks_of_the_former_version_are_kept(client: Any, marks: DynamoMarks) -> None:
    put(client, FORMER)
    groups = [group(3), group(40), group(41), group(5)]
    before = marks.read("search", groups).marks
    assert before == {
        group(3): Mark(547715184861118464, 812),
        group(40): Mark(547715184861118470, 9),
        group(41): Mark(547715184861118471, 10),
        group(5): Mark(),
    }
    moved = Mark(547715184861118480, 11)
    assert marks.advance("search", {group(40): (before[group(40)], moved)}) == set()
    after = marks.read("search", groups).marks
    assert after == {**before, group(40): moved}
    assert items(client)["mark"] == FORMER
    assert "mark#000" not in items(client), "the other bucket is made when it moves"
    made = items(client)["mark#001"]
    assert (made["s41"], made["c41"]) == (547715184861118471, 10)
    assert marks.advance("search", {group(41): (before[group(41)], moved)}) == set()
    assert marks.advance("search", {group(3): (Mark(), moved)}) == {group(3)}, "not as it stands"
    assert marks.advance("search", {group(3): (before[group(3)], moved)}) == set()


def test_a_function_of_the_former_version_may_go_on_for_a_while(
    client: Any, marks: DynamoMarks
) -> None:
    put(client, FORMER)
    seen = marks.read("search", [group(40)]).marks[group(40)]
    assert marks.advance("search", {group(40): (seen, Mark(seen.seq + 1, 10))}) == set()
    late = Mark(FORMER["seq41"] + 5, 15)
    put(client, {**FORMER, "seq41": late.seq, "count41": late.count})
    assert marks.read("search", [group(41)]).marks == {group(41): late}
    further = Mark(late.seq + 1, 16)
    assert marks.advance("search", {group(41): (late, further)}) == set()
    assert marks.read("search", [group(41)]).marks == {group(41): further}


def test_later_the_former_item_is_not_read(
    client: Any, marks: DynamoMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, FORMER)
    seen = marks.read("search", [group(40)]).marks[group(40)]
    marks.advance("search", {group(40): (seen, Mark(seen.seq + 1, 10))})
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 1201)
    asked: list[Any] = []
    get_many = marks._table.get_many
    monkeypatch.setattr(
        marks._table, "get_many", lambda keys: (asked.append(list(keys)), get_many(keys))[1]
    )
    assert marks.read("search", [group(40)]).marks == {group(40): Mark(seen.seq + 1, 10)}
    assert ("consumer#search#" + TABLE, "mark") not in [key for keys in asked for key in keys]


def test_two_invocations_make_a_bucket_at_once(
    client: Any, marks: DynamoMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, FORMER)
    real = marks._table.get

    def meanwhile(pk: str, sk: str) -> Any:
        monkeypatch.undo()
        other = DynamoMarks(client, "state")
        assert other.advance("search", {group(9): (Mark(), Mark(7, 1))}) == set()
        return real(pk, sk)

    monkeypatch.setattr(marks._table, "get", meanwhile)
    assert marks.advance("search", {group(10): (Mark(), Mark(8, 1))}) == set()
    held = marks.read("search", [group(3), group(9), group(10)]).marks
    assert held == {
        group(3): Mark(FORMER["seq3"], 812),
        group(9): Mark(7, 1),
        group(10): Mark(8, 1),
    }


def test_an_item_is_smaller_than_one_unit_of_a_write(client: Any, marks: DynamoMarks) -> None:
    """Source: DynamoDB developer guide, "DynamoDB item sizes and formats"."""
    largest = Mark(2**63 - 1, 10**9)
    shards = range(992, 1024)
    marks.advance("search", {group(shard): (Mark(), largest) for shard in shards})
    (item,) = items(client).values()
    assert len([name for name in item if name.startswith("s") and name != "sk"]) == len(shards)
    size = 0
    for name, value in item.items():
        digits = (len(str(value)) + 1) // 2 + 1 if isinstance(value, int) else len(value)
        size += len(name) + digits
    assert size <= 1024


def test_buckets_are_moved_side_by_side_and_judged_alone(
    marks: DynamoMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [group(shard) for shard in (1, 40, 70)]
    together, move = threading.Barrier(len(groups), timeout=30), marks._move

    def side_by_side(pk: str, sk: str, moves: Any) -> bool:
        together.wait()  # where one waits for the other, this is an error
        return move(pk, sk, moves)

    monkeypatch.setattr(marks, "_move", side_by_side)
    assert marks.advance("search", {each: (Mark(), Mark(5, 1)) for each in groups}) == set()
    monkeypatch.undo()
    assert set(marks.read("search", groups).marks.values()) == {Mark(5, 1)}
    later = {each: (Mark(5, 1), Mark(9, 2)) for each in groups}
    stale = {group(71): (Mark(4, 1), Mark(9, 2))}
    assert marks.advance("search", later | stale) == {group(71)}
    assert set(marks.read("search", groups).marks.values()) == {Mark(9, 2)}
    assert marks.advance("search", {}) == set()
