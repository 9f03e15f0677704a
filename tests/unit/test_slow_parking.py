"""A state table so slow that a batch's refusals cannot all be parked in the function's time."""

from typing import Any

import pytest

from tests.unit.test_slow_or_killing import SlowCodeWorld
from tests.worlds.consumer_world import change


@pytest.mark.parametrize("ordering", ["latest-state", "every-change"])
@pytest.mark.parametrize("groups", [1, 10])
def test_parking_ends_before_the_function_does(ordering: str, groups: int) -> None:
    world = SlowCodeWorld(ordering)
    add = world.state.parked.add

    def slow(*given: Any) -> bool:
        world.recorder._spend(3.0)
        return add(*given)

    world.state.parked.add = slow  # type: ignore[assignment,method-assign]
    poison = {f"tx/{n}" for n in range(3, 121, 3)}
    world.recorder.poison = set(poison)
    for group in range(groups):
        some = [change(n, "u", n) for n in range(1, 121) if n % groups == group]
        world.publish(*some, group=f"g{group}")
    world.drain(3_000)
    assert world.recorder.kills == 0
    assert {one.id for one in world.parked()} == poison
    assert set(world.order()) == {f"tx/{n}" for n in range(1, 121)} - poison
    assert world.invocations <= 5
