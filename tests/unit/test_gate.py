"""The gate of a consumer (long: one state): outages of any length, probes, pauses, kills."""

import random
from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.search.contract import Action, Result
from shared.domain import gate_transitions, probe_schedule
from shared.flows.consume import pausing
from shared.flows.health.findings.gate_findings import gate_findings
from shared.values.errors import ConfigError, SearchUnavailable, StateUnavailable
from shared.values.gate import Gate
from tests.tier import SEED, TIER
from tests.worlds.consumer_world import ConsumerWorld, change, consumer_settings, delivery
from tests.worlds.killed import Killed
from tests.worlds.outage_world import DAY, OutageWorld
from tests.worlds.twins.search import MemorySearch


@pytest.fixture
def world() -> OutageWorld:
    return OutageWorld()


def test_the_waits_double_from_one_minute_to_thirty() -> None:
    minutes = [probe_schedule.wait_ms(probes) / 60_000 for probes in range(9)]
    assert minutes == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert probe_schedule.wait_ms(10_000) == probe_schedule.LONGEST_MS


def test_thirteen_days_without_the_sink_lose_nothing_and_stay_in_order(world: OutageWorld) -> None:
    world.write(0, 1)
    world.advance(60)
    world.down = True
    for hour in range(13 * 24):
        world.write(hour % 20, hour)
        world.days(1 / 24)
    assert not world.gate.is_open
    world.down = False
    world.settle()
    assert world.prices() == world.rows
    assert (len(world.closed), len(world.opened)) == (1, 1)
    assert (world.dlq.depth(), world.world.parked(), world.queue.expired) == ((0, 0), [], 0)
    assert world.most_receives < 700, "no message comes near the queue's maxReceiveCount"
    marks = [world.world.mark(f"g{n}") for n in range(5)]
    assert sum(count for _, count in marks) == 13 * 24 + 1, "each change was applied once"


def test_a_short_outage_is_over_soon_after_its_end(world: OutageWorld) -> None:
    for outage, within in ((5, 60), (20, 90), (40, 90), (60, 90)):
        world.write(1, outage)
        world.advance(600)
        world.down = True
        for second in range(outage):
            world.later(second, lambda second=second: world.write(second % 20, second))
        world.later(outage, lambda: setattr(world, "down", False))
        ended = world.now + outage
        world.advance(outage + 1)
        world.settle()
        assert world.now - ended <= within, outage
        assert world.prices() == world.rows


def test_the_gate_closes_after_fifteen_seconds_and_the_figure_says_so(world: OutageWorld) -> None:
    world.advance(60)
    world.down = True
    began = world.now
    while world.gate.is_open:
        world.write(int(world.now) % 20, 1)
        world.advance(1)
        assert world.now - began < 30
    assert world.now - began >= gate_transitions.CLOSE_AFTER_MS / 1000
    world.advance(60)
    assert world.figures["GateClosed"] == 1
    world.advance(600)
    assert world.figures["OldestFailedMs"] > 600_000
    assert world.gate.reason == "memory: does not answer. It is set to be down."
    world.down = False
    world.settle()
    world.advance(60)
    assert (world.figures["GateClosed"], world.figures["OldestFailedMs"]) == (0, 0)


