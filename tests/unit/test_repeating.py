"""`maxAttempts`: a refused change is tried again within the invocation before it is parked."""

from collections import Counter
from typing import Any

import msgspec
import pytest

from shared.domain.sink import Outcome
from shared.values.change import Change
from tests.unit.test_every_change import EveryChangeWorld, RecordingCode
from tests.worlds.consumer_world import change


class MoodySink(RecordingCode):
    """until: id → attempts in vain. asked: whether its refusals are answers of the sink."""

    def __init__(self) -> None:
        super().__init__()
        self.until: dict[str, int] = {}
        self.calls: Counter[str] = Counter()
        self.asked, self.down = True, False

    def _one(self, group: str, change: Change) -> Outcome:
        self.calls[change.id] += 1
        if self.calls[change.id] > self.until.get(change.id, 0):
            return super()._one(group, change)
        if self.down and self.calls[change.id] > 1:
            return Outcome("failed", "busy")
        return Outcome("refused", "HandlerError: KeyError 'currency'", asked=self.asked)


class MoodyWorld(EveryChangeWorld):
    def __init__(self, ordering: str) -> None:
        super().__init__()
        self.recorder: MoodySink = MoodySink()
        self.settings = msgspec.structs.replace(self.settings, ordering=ordering, max_attempts=3)
        self.consume = self.cold_start()


@pytest.fixture(params=["latest-state", "every-change"])
def world(request: Any) -> MoodyWorld:
    return MoodyWorld(request.param)


def test_what_passes_at_the_third_attempt_is_applied(world: MoodyWorld) -> None:
    world.recorder.until = {"tx/2": 2}
    world.publish(*(change(n, "u", n) for n in range(1, 4)))
    world.drain()
    assert world.parked() == []
    assert sorted(world.order()) == ["tx/1", "tx/2", "tx/3"]
    assert world.recorder.calls == {"tx/1": 1, "tx/2": 3, "tx/3": 1}
    assert world.slept == [0.5, 1.0]


def test_each_change_has_its_own_count_and_the_third_refusal_parks(world: MoodyWorld) -> None:
    world.recorder.until = {"tx/1": 9, "tx/3": 1}
    world.publish(*(change(n, "u", n) for n in range(1, 4)))
    world.drain()
    (parked,) = world.parked()
    assert (parked.id, parked.attempts) == ("tx/1", 3)
    assert world.recorder.calls == {"tx/1": 3, "tx/2": 1, "tx/3": 2}
    assert world.mark("g") == (3, 3)


def test_a_failure_at_a_later_attempt_is_no_refusal(world: MoodyWorld) -> None:
    world.recorder.until, world.recorder.down = {"tx/1": 2}, True
    world.publish(change(1, "u", 1))
    world.drain()
    assert world.parked() == []
    assert world.order() == ["tx/1"]


def test_what_is_refused_before_the_sink_is_parked_at_once(world: MoodyWorld) -> None:
    world.recorder.until, world.recorder.asked = {"tx/1": 2}, False
    world.publish(change(1, "u", 1))
    world.drain()
    assert [(one.id, one.attempts) for one in world.parked()] == [("tx/1", 1)]
    assert world.slept == []


def test_no_row_goes_back_in_time() -> None:
    world = MoodyWorld("latest-state")
    world.recorder.until = {"tx/1": 1, "tx/3": 1, "tx/5": 1}
    world.publish(change(1, "u", 1), change(2, "u", 1), change(3, "u", 2))
    world.publish(change(4, "u", 1), change(5, "t", 0), group="h")
    world.publish(change(6, "u", 1), group="h")
    world.drain()
    assert [one.id for one in world.parked()] == ["tx/1", "tx/5"]
    assert world.order()[-1] == "tx/3", "the only one without a later change of its row"


def test_a_row_is_not_tried_again_behind_its_truncation() -> None:
    world = MoodyWorld("latest-state")
    world.recorder.until = {"tx/1": 1}
    world.publish(change(1, "u", 1), change(2, "t", 0))
    world.drain()
    assert [one.id for one in world.parked()] == ["tx/1"]


def test_waits_take_half_of_the_functions_time_at_most(world: MoodyWorld) -> None:
    world.settings = msgspec.structs.replace(world.settings, max_attempts=10)
    world.recorder.until = {f"tx/{n}": 99 for n in range(1, 6)}
    left = [60.0]

    def sleep(seconds: float) -> None:
        left[0] -= seconds

    world.consume = world.cold_start()
    world.consume._slices._retries._sleep = sleep
    world.publish(*(change(n, "u", n) for n in range(1, 6)))
    consumed = world.consume.handle(world.queue.receive(), lambda: left[0])
    assert consumed.failed == []
    assert left[0] >= 30.0
    assert len(world.parked()) == 5, "their attempts end early"


def test_a_probe_tries_once(world: MoodyWorld) -> None:
    world.recorder.until = {"tx/1": 2}
    world.publish(change(1, "u", 1))
    world.consume._try(world.queue.receive(), lambda: 60.0)
    assert world.recorder.calls["tx/1"] == 1
