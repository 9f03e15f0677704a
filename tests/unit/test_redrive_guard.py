"""Redrive commands of a function with little time, and of changes that kill it."""

from typing import Any

import pytest

from shared.domain.sink import Outcome, Slice
from shared.flows.redrive.redrive_report import RedriveReport
from tests.unit.test_killing import Deadly, DeadlyWorld
from tests.worlds.consumer_world import change


class SlowRedriven(Deadly):
    """left: seconds until the function is stopped. each: seconds that a change takes."""

    def __init__(self) -> None:
        super().__init__()
        self.left = self.each = 0.0

    def apply(self, slice: Slice) -> list[Outcome]:
        self.left -= self.each * len(slice.arrivals)
        return super().apply(slice)


class SlowRedriveWorld(DeadlyWorld):
    """timeout: of the consumer's function, seconds."""

    def __init__(self, ordering: str) -> None:
        super().__init__(ordering)
        self.timeout, self.started = 60.0, self.now
        self.recorder: SlowRedriven = SlowRedriven()
        self.consume = self.cold_start()

    def cold_start(self) -> Any:
        made = super().cold_start()
        real = made.handle

        def handle(deliveries: Any, _: Any) -> Any:
            self.recorder.left = self.timeout
            return real(deliveries, lambda: self.recorder.left)

        made.handle = handle  # type: ignore[method-assign]
        return made

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        assert self.now < self.started + 7 * 86_400, "the redrive does not end"

    def park(self, *numbers: int, row: int = 0) -> None:
        """Park changes, of a row each or all of one."""
        self.recorder.poison = {f"tx/{n}" for n in numbers}
        self.publish(*(change(n, "u", row or n) for n in numbers))
        self.drain()
        assert len(self.parked()) == len(numbers)
        self.recorder.poison = set()

    def counts(self, report: RedriveReport) -> tuple[int, int, int]:
        return report.chosen, report.applied, report.again


@pytest.fixture(params=["latest-state", "every-change"])
def world(request: Any) -> SlowRedriveWorld:
    return SlowRedriveWorld(request.param)


@pytest.mark.parametrize("each", [0.0, 3.0, 9.0])
def test_a_function_of_10_seconds_redrives(world: SlowRedriveWorld, each: float) -> None:
    world.park(1, 2, 3, row=1 if world.settings.closes_rows else 0)
    world.timeout, world.recorder.each = 10.0, each
    assert world.counts(world.redrive()) == (3, 3, 0)
    assert world.order() == ["tx/1", "tx/2", "tx/3"]
    assert world.nothing_is_left()


@pytest.mark.parametrize("refused", [False, True])
def test_a_change_that_still_kills_is_parked_again_alone(
    world: SlowRedriveWorld, refused: bool
) -> None:
    world.park(*range(1, 7))
    world.recorder.deadly = {"tx/2", "tx/5"}
    if refused:
        world.recorder.poison = {"tx/1"}
    report = world.redrive()
    world.publish(change(11, "u", 9))
    world.drain()
    assert world.counts(report) == ((6, 3, 3) if refused else (6, 4, 2))
    expected = {f"tx/{n}" for n in (1, 3, 4, 6, 11)} - ({"tx/1"} if refused else set())
    assert set(world.order()) == expected
    killed = [one.last for one in world.parked() if one.id in world.recorder.deadly]
    assert len(killed) == 2
    assert all(last.startswith("Killed: the function ended 3 times") for last in killed)
    assert world.recorder.kills <= 8
    assert world.state.groups_in_hand.read("search", ["g"]) == {}
    world.recorder.deadly, world.recorder.poison = set(), set()
    assert world.redrive().again == 0
    assert world.nothing_is_left()


def test_what_follows_a_change_that_kills_waits_in_its_row() -> None:
    world = SlowRedriveWorld("every-change")
    world.park(1, 2, 3, row=1)
    world.recorder.deadly = {"tx/2"}
    assert world.counts(world.redrive()) == (3, 1, 2)
    assert world.order() == ["tx/1"]
    world.recorder.deadly = set()
    assert world.counts(world.redrive()) == (2, 2, 0)
    assert world.order() == ["tx/1", "tx/2", "tx/3"]


def test_an_outage_between_is_no_kill(world: SlowRedriveWorld) -> None:
    world.park(1, 2, 3)
    world.recorder.deadly = {"tx/2"}
    failures = [True] * 12

    def apply(slice: Slice) -> list[Outcome]:
        if world.recorder.kills >= 2 and failures:
            failures.pop()
            return [Outcome("failed", "down")] * len(slice.arrivals)
        if world.recorder.kills >= 2:
            world.recorder.deadly = set()
        return SlowRedriven.apply(world.recorder, slice)

    world.recorder.apply = apply  # type: ignore[method-assign]
    assert world.counts(world.redrive()) == (3, 3, 0)
    assert world.state.groups_in_hand.read("search", ["g"]) == {}
