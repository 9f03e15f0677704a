"""When messages come again, and to whom they belong meanwhile."""

import math
from typing import Any

import pytest

from shared.flows.consume.batch_visibility import claim
from shared.flows.consume.consume import Consume
from shared.flows.consume.retry_delay import MAX_OLD_DELAY, back_off, postpone
from shared.values.delivery import Delivery
from shared.values.errors import StateUnavailable
from tests.worlds.consumer_world import ConsumerWorld, change, delivery
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import RETENTION, MemoryQueue
from tests.worlds.twins.topic import Entry

TIME_OUT = 60.0
VISIBILITY = TIME_OUT + 30


class FakeClock:
    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def queue(clock: FakeClock) -> MemoryQueue:
    return MemoryQueue(clock, visibility=VISIBILITY)


@pytest.fixture
def world(queue: MemoryQueue, clock: FakeClock) -> ConsumerWorld:
    world = ConsumerWorld()
    world.queue = queue  # type: ignore[assignment]
    world.consume = Consume(
        world.settings, world.sink(), world.state, MemoryClaims(), queue, clock=clock
    )
    return world


def send(queue: MemoryQueue, *seqs: int, group: str = "g") -> None:
    for seq in seqs:
        one = delivery([change(seq, "c", seq, price=1)], group)
        assert queue.send([Entry(one.body, group, one.deduplication_id, one.attributes)]) == [None]


def test_back_off_doubles_to_half_a_minute() -> None:
    attempts = (1, 2, 3, 4, 5, 6, 999)
    longest = [max(back_off(attempt, 0) for _ in range(200)) for attempt in attempts]
    assert longest == [1, 2, 4, 8, 16, 30, 30]
    assert min(back_off(999, 0) for _ in range(200)) >= 15


def test_a_sink_that_asks_for_ever_gets_an_hour(queue: MemoryQueue, clock: FakeClock) -> None:
    send(queue, 1)
    postpone(queue, queue.receive(), int(clock.now * 1000), {"g": math.inf})
    clock.now += MAX_OLD_DELAY - 1
    assert queue.receive() == []
    clock.now += 2
    assert len(queue.receive()) == 1


def test_what_is_old_waits_a_fiftieth_of_its_age_and_an_hour_at_most() -> None:
    assert {back_off(500, 1_500) for _ in range(200)} <= set(range(15, 31))
    assert {back_off(500, 50_000) for _ in range(500)} <= set(range(875, 1001))
    assert {back_off(900, RETENTION) for _ in range(500)} <= set(range(3150, 3601))


def test_a_message_that_fails_for_fourteen_days_never_comes_near_the_dlq(clock: FakeClock) -> None:
    """An outage of any length leaves the head messages of all groups where they are."""
    dlq = MemoryQueue(clock)
    queue = MemoryQueue(clock, visibility=VISIBILITY, most_receives=1000, dlq=dlq)
    send(queue, 1, 2)
    began, most = clock.now, 0
    while received := queue.receive():
        most = max(most, received[0].attempt)
        seconds = back_off(received[0].attempt, clock.now - began)
        assert queue.hide([one.receipt_handle for one in received], seconds) == set()
        clock.now += seconds + 0.5
    assert clock.now - began >= RETENTION
    assert (most < 900, dlq.depth(), queue.expired) == (True, (0, 0), 2)


def test_messages_that_were_just_received_are_not_touched(
    world: ConsumerWorld, queue: MemoryQueue, clock: FakeClock
) -> None:
    send(queue, 1)
    received = queue.receive()
    clock.now += 19
    assert world.consume.handle(received, lambda: TIME_OUT).failed == []
    assert queue.hidden == {}


@pytest.mark.parametrize("attempt", [1, 2])
def test_an_invocation_begins_the_time_out_again(
    world: ConsumerWorld, queue: MemoryQueue, clock: FakeClock, attempt: int
) -> None:
    send(queue, 1)
    for _ in range(attempt - 1):
        queue.receive()
        clock.now += VISIBILITY + 1
    (one,) = queue.receive()
    clock.now += 25 if attempt == 1 else 1
    assert world.consume.handle([one], lambda: TIME_OUT).failed == []
    assert queue.hidden == {one.receipt_handle: VISIBILITY}


def test_a_batch_that_is_another_invocations_by_now_is_not_touched(
    world: ConsumerWorld, queue: MemoryQueue, clock: FakeClock
) -> None:
    send(queue, 1, 2)
    send(queue, 3, group="h")
    mine = queue.receive()
    clock.now += VISIBILITY + 1
    (first,) = queue.receive(1)
    late = [one for one in mine if one.group == "g"]
    queue.hidden.clear()
    done = world.consume.handle(mine, lambda: TIME_OUT)
    assert set(done.failed) == {one.message_id for one in mine}
    assert (world.documents(), world.mark("g"), world.mark("h")) == ({}, (0, 0), (0, 0))
    assert VISIBILITY in set(queue.hidden.values()), "the claim was tried"
    assert len(queue.hidden) == len(mine), "and nothing else"
    assert late
    assert first.group == "g"
    assert queue.receive(1)[0].group == "h", "the group of the other invocation is still locked"


def test_a_queue_that_does_not_answer_leaves_the_batch_alone(
    world: ConsumerWorld, queue: MemoryQueue, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any) -> set[str]:
        raise StateUnavailable("SQS did not answer.")

    send(queue, 1)
    received = queue.receive()
    clock.now += 30
    monkeypatch.setattr(queue, "hide", down)
    with pytest.raises(StateUnavailable):
        world.consume.handle(received, lambda: TIME_OUT)
    assert world.documents() == {}


def test_the_messages_of_a_killed_function_are_applied_soon(
    world: ConsumerWorld, queue: MemoryQueue, clock: FakeClock
) -> None:
    send(queue, 1)
    queue.receive()
    killed = clock.now
    while not (again := queue.receive()):
        clock.now += 1
    assert world.consume.handle(again, lambda: TIME_OUT).applied == 1
    assert clock.now - killed <= TIME_OUT + 40


def test_a_claim_of_nothing_asks_nothing() -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    young = Delivery("m", "h", "", "g", "d", 1, {}, 0, 999_000)
    asks: Any = type("Queue", (), {"hide": never})()
    assert claim(asks, [young], lambda: TIME_OUT, 1_000_000) == [young]
