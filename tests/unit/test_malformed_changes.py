"""Malformed changes among sound ones in a message: each is parked alone, nothing else suffers."""

import json
from typing import Any

import msgspec
import pytest

from shared.values.delivery import Delivery
from tests.worlds.consumer_world import ConsumerWorld, change, delivery

WRONG: list[dict[str, Any]] = [
    {"seq": "three"},
    {"op": "x"},
    {"ts_ms": None},
    {"key": "id=1"},
    {"after": [1, 2]},
    {"tx": {"id": "t"}},
    {"id": 7},
]


def spoilt(sound: Delivery, wrong: dict[int, dict[str, Any]]) -> Delivery:
    """The delivery with these fields of these changes of it."""
    body = json.loads(sound.body)
    for at, fields in wrong.items():
        body["changes"][at].update(fields)
    return msgspec.structs.replace(sound, body=json.dumps(body))


@pytest.mark.parametrize("wrong", WRONG, ids=lambda each: next(iter(each)))
def test_a_malformed_change_is_parked_alone(wrong: dict[str, Any]) -> None:
    world = ConsumerWorld()
    rows = [change(n, "c", n, price=n) for n in range(1, 6)]
    done = world.handle(spoilt(delivery(rows), {1: wrong, 3: wrong}))
    assert (done.failed, done.applied) == ([], 3)
    assert set(world.documents()) == {"1", "3", "5"}
    parked = world.parked()
    assert len(parked) == 2
    for one in parked:
        assert one.reason.startswith("change")
        body = world.state.parked.body("search", one)
        (kept,) = json.loads(body or "{}")["changes"]
        assert kept.items() >= wrong.items()


def test_the_same_message_again_parks_nothing_twice() -> None:
    world = ConsumerWorld()
    message = spoilt(delivery([change(1, "c", 1, price=1), change(2, "c", 2)]), {1: {"op": "?"}})
    for _ in range(3):
        assert world.handle(message).failed == []
    assert len(world.parked()) == 1
    assert set(world.documents()) == {"1"}


def test_what_is_no_message_at_all_is_parked_whole() -> None:
    world = ConsumerWorld()
    sound = delivery([change(1, "c", 1)])
    for body in ("no json", '{"changes":[]}', sound.body.replace('"v":1', '"v":99')):
        assert world.handle(msgspec.structs.replace(sound, body=body)).failed == []
    assert world.documents() == {}


def test_of_another_table_nothing_is_parked() -> None:
    world = ConsumerWorld()
    message = spoilt(delivery([change(1, "c", 1)], table="others"), {0: {"op": "?"}})
    assert world.handle(message).failed == []
    assert world.parked() == []
