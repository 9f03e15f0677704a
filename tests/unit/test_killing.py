"""A change that kills the function is parked alone, and everything else is applied."""

from itertools import count
from typing import Any

import msgspec
import pytest

from shared.domain.sink import Outcome, Slice
from shared.values.errors import Outage, StateUnavailable
from tests.unit.test_every_change import EveryChangeWorld, RecordingCode
from tests.worlds.consumer_world import change
from tests.worlds.killed import Killed


class Deadly(RecordingCode):
    """deadly: ids that kill the function."""

    def __init__(self) -> None:
        super().__init__()
        self.deadly: set[str] = set()
        self.kills = 0

    def apply(self, slice: Slice) -> list[Outcome]:
        outcomes = []
        for arrival in slice.arrivals:
            if arrival.change.id in self.deadly:
                self.kills += 1
                raise Killed
            outcomes += super().apply(Slice([arrival]))
        return outcomes


class DeadlyWorld(EveryChangeWorld):
    def __init__(self, ordering: str) -> None:
        super().__init__()
        self.recorder: Deadly = Deadly()
        self.settings = msgspec.structs.replace(self.settings, ordering=ordering)
        self.consume = self.cold_start()

    def work(self) -> None:
        batch = self.queue.receive()
        if not batch:
            return
        try:
            failed = set(self.consume.handle(batch, lambda: 60.0).failed)
        except Killed:
            self.consume = self.cold_start()
            return
        except Outage:
            return
        self.queue.delete([one.receipt_handle for one in batch if one.message_id not in failed])


@pytest.fixture(params=["latest-state", "every-change"])
def world(request: Any) -> DeadlyWorld:
    return DeadlyWorld(request.param)


def test_the_change_alone_is_parked(world: DeadlyWorld) -> None:
    world.recorder.deadly = {"tx/5"}
    for first in (1, 4, 7):
        world.publish(*(change(n, "u", n) for n in range(first, first + 3)))
    world.publish(*(change(n, "u", n) for n in range(101, 105)), group="h")
    world.drain(3_000)
    (parked,) = world.parked()
    assert (parked.id, parked.error) == ("tx/5", "Killed")
    assert set(world.order()) == {f"tx/{n}" for n in (*range(1, 10), *range(101, 105))} - {"tx/5"}
    assert world.mark("g") == (9, 9)
    assert world.mark("h") == (104, 4)
    assert world.recorder.kills <= 6
    assert world.state.groups_in_hand.read("search", ["g", "h"]) == {}


def test_two_deadly_changes_of_two_groups_are_both_found(world: DeadlyWorld) -> None:
    world.recorder.deadly = {"tx/2", "tx/102"}
    for group, first in (("g", 1), ("h", 101)):
        world.publish(*(change(n, "u", n) for n in range(first, first + 4)), group=group)
    world.drain(5_000)
    assert [one.id for one in world.parked()] == ["tx/2", "tx/102"]
    assert len(set(world.order())) == 6


def test_an_outage_of_the_sink_is_no_kill(world: DeadlyWorld) -> None:
    world.publish(*(change(n, "u", n) for n in range(1, 4)))
    down = [True] * 5

    def apply(slice: Slice) -> list[Outcome]:
        if down:
            down.pop()
            return [Outcome("failed", "down")] * len(slice.arrivals)
        return Deadly.apply(world.recorder, slice)

    world.recorder.apply = apply  # type: ignore[method-assign]
    world.drain(3_000)
    assert world.parked() == []
    assert world.order() == ["tx/1", "tx/2", "tx/3"]


def test_after_a_fix_it_is_redriven(world: DeadlyWorld) -> None:
    world.recorder.deadly = {"tx/1"}
    world.publish(change(1, "u", 1))
    world.drain(3_000)
    world.recorder.deadly = set()
    assert world.redrive("error=Killed").applied == 1
    assert world.order() == ["tx/1"]


@pytest.mark.parametrize("calls", [3, 6, 40])
@pytest.mark.parametrize("others", [0, 3])
def test_marks_that_cannot_be_stored_are_no_kills(
    world: DeadlyWorld, calls: int, others: int
) -> None:
    real, failing = world.state.marks.advance, [True] * calls

    def advance(consumer: str, moves: Any) -> set[str]:
        if failing:
            failing.pop()
            raise StateUnavailable("throttles.", thing="state table", hint="")
        return real(consumer, moves)

    world.state.marks.advance = advance  # type: ignore[method-assign]
    for group in range(1 + others):
        for first in range(100 * group + 1, 100 * group + 40, 3):
            changes = (change(n, "u", n) for n in range(first, first + 3))
            world.publish(*changes, group=f"g{group}")
    world.drain(30_000)
    assert world.parked() == []
    assert len(set(world.order())) == 39 * (1 + others)
    assert world.state.groups_in_hand.read("search", [f"g{n}" for n in range(4)]) == {}


def test_an_outage_between_two_kills_does_not_hide_them(world: DeadlyWorld) -> None:
    world.recorder.deadly = {"tx/2"}
    advance, calls = world.state.marks.advance, count()

    def every_second_fails(consumer: str, moves: Any) -> set[str]:
        if next(calls) % 2 == 0:
            raise StateUnavailable("throttles.", thing="state table", hint="")
        return advance(consumer, moves)

    world.state.marks.advance = every_second_fails  # type: ignore[method-assign]
    world.publish(*(change(n, "u", n) for n in range(1, 5)))
    world.drain(20_000)
    assert [one.id for one in world.parked()] == ["tx/2"]
    assert set(world.order()) == {"tx/1", "tx/3", "tx/4"}
