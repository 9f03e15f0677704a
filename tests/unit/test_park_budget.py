"""Decide, then park: where most is refused, nothing is parked, and nothing is lost."""

import msgspec
import pytest

from tests.unit.test_every_change import EveryChangeWorld
from tests.worlds.consumer_world import ConsumerWorld, change, consumer_settings, delivery
from tests.worlds.redrive_world import BAD, RedriveWorld


def mixed(first: int, count: int, bad: int, group: str = "g") -> object:
    """A message of `count` changes, the first `bad` of them refused."""
    return delivery(
        [
            change(n, "c", n, price=BAD if n < first + bad else n)
            for n in range(first, first + count)
        ],
        group,
    )


def test_a_mapping_that_refuses_most_parks_nothing_and_loses_nothing() -> None:
    world = ConsumerWorld()
    batch = mixed(1, 20, 12)
    done = world.handle(batch)  # type: ignore[arg-type]
    assert (done.parked, world.parked()) == (0, [])
    assert done.failed == [batch.message_id]  # type: ignore[attr-defined]
    assert any("12 of 20 changes" in reason for reason in done.reasons)


def test_where_no_group_can_be_flagged_any_more_nothing_is_parked_and_the_gate_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tests.worlds.twins.state.parked.FLAGS_BYTES", 10)
    world = RedriveWorld()
    world.publish(*(change(n, "c", n, price=BAD if n == 1 else n) for n in range(1, 9)))
    world.work()
    gate = world.state.gates.read("search")
    assert (gate.is_open, world.parked()) == (False, [])
    assert "so many message groups" in gate.reason
    monkeypatch.undo()
    world.drain()
    assert world.state.gates.read("search").is_open
    assert len(world.parked()) == 1


def test_half_of_twenty_is_parked() -> None:
    world = ConsumerWorld()
    done = world.handle(mixed(1, 20, 10))  # type: ignore[arg-type]
    assert (done.parked, len(world.parked()), done.failed) == (10, 10, [])


def test_many_small_batches_share_one_count() -> None:
    world = RedriveWorld()
    for n in range(1, 200):
        world.publish(change(n, "c", n, price=BAD))
        world.work()
    assert len(world.parked()) < 20


def test_a_few_poison_changes_among_many_batches_are_parked() -> None:
    world = RedriveWorld()
    for n in range(1, 300):
        world.publish(change(n, "c", n, price=BAD if n % 10 == 5 else n))
        world.work()
    world.drain()
    assert len(world.parked()) == 30


def test_the_budget_of_a_minute_ends_and_begins_again() -> None:
    world = RedriveWorld(msgspec.structs.replace(consumer_settings(), park_budget=6))
    for n in range(10):
        world.publish(
            *(change(50 * n + i, "c", 50 * n + i, price=BAD if i == 1 else i) for i in range(1, 9))
        )
    for _ in range(10):
        world.work()
    assert 3 <= len(world.parked()) <= 6
    world.now += 61
    world.drain()
    assert len(world.parked()) == 10


@pytest.mark.parametrize("budget", [0, 1])
def test_what_joins_a_closed_row_costs_nothing(budget: int) -> None:
    settings = msgspec.structs.replace(
        consumer_settings(), park_budget=budget, ordering="every-change"
    )
    world = ConsumerWorld(settings)
    message = delivery([change(1, "c", 1, price=BAD), *(change(n, "u", 1) for n in range(2, 9))])
    world.handle(message)
    assert len(world.parked()) == 8 * budget
    assert world.mark() == (8 * budget, 8 * budget)


def test_a_handler_that_refuses_most_closes_no_row() -> None:
    world = EveryChangeWorld()
    world.consume._parking.budget.least = 20
    world.recorder.poison = {f"tx/{n}" for n in range(1, 31)}
    world.publish(*(change(n, "u", n) for n in range(1, 31)))
    world.work()
    assert world.state.gates.read("search").cause == "refusals"
    assert world.nothing_is_left()
    world.recorder.poison = set()
    world.now += 60
    world.drain()
    assert world.order() == [f"tx/{n}" for n in range(1, 31)]
    assert world.nothing_is_left()


def test_the_gate_closes_and_opens_again_once_the_mapping_takes_most() -> None:
    world = RedriveWorld()
    world.publish(*(change(n, "c", n, price=BAD if n % 3 else n) for n in range(1, 31)))
    world.work()
    gate = world.state.gates.read("search")
    assert (gate.cause, world.parked()) == ("refusals", [])
    assert "20 of 30" in gate.reason
    world.drain_some(600)
    assert world.parked() == []
    world.fix_the_mapping()
    world.drain_some(1_200)
    assert world.state.gates.read("search").is_open
    assert (len(world.documents()), world.parked(), world.queue.depth()) == (30, [], (0, 0))