def test_a_closed_gate_switches_the_mapping_off_and_on_again(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(1200)
    assert world.functions.switches == [("search", False)]
    world.down = False
    world.settle()
    world.advance(120)
    assert world.functions.switches == [("search", False), ("search", True)]
    assert world.functions.gives("search")


def test_a_mapping_that_a_deployment_switches_on_changes_nothing(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(1200)
    receives = world.most_receives
    for _ in range(5):
        world.functions.switch("search", on=True)
        world.advance(300)
    assert not world.gate.is_open
    assert world.most_receives - receives < 40
    world.down = False
    world.settle()
    assert world.prices() == {"1": 1}


class Refusing:
    """A sink that reads well, and fails on every write."""

    def __init__(self, twin: Any) -> None:
        self._twin = twin
        self.refusing = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._twin, name)

    def bulk(self, actions: list[Action]) -> list[Result]:
        if self.refusing:
            return [Result("transient", "cluster_block_exception: disk full") for _ in actions]
        results: list[Result] = self._twin.bulk(actions)
        return results


def test_a_sink_that_reads_well_and_refuses_writes_does_not_flap() -> None:
    refusing: list[Refusing] = []

    def wrap(twin: Any) -> Any:
        if isinstance(twin, MemorySearch):
            refusing.append(Refusing(twin))
            refusing[-1].refusing = refusing[0].refusing
            return refusing[-1]
        return twin

    world = OutageWorld(wrap)
    for minute in range(6 * 60):
        world.write(minute % 20, minute)
        world.advance(60)
    assert (len(world.closed), world.opened) == (1, [])
    assert 14 <= world.gate.probes <= 20
    refusing[0].refusing = False
    world.settle()
    assert (len(world.closed), len(world.opened)) == (1, 1)
    assert world.prices() == world.rows


def test_a_sink_that_works_for_a_moment_now_and_then_is_tried_less_and_less(
    world: OutageWorld,
) -> None:
    for minute in range(4 * 60):
        world.down = minute % 5 != 0
        world.write(minute % 20, minute)
        world.advance(60)
    assert len(world.opened) < 12
    world.down = False
    world.settle()
    assert world.prices() == world.rows


def test_half_of_every_request_refused_for_now_closes_nothing() -> None:
    class Half:
        def __init__(self, twin: Any) -> None:
            self._twin = twin

        def __getattr__(self, name: str) -> Any:
            return getattr(self._twin, name)

        def bulk(self, actions: list[Action]) -> list[Result]:
            results = self._twin.bulk([one for at, one in enumerate(actions) if at % 2])
            done = iter(results)
            return [
                next(done) if at % 2 else Result("transient", "429") for at in range(len(actions))
            ]

    world = OutageWorld(lambda twin: Half(twin) if isinstance(twin, MemorySearch) else twin)
    for minute in range(30):
        for key in range(20):
            world.write(key, minute)
        world.advance(60)
    assert world.closed == []
    assert world.world.parked() == []


def test_a_function_that_crashes_on_every_batch_closes_its_gate_and_recovers(
    world: OutageWorld,
) -> None:
    world.write(1, 1)
    world.settle()
    world.crashes = True
    for minute in range(10):
        for key in range(20):
            world.write(key, minute)
        world.advance(60)
    assert world.gate.cause == "errors"
    assert len(world.closed) == 1
    assert 180 <= world.closed[0] <= 480
    receives = world.most_receives
    world.days(1)
    assert world.most_receives - receives < 5
    world.crashes = False
    world.settle()
    assert world.prices() == world.rows


def test_whoever_repaired_the_sink_has_it_tried_within_a_minute(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(5 * 3600 + 300)
    world.down = False
    assert world.gate.next_ms / 1000 - world.now > 120, "the next probe is far"
    pausing.resume(world.world.state.gates, "search", int(world.now * 1000))
    world.advance(130)
    assert world.prices() == {"1": 1}


def test_a_pause_holds_whatever_happens_and_a_resume_ends_it(world: OutageWorld) -> None:
    gates = world.world.state.gates
    pausing.pause(gates, "search", "ann@desk", int(world.now * 1000))
    pausing.pause(gates, "search", "bob@desk", 1)
    assert world.gate.paused == "ann@desk"
    world.write(1, 1)
    world.days(1)
    assert world.prices() == {}
    assert world.functions.started == [], "nobody tries what a person stopped"
    assert pausing.resume(gates, "search", int(world.now * 1000)).is_open
    assert pausing.resume(gates, "search", int(world.now * 1000)).is_open
    world.settle()
    assert world.prices() == {"1": 1}


def test_after_a_resume_messages_flow_before_the_watch_has_looked(world: OutageWorld) -> None:
    gates, function = world.world.state.gates, world.parts.consume_function("search")
    pausing.pause(gates, "search", "ann@desk", int(world.now * 1000))
    world.write(1, 1)
    world.advance(600)
    assert world.functions.mapping(function) == "off"
    world.watching = False
    pausing.resume(gates, "search", int(world.now * 1000))
    pausing.let_flow(world.functions, function)
    for _ in range(9):
        world.advance(10)
    assert world.prices() == {"1": 1}


def test_a_pause_during_an_outage_is_kept_when_a_probe_passes(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(300)
    gates = world.world.state.gates
    pausing.pause(gates, "search", "ann@desk", int(world.now * 1000))
    world.down = False
    world.advance(7200)
    assert world.prices() == {}
    assert pausing.resume(gates, "search", int(world.now * 1000)).cause == "outage"
    world.settle()
    assert world.prices() == {"1": 1}


def test_a_reset_opens_the_gate_of_a_new_sink_and_makes_all_tables_due(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(600)
    assert world.gate.cause == "outage"
    world.down = False
    state, settings = world.world.state, world.world.settings
    gate = pausing.reset(state.gates, state.dues, settings, "ann@desk", int(world.now * 1000))
    assert gate.is_open
    assert gate.probes == 0
    assert {table: one.why for table, one in state.dues.of_consumer("search").items()} == {
        "shop.items": "reset by ann@desk"
    }
    world.settle()
    assert world.prices() == {"1": 1}


def test_a_reset_that_is_killed_has_made_the_tables_due(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    world.advance(600)
    state, settings = world.world.state, world.world.settings

    def killed(*_: Any) -> Any:
        raise Killed

    real, state.gates.write = state.gates.write, killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        pausing.reset(state.gates, state.dues, settings, "ann@desk", 1)
    state.gates.write = real  # type: ignore[method-assign]
    assert set(state.dues.of_consumer("search")) == {"shop.items"}
    assert pausing.reset(state.gates, state.dues, settings, "ann@desk", 2).is_open


def test_a_reset_keeps_a_pause_and_is_not_for_an_archive(world: OutageWorld) -> None:
    state, settings = world.world.state, world.world.settings
    pausing.pause(state.gates, "search", "bob@desk", 1)
    assert pausing.reset(state.gates, state.dues, settings, "ann@desk", 2).paused == "bob@desk"
    archive = replace(settings, sink={"kind": "archive"})
    with pytest.raises(ConfigError, match="archive audit"):
        pausing.reset(state.gates, state.dues, archive, "ann@desk", 3)


def test_the_watch_may_be_away_during_an_outage(world: OutageWorld) -> None:
    """The mapping stays on: batches are returned, not each second."""
    world.down = True
    world.write(1, 1)
    world.advance(60)
    world.watching = False
    while world.now - world.began < 2 * DAY:
        world.advance(3600)
    assert world.most_receives < 500
    world.down, world.watching = False, True
    world._next_watch = world.now
    world.settle()
    assert (world.prices(), world.dlq.depth()) == ({"1": 1}, (0, 0))


class Steps:
    """Kills the process at the `at`-th call to the outside."""

    def __init__(self) -> None:
        self.at, self.calls, self.after = 0, 0, False

    def wrap(self, twin: Any) -> Any:
        steps = self

        class Between:
            def __getattr__(self, name: str) -> Any:
                def call(*args: Any, **kwargs: Any) -> Any:
                    steps.calls += 1
                    fatal = steps.calls == steps.at
                    if fatal and not steps.after:
                        raise Killed
                    answer = getattr(twin, name)(*args, **kwargs)
                    if fatal:
                        raise Killed
                    return answer

                return call

        return Between()


@pytest.mark.soak
@pytest.mark.parametrize("run", range(TIER.outage_runs))
def test_a_kill_between_any_two_steps_loses_nothing(run: int) -> None:
    dice, steps = random.Random(run + 1000 * SEED), Steps()
    world = OutageWorld(steps.wrap)
    world.dice = dice
    for _ in range(dice.randrange(3, 9)):
        world.down = dice.random() < 0.5
        world.crashes = dice.random() < 0.2
        steps.at, steps.after = steps.calls + dice.randrange(1, 60), dice.random() < 0.5
        for _ in range(dice.randrange(1, 12)):
            world.write(dice.randrange(20), dice.randrange(1000))
            world.advance(dice.choice((1, 20, 60, 600)))
    world.down = world.crashes = False
    steps.at = 0
    world.settle()
    assert world.prices() == world.rows
    assert (world.dlq.depth(), world.world.parked()) == ((0, 0), [])


def test_a_probe_for_an_earlier_gate_does_nothing(world: OutageWorld) -> None:
    world.down = True
    world.write(1, 1)
    while world.gate.is_open:
        world.advance(1)
    version = world.gate.version
    world.down = False
    assert world.runtime().probe(version - 1, lambda: 60.0) is None
    assert not world.gate.is_open
    world.now += 40
    assert world.runtime().probe(version, lambda: 60.0) is True
    assert world.gate.is_open


def test_a_probe_that_gets_nothing_does_not_count_and_an_empty_queue_opens() -> None:
    world = OutageWorld()
    world.down = True
    world.write(1, 1)
    while world.gate.is_open:
        world.advance(1)
    gates = world.world.state.gates
    world.now += 40
    (one,) = world.queue.receive(visibility=40)
    gate = gates.write("search", probe_schedule.probing(world.gate, int(world.now * 1000)))
    assert gate
    assert world.runtime().probe(gate.version, lambda: 60.0) is False
    assert (world.gate.probes, world.gate.next_ms) == (0, int(world.now * 1000) + 10_000)
    world.queue.delete([one.receipt_handle])
    assert world.runtime().probe(world.gate.version, lambda: 60.0) is True


def test_a_probe_parks_nothing_and_a_refusal_is_an_answer() -> None:
    world = OutageWorld()
    world.down = True
    world.write(1, 1)
    while world.gate.is_open:
        world.advance(1)
    world.down = False
    world.queue.receive(visibility=1)
    world.now += 40
    bad: Any = {"not": "a number"}
    world.write(2, bad)
    assert world.runtime().probe(world.gate.version, lambda: 60.0) is True
    assert world.world.parked() == []
    world.settle()
    assert len(world.world.parked()) == 1, "a batch parks it"


def unpriced(down: bool) -> OutageWorld:
    """A gate that an outage closed; its mapping refuses rows without a price."""
    world = OutageWorld(settings=consumer_settings(mapping="tests/worlds/own_rows.priced"))
    world.down = True
    world.write(1, 1)
    while world.gate.is_open:
        world.advance(1)
    world.down = down
    world.now += 40
    return world


def test_a_refusal_by_the_mapping_opens_no_gate_of_a_sink_that_is_down() -> None:
    world = unpriced(down=True)
    world.queue.receive(visibility=600)
    nothing: Any = None
    for key in (2, 3):
        world.write(key, nothing)
    version = world.gate.version
    assert world.runtime().probe(version, lambda: 60.0) is False
    assert (world.gate.cause, world.world.parked()) == ("outage", [])
    world.now += 60
    batch = world.queue.receive()
    assert batch, "the mapping of events is still on: a batch becomes the probe"
    assert not world.runtime().handle(batch, lambda: 60.0).gate.is_open


def test_refusals_by_the_mapping_do_not_hide_that_the_sink_is_down() -> None:
    settings = consumer_settings(mapping="tests/worlds/own_rows.priced")
    world, nothing = OutageWorld(settings=settings), None
    world.down = True
    while world.gate.is_open:
        for price in (1, 1, 1, nothing):  # more refusals would close it for another cause
            world.write(0, price)  # type: ignore[arg-type]
        world.advance(1)
        assert world.now - world.began < 60
    assert world.gate.cause == "outage"


def test_a_queue_of_refusals_by_the_mapping_alone_keeps_no_gate_closed() -> None:
    world = unpriced(down=False)
    (good,) = world.queue.receive(visibility=600)
    world.queue.delete([good.receipt_handle])
    nothing: Any = None
    world.write(2, nothing)
    assert world.runtime().probe(world.gate.version, lambda: 60.0) is True
    world.settle()
    assert len(world.world.parked()) == 1, "a batch parks it"


def test_a_gate_that_refusals_of_the_mapping_closed_is_judged_by_them() -> None:
    world = unpriced(down=False)
    gates, nothing = world.world.state.gates, None
    world.write(2, nothing)  # type: ignore[arg-type]
    gate = gates.write("search", replace(world.gate, cause="refusals"))
    assert gate
    assert world.runtime().probe(gate.version, lambda: 60.0) is False
    assert world.gate.probes == gate.probes, "it counts as a probe"


@pytest.mark.parametrize(
    ("cause", "taken", "refused", "unasked", "opens"),
    [
        ("outage", 1, 0, 0, True),
        ("outage", 0, 1, 0, True),
        ("outage", 0, 0, 0, False),
        ("outage", 0, 0, 5, False),
        ("refusals", 3, 2, 0, True),
        ("refusals", 2, 3, 0, False),
        ("refusals", 3, 2, 1, False),
    ],
)
def test_what_opens_a_gate(cause: Any, taken: int, refused: int, unasked: int, opens: bool) -> None:
    assert gate_transitions.passes(cause, taken, refused, unasked) is opens


def test_a_batch_of_a_healthy_consumer_asks_for_no_gate_and_writes_none() -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"gates.{name}")

    world = ConsumerWorld()
    object.__setattr__(world.state, "gates", Untouchable())
    world.consume = world.cold_start()
    assert world.handle(delivery([change(1, "c", 1, price=1)])).applied == 1


def test_a_gate_that_cannot_be_written_leaves_the_batch_as_it_is(world: OutageWorld) -> None:
    class Away:
        def write(self, *_: Any) -> Any:
            raise StateUnavailable("did not answer.")

    world.down = True
    object.__setattr__(world.world.state, "gates", Away())
    consume = world.runtime()
    world.write(1, 1)
    batch = world.queue.receive()
    assert consume.handle(batch, lambda: 60.0).failed == [batch[0].message_id]


def test_a_closed_gate_is_a_finding_with_its_reason_and_the_next_probe() -> None:
    now = 1_000_000.0
    assert gate_findings("search", Gate(), now) == []
    closed = Gate(
        cause="outage",
        reason="SearchUnavailable",
        since_ms=int((now - 720) * 1000),
        probes=3,
        next_ms=int((now + 200) * 1000),
    )
    (found,) = gate_findings("search", closed, now)
    assert (found.thing, found.level) == ("gate search", "fail")
    assert found.what == (
        "has been closed for 12 min: SearchUnavailable; 3 probes, the next in 3 min"
    )
    both = replace(closed, paused="ann@desk", paused_ms=int((now - 60) * 1000))
    paused, _ = gate_findings("search", both, now)
    assert paused.what == "was paused by ann@desk 60 s ago"
    assert "rowline consumer resume search" in paused.fix


def test_the_sink_of_the_world_fails_as_the_real_one_does() -> None:
    search = MemorySearch()
    search.down = True
    with pytest.raises(SearchUnavailable):
        search.version()
