"""A sink that has no room for much of what it gets: the gate closes, and opens when it has."""

import random
from collections.abc import Callable
from typing import Any
from zlib import crc32

import pytest

from shared.adapters.search.bulk_item_error import result_of_item
from shared.adapters.search.contract import Action, Result
from shared.domain import probe_schedule
from shared.flows.consume.applying import Tried
from shared.flows.consume.sink_overload import SinkOverload, is_high
from shared.flows.health.findings.gate_findings import gate_findings
from shared.values.gate import Gate
from tests.worlds.consumer_world import change
from tests.worlds.outage_world import OutageWorld
from tests.worlds.redrive_world import BAD, RedriveWorld
from tests.worlds.twins.search import MemorySearch

FULL = result_of_item({"status": 429, "error": {"type": "es_rejected_execution_exception"}})
Rejects = Callable[[Action], bool]


class Overloaded:
    """An Elasticsearch that rejects some writes of each request. `rejects` may be changed."""

    def __init__(self, rejects: Rejects) -> None:
        self.rejects, self.requests = rejects, 0
        self.world = OutageWorld(self._wrap)

    def _wrap(self, twin: Any) -> Any:
        return _Search(self, twin) if isinstance(twin, MemorySearch) else twin

    def load(self, seconds: int) -> None:
        """Ten changes a second."""
        for second in range(seconds):
            for number in range(10):
                self.world.write((10 * second + number) % 200, second)
            self.world.advance(1)


class _Search:
    def __init__(self, overloaded: Overloaded, twin: MemorySearch) -> None:
        self._overloaded, self._twin = overloaded, twin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._twin, name)

    def bulk(self, actions: list[Action]) -> list[Result]:
        self._overloaded.requests += 1
        taken = [not self._overloaded.rejects(action) for action in actions]
        some = [action for action, take in zip(actions, taken, strict=True) if take]
        done = iter(self._twin.bulk(some))
        return [next(done) if take else FULL for take in taken]


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    for wait in ("FIRST_WAIT", "LONGEST_WAIT"):
        monkeypatch.setattr(f"shared.flows.consume.sinks.elasticsearch.pressed_bulk.{wait}", 0.0)


def by_chance(share: float) -> Rejects:
    dice = random.Random(7)
    return lambda action: dice.random() < share


def by_id(action: Action) -> bool:
    """The same half of all documents each time: one of two nodes is full."""
    return crc32(action.id.encode()) % 2 == 0


def every_second() -> Rejects:
    number = 0

    def rejects(action: Action) -> bool:
        nonlocal number
        number += 1
        return number % 2 == 0

    return rejects


@pytest.mark.parametrize("rejects", [by_chance(0.5), by_chance(0.9), by_id, every_second()])
def test_half_rejected_closes_the_gate_within_a_minute_and_loses_nothing(rejects: Rejects) -> None:
    sink = Overloaded(lambda action: False)
    world = sink.world
    sink.load(60)
    assert world.gate.is_open
    sink.rejects = rejects
    began = world.now
    sink.load(300)
    assert world.closed[0] - (began - world.began) < 60
    assert world.gate.cause in ("overload", "outage")
    assert world.figures["GateClosed"] == 1
    assert (world.world.parked(), world.dlq.depth()) == ([], (0, 0))
    assert world.most_receives < 60
    sink.rejects = lambda action: False
    ended = world.now
    world.settle()
    assert world.gate.is_open
    assert world.now - ended < 300
    assert world.prices() == world.rows
    assert (world.world.parked(), world.dlq.depth()) == ([], (0, 0))


def test_what_a_redrive_is_rejected_counts_too() -> None:
    sink = Overloaded(lambda action: False)
    world = RedriveWorld(wrap=sink._wrap)
    for number in range(10):
        bad = change(2 * number + 1, "c", number, price=BAD)
        world.publish(bad, change(2 * number + 2, "c", 100 + number), group=f"g{number}")
    world.drain()
    assert len(world.parked()) == 10
    world.fix_the_mapping()
    world.now += 60
    sink.rejects = every_second()
    assert world.redrive().applied == 10
    assert world.state.gates.read("search").suspect_ms > 0


def test_a_few_rejections_close_nothing() -> None:
    sink = Overloaded(by_chance(0.1))
    sink.load(900)
    assert (sink.world.closed, sink.world.world.parked()) == ([], [])
    sink.world.settle()
    assert sink.world.prices() == sink.world.rows


def test_what_is_rejected_at_first_is_applied_all_the_same() -> None:
    sink = Overloaded(by_chance(0.5))
    for key in range(10):
        sink.world.write(key, key)
    sink.world.advance(3)
    assert sink.world.prices() == sink.world.rows
    assert sink.requests > 2
    assert sink.world.closed == []


def test_an_overloaded_sink_is_tried_each_minute_because_it_works() -> None:
    sink = Overloaded(by_chance(0.5))
    sink.load(60)
    sink.world.advance(900)
    assert len(sink.world.closed) == 1
    minutes = (sink.world.now - sink.world.gate.since_ms / 1000) / 60
    assert 0.8 <= sink.world.gate.probes / minutes <= 1.1
    assert len(sink.world.prices()) > 50, "each probe applies a batch"


def test_a_sink_that_comes_back_overloaded_is_not_left_alone_for_long() -> None:
    sink = Overloaded(lambda action: False)
    sink.world.down = True
    sink.load(30)
    sink.world.advance(1800)
    assert sink.world.gate.cause == "outage"
    sink.world.down, sink.rejects = False, by_chance(0.9)
    sink.load(30)
    sink.world.advance(1800)
    gate = sink.world.gate
    assert gate.cause == "overload"
    assert gate.next_ms - sink.world.now * 1000 <= probe_schedule.SHORTEST_MS
    sink.rejects = lambda action: False
    ended = sink.world.now
    sink.world.settle()
    assert sink.world.now - ended < 300
    assert sink.world.prices() == sink.world.rows


@pytest.mark.parametrize(
    ("pressed", "asked", "high"),
    [(49, 200, False), (50, 200, True), (1, 4, True), (1, 5, False), (0, 0, False)],
)
def test_how_much_is_much(pressed: int, asked: int, high: bool) -> None:
    assert is_high(pressed, asked) is high


def test_small_batches_are_judged_together() -> None:
    now = [0]
    pressure = SinkOverload(lambda: now[0])
    verdicts = []
    for number in range(30):
        now[0] += 1000
        verdicts.append(pressure.note(Tried(taken=1, pressed=number % 2)))
    assert verdicts[3:] == [True] * 27, "each second batch of one change was clean"
    for _ in range(16):
        now[0] += 1000
        verdicts.append(pressure.note(Tried(taken=1)))
    assert not verdicts[-1]


def test_the_finding_says_what_to_do() -> None:
    gate = Gate(
        cause="overload", since_ms=0, reason="had no room for 5 of 9 changes at first (429)"
    )
    (finding,) = gate_findings("search", gate, 100.0)
    assert finding.level == "fail"
    assert "had no room" in finding.what
    assert "concurrency" in finding.fix
