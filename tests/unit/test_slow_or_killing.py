"""A sink that is slow, or hangs for a while, is told from a change that kills the function."""

from typing import Any

import pytest

from shared.domain.sink import Outcome, Slice
from tests.unit.test_killing import Deadly, DeadlyWorld
from tests.worlds.consumer_world import change
from tests.worlds.killed import Killed

TIMEOUT = 60.0


class SlowCode(Deadly):
    """left: seconds of the invocation. each, call: seconds of a change, and of a call.

    hangs: whether every call lasts longer than the function. until: it hangs for so many kills.
    """

    def __init__(self) -> None:
        super().__init__()
        self.left, self.each, self.call, self.hangs = TIMEOUT, 0.0, 0.0, False
        self.until = 0

    def apply(self, slice: Slice) -> list[Outcome]:
        hangs = self.hangs or self.kills < self.until
        self._spend(2 * TIMEOUT if hangs else self.call)
        outcomes = []
        for arrival in slice.arrivals:
            self._spend(self.each)
            outcomes += super().apply(Slice([arrival]))
        return outcomes

    def _spend(self, seconds: float) -> None:
        self.left -= seconds
        if self.left < 0:
            self.kills += 1
            raise Killed


class SlowCodeWorld(DeadlyWorld):
    """invocations: so many batches were handled."""

    def __init__(self, ordering: str) -> None:
        super().__init__(ordering)
        self.recorder: SlowCode = SlowCode()
        self.consume = self.cold_start()
        self.invocations = 0

    def work(self) -> None:
        batch = self.queue.receive()
        if not batch:
            return
        self.invocations += 1
        self.recorder.left = TIMEOUT
        try:
            failed = set(self.consume.handle(batch, lambda: self.recorder.left).failed)
        except Killed:
            self.consume = self.cold_start()
            return
        self.queue.delete([one.receipt_handle for one in batch if one.message_id not in failed])

    def backlog(self, groups: int, messages: int, changes: int) -> int:
        """Publish so much; returns the number of changes."""
        seq = 0
        for _ in range(messages):
            for group in range(groups):
                some = [change(seq + n, "u", seq + n) for n in range(1, changes + 1)]
                self.publish(*some, group=f"g{group}")
                seq += changes
        return seq


@pytest.fixture(params=["latest-state", "every-change"])
def world(request: Any) -> SlowCodeWorld:
    return SlowCodeWorld(request.param)


def test_a_backlog_of_a_slow_sink_shrinks_although_it_has_killed() -> None:
    world = SlowCodeWorld("latest-state")
    many = world.backlog(1, 10, 30)
    world.recorder.hangs = True
    while world.recorder.kills < 3:
        world.drain_some(1)
    world.recorder.hangs, world.recorder.call, world.invocations = False, 3.0, 0
    world.drain(3_000)
    assert len(set(world.order())) == many
    assert world.parked() == []
    assert world.invocations <= 6, "one by one, these are 75 invocations"


@pytest.mark.parametrize("each", [16.0, 29.0, 45.0])
def test_changes_that_take_most_of_the_time_are_not_parked(
    world: SlowCodeWorld, each: float
) -> None:
    many = world.backlog(2, 2, 3)
    world.recorder.hangs = True
    while world.recorder.kills < 3:
        world.drain_some(1)
    world.recorder.hangs, world.recorder.each = False, each
    world.drain(20_000)
    assert len(set(world.order())) == many
    assert world.parked() == []


@pytest.mark.parametrize("shape", [(12, 1, 1), (3, 3, 2), (1, 12, 2)])
def test_a_sink_that_hangs_for_hours_parks_nothing(
    world: SlowCodeWorld, shape: tuple[int, int, int]
) -> None:
    many = world.backlog(*shape)
    world.recorder.hangs = True
    world.drain_some(7_200)
    assert world.parked() == []
    world.recorder.hangs = False
    world.drain(3_000)
    assert world.parked() == []
    assert len(set(world.order())) == many


def test_the_number_of_attempts_is_that_of_the_kills(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/3"}
    world.backlog(1, 2, 3)
    world.drain(3_000)
    (parked,) = world.parked()
    assert (parked.id, parked.attempts) == ("tx/3", world.recorder.kills)
    assert parked.attempts == 5


def test_groups_do_not_wait_for_the_kills_of_another_one(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/1", "tx/2"}
    world.backlog(4, 1, 1)
    while world.recorder.kills < 2:
        world.drain_some(1)
    world.now += 90
    world.work()  # the first killer alone
    assert world.recorder.kills == 3
    world.work()  # at the same second: the second killer alone
    assert world.recorder.kills == 4
    world.work()
    world.work()
    assert set(world.order()) == {"tx/3", "tx/4"}
    world.drain(3_000)
    assert {one.id for one in world.parked()} == {"tx/1", "tx/2"}
    assert world.recorder.kills <= 8


def test_killers_of_one_group_are_parked_and_no_other_change(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/2", "tx/5", "tx/6"}
    world.backlog(1, 3, 3)
    world.drain(9_000)
    assert {one.id for one in world.parked()} == world.recorder.deadly
    assert len(set(world.order())) == 6


def test_a_killer_is_parked_while_many_other_changes_wait(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/1", "tx/40"}
    many = world.backlog(2, 20, 2)
    world.drain(9_000)
    assert {one.id for one in world.parked()} == world.recorder.deadly
    assert len(set(world.order())) == many - 2


def test_a_new_version_of_the_code_tries_the_change_again(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/1"}
    world.backlog(1, 1, 1)
    while world.recorder.kills < 4:
        world.drain_some(1)
    world.consume._begun._version = "v2"
    world.recorder.deadly = set()
    world.drain(3_000)
    assert world.parked() == []
    assert world.order() == ["tx/1"]


def test_a_redrive_counts_the_kills_as_attempts_too(world: SlowCodeWorld) -> None:
    world.recorder.deadly = {"tx/1"}
    world.backlog(1, 1, 1)
    world.drain(3_000)
    assert world.parked()[0].attempts == world.recorder.kills == 5
    assert world.redrive().again == 1
    assert world.parked()[0].attempts == world.recorder.kills > 5


def test_a_redrive_uses_its_time_after_a_slow_sink_has_killed_it(world: SlowCodeWorld) -> None:
    world.recorder.poison = {f"tx/{n}" for n in range(1, 13)}
    world.backlog(1, 1, 12)
    world.drain()
    assert len(world.parked()) == 12
    world.recorder.poison = set()
    world.recorder.until, world.recorder.call, world.invocations = 2, 9.0, 0
    assert world.redrive().applied == 12
    assert world.nothing_is_left()
    assert world.invocations <= 6, "with four fifths of the time left, these are 8"
