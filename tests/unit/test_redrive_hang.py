"""A redrive into a sink that hangs: no change is blamed for what the sink does."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.topic.contract import Entry
from shared.domain.sink import Outcome, Slice
from shared.flows.consume.redrive_kill_guard import LONGEST_MS
from shared.flows.redrive.changes_to_redrive import commands
from tests.unit.test_slow_or_killing import TIMEOUT, SlowCode, SlowCodeWorld
from tests.worlds.consumer_world import change


class HangingWorld(SlowCodeWorld):
    """What the sink does to a function that redrives."""

    def hang(self, kills: int) -> None:
        """Let every call last longer than the function, for so many kills."""
        self.recorder.until = self.recorder.kills + kills

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        assert self.now < 1_800_000_000 + 86_400, "the redrive does not end"

    def park(self, *numbers: int) -> None:
        """Park a change of a row each."""
        self.recorder.poison = {f"tx/{n}" for n in numbers}
        self.publish(*(change(n, "u", n) for n in numbers))
        self.drain()
        assert len(self.parked()) == len(numbers)
        self.recorder.poison = set()

    def probe_only(self) -> None:
        """Let each batch be a probe's from now on."""
        cold_start = self.cold_start

        def probing() -> Any:
            made = cold_start()
            made.handle = (  # type: ignore[method-assign]
                lambda batch, left: made._try(batch, left)[0]
            )
            return made

        self.cold_start = probing  # type: ignore[method-assign]
        self.consume = probing()

    def last_words(self) -> list[str]:
        return [one.last.partition(":")[0] for one in self.parked()]


@pytest.fixture(params=["latest-state", "every-change"])
def world(request: Any) -> HangingWorld:
    return HangingWorld(request.param)


def test_a_short_hang_leaves_no_trace(world: HangingWorld) -> None:
    world.park(*range(1, 9))
    world.hang(30)
    report = world.redrive()
    assert (report.applied, report.again) == (8, 0)
    assert world.recorder.kills == 30
    assert set(world.order()) == {f"tx/{n}" for n in range(1, 9)}
    assert world.nothing_is_left()


def test_a_long_hang_calls_nothing_a_killer(world: HangingWorld) -> None:
    world.park(*range(1, 9))
    world.hang(300)
    report = world.redrive()
    assert report.applied + report.again == 8
    assert set(world.last_words()) == {"Unanswered"}
    world.recorder.until = 0
    assert world.redrive().applied == report.again
    assert world.nothing_is_left()


def test_a_change_that_is_redriven_alone_is_not_called_a_killer(world: HangingWorld) -> None:
    world.park(1)
    world.hang(300)
    assert world.redrive().again == 1
    assert world.last_words() == ["Unanswered"]
    world.recorder.until = 0
    assert world.redrive().applied == 1
    assert world.nothing_is_left()


@pytest.mark.parametrize("probes", [False, True])
def test_a_known_killer_that_is_redriven_alone_is_parked_again_soon(
    world: HangingWorld, probes: bool
) -> None:
    """Also where the gate has closed meanwhile: then only probes try it."""
    world.recorder.deadly = {"tx/1"}
    world.publish(change(1, "u", 1))
    world.drain()
    before, began = world.recorder.kills, world.now
    if probes:
        world.probe_only()
    assert world.redrive().again == 1
    assert world.last_words() == ["Killed"]
    assert world.recorder.kills - before <= 5
    assert world.now - began < LONGEST_MS / 1000


def test_changes_that_all_kill_end_a_redrive(world: HangingWorld) -> None:
    world.park(1, 2, 3)
    world.recorder.deadly = {"tx/1", "tx/2", "tx/3"}
    report = world.redrive()
    assert (report.applied, report.again) == (0, 3)
    assert world.last_words() == ["Unanswered"] * 3
    assert world.now < 1_800_000_000 + LONGEST_MS / 1000 + 300


def test_a_killer_in_front_is_named_after_another_one_was_taken(world: HangingWorld) -> None:
    world.park(1, 2, 3)
    world.recorder.deadly = {"tx/1"}
    report = world.redrive()
    assert (report.applied, report.again) == (2, 1)
    (parked,) = world.parked()
    assert (parked.id, parked.last.partition(":")[0]) == ("tx/1", "Killed")
    assert world.order().count("tx/2") == 1, "the witness is not applied twice"


def test_a_probe_blames_no_change(world: HangingWorld) -> None:
    """While the gate is closed, the sink is what is in doubt."""
    world.park(1, 2)
    world.hang(12)
    world.probe_only()
    report = world.redrive()
    assert (report.applied, report.again) == (2, 0)
    assert world.recorder.kills == 12


def test_a_probe_asks_a_live_change_before_a_command(world: HangingWorld) -> None:
    """A command whose change kills must not keep the gate closed for everything else."""
    world.park(1)
    world.recorder.deadly = {"tx/1"}
    command = next(commands(world.parked(), "a job", 1, "apply"))
    entry = Entry(command.encoded(), "g", command.deduplication_id, command.attributes("shop"))
    world.queue.send([entry])
    world.publish(change(9, "u", 9), group="h")
    batch = world.queue.receive()
    assert [one.group for one in batch] == ["g", "h"]
    consumed, tried = world.consume._try(batch, lambda: TIMEOUT)
    assert consumed.failed == [batch[0].message_id]
    assert tried.took
    assert world.order() == ["tx/9"]


def test_an_outage_that_only_commands_meet_closes_the_gate(world: HangingWorld) -> None:
    world.park(1)
    gates = world.state.gates

    def apply(slice: Slice) -> list[Outcome]:
        if gates.read("search").is_open:
            return [Outcome("failed", "no answer")] * len(slice.arrivals)
        closed.append(gates.read("search").reason)
        resumed = replace(gates.read("search"), cause="")
        gates.write("search", resumed)
        return SlowCode.apply(world.recorder, slice)

    closed: list[str] = []
    world.recorder.apply = apply  # type: ignore[method-assign]
    assert world.redrive().applied == 1
    assert closed == ["no answer"]
