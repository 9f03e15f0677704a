"""Draining an archive consumer's queue among twins: few objects, nothing lost, nothing for ever."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from shared.domain import gate_transitions
from shared.flows.consume.batch_result import Consumed
from shared.flows.consume.draining import MOST_MESSAGES, drained
from shared.flows.consume.pausing import pause
from shared.values.errors import StateUnavailable
from tests.tier import SEED
from tests.worlds.drain_world import NAME, VISIBILITY, DrainWorld
from tests.worlds.killed import Killed


class Breaking:
    """Another thing; the `at`-th call of all that share `calls` breaks, with or without effect."""

    def __init__(self, inner: Any, calls: list[str], at: int, effect: bool, error: Any) -> None:
        self._inner, self._calls, self._at = inner, calls, at
        self._effect, self._error = effect, error

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._calls.append(name)
            if len(self._calls) == self._at:
                if self._effect:
                    called(*args, **kwargs)
                raise self._error
            return called(*args, **kwargs)

        return call


def test_a_run_lands_few_objects() -> None:
    world = DrainWorld()
    world.send(600, groups=64)
    rounds = world.drain()
    assert (world.queue.depth(), world.complete()) == ((0, 0), True)
    assert sum(one.applied for one in rounds) == 600
    assert len(world.landing.objects) == len(rounds) <= 10, "the most of a group"


def test_a_group_with_many_messages_takes_a_round_for_each_ten() -> None:
    world = DrainWorld()
    world.send(45, groups=1)
    assert [one.applied for one in world.drain()] == [10, 10, 10, 10, 5]
    assert world.complete()


def test_a_round_is_bounded() -> None:
    world = DrainWorld()
    world.send(MOST_MESSAGES + 500, groups=10_000)
    first, *_ = world.drain()
    assert MOST_MESSAGES <= first.applied <= MOST_MESSAGES + 40
    assert world.complete()


@pytest.mark.parametrize(("takes", "works"), [(1.0, 50.0), (8.0, 44.0), (20.0, 35.0)])
def test_a_run_works_as_long_as_another_round_has_time(takes: float, works: float) -> None:
    """A function of 60 s whose rounds take so long; no round is left to a kill."""
    world = DrainWorld()
    world.send(3_000, groups=1)
    delete, began = world.queue.delete, world.now

    def slow(handles: list[str]) -> set[str]:
        world.now += takes
        return delete(handles)

    world.queue.delete = slow  # type: ignore[method-assign]
    world.drain()
    assert works - takes < world.now - began <= 60.0


@pytest.mark.parametrize("call", [0.3, 1.0])
def test_a_slow_queue_makes_rounds_small_and_no_run_is_killed(call: float) -> None:
    """Each call of the queue takes so long, whatever how many are under way."""
    world = DrainWorld()
    world.send(1_500, groups=1_000)
    began, lock = world.now, threading.Lock()

    def slow(called: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **options: Any) -> Any:
            with lock:
                world.now += call
                return called(*args, **options)

        return asked

    for name in ("receive", "delete"):
        setattr(world.queue, name, slow(getattr(world.queue, name)))
    rounds = world.drain()
    assert len(rounds) >= 2
    assert 40.0 <= world.now - began <= 60.0


def test_a_run_ends_although_changes_keep_coming() -> None:
    world = DrainWorld()
    world.send(30)
    delete = world.queue.delete

    def and_more(handles: list[str]) -> set[str]:
        world.send(3)
        return delete(handles)

    world.queue.delete = and_more  # type: ignore[method-assign]
    assert len(world.drain()) < 30
    assert set(range(1, 31)) <= set(world.archived())


@pytest.mark.parametrize("effect", [True, False])
@pytest.mark.parametrize("error", [Killed(), StateUnavailable("no reply", thing="AWS")])
def test_nothing_is_lost_where_a_call_ends_the_process_or_its_reply_is_lost(
    error: Any, effect: bool
) -> None:
    """Every call to queue, landing and state, with and without its effect."""
    at, dice = 0, random.Random(SEED)
    while True:
        at += 1
        world, calls = DrainWorld(), list[str]()
        world.send(35, groups=dice.randint(1, 8))

        def wrap(twin: Any, calls: list[str] = calls, at: int = at) -> Any:
            return Breaking(twin, calls, at, effect, error)

        with suppress(Killed, StateUnavailable):
            world.drain(wrap)
        reached = len(calls) >= at
        for _ in range(4):  # what was in flight comes again when its time-out is over
            world.now += VISIBILITY + 1
            world.drain()
        assert world.complete(), (at, calls)
        assert world.queue.depth() == (0, 0), (at, calls)
        if not reached:
            return


def test_a_closed_gate_lets_no_message_be_received() -> None:
    world = DrainWorld()
    world.send(5)
    pause(world.state.gates, NAME, "somebody", 1)
    assert world.drain() == []
    assert world.queue.depth() == (5, 0)


def test_a_landing_that_is_down_ends_the_run_and_closes_the_gate_in_the_next() -> None:
    world = DrainWorld()
    world.send(50)
    world.landing.down = True
    assert len(world.drain()) == 1
    world.now += 60
    (second,) = world.drain()
    assert not second.gate.is_open
    world.landing.down = False
    world.now += 60
    assert world.drain() == [], "the watch's probe opens it"
    gate = world.state.gates.read(NAME)
    world.state.gates.write(NAME, gate_transitions.opened(gate, int(world.now * 1000)))
    world.drain()
    assert world.complete()


def test_messages_that_were_received_before_come_in_small_batches() -> None:
    """One of them may have killed the function, and a small batch shows which."""
    world = DrainWorld()
    world.send(60, groups=60)
    for _ in range(6):
        world.queue.receive(visibility=1)
    world.now += 2
    assert max(one.applied for one in world.drain()) <= 10
    assert world.complete()


def test_what_landed_is_committed_although_a_later_round_fails() -> None:
    started: list[bool] = []

    def rounds() -> Any:
        yield Consumed(applied=3)
        raise StateUnavailable("no reply", thing="SQS")

    with pytest.raises(StateUnavailable):
        drained(rounds(), lambda _: None, lambda: started.append(True))
    assert started == [True]
    assert drained([Consumed(parked=1)], lambda _: None, lambda: started.append(False)) == 1
    assert started == [True], "nothing landed, so there is nothing to commit"
