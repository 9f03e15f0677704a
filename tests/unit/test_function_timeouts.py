"""Jobs wait for functions that began before a deployment lowered their time-out."""

from typing import Any
from unittest import mock

import msgspec
import pytest

from shared.flows.jobs.running_invocations import await_functions
from shared.flows.watch.function_timeouts import note_timeouts
from shared.flows.watch.watch_setup import WatchSetup
from shared.stage import Stage
from shared.values.errors import StackError
from shared.values.pulse import Memory, Pulse, Timeout
from shared.values.settings import StageSettings
from tests.worlds.consumer_world import ConsumerWorld, consumer_settings
from tests.worlds.memory_parts import MemoryParts, watch_setup
from tests.worlds.twins.state import memory_state


@pytest.fixture
def clock() -> list[float]:
    return [1_700_000_000.0]


@pytest.fixture
def setup(clock: list[float]) -> WatchSetup:
    made = watch_setup(ConsumerWorld(), lambda: clock[0])
    note_timeouts(made)
    return made


def deploy(setup: WatchSetup, timeout: int) -> None:
    parts: Any = setup.parts
    consumer = msgspec.structs.replace(parts.settings.consumers["search"], timeout=timeout)
    parts.settings = msgspec.structs.replace(parts.settings, consumers={"search": consumer})
    note_timeouts(setup)


def longest(setup: WatchSetup) -> int:
    return setup.memory.timeouts["search"].longest(setup.now_ms)


def test_a_lowered_time_out_counts_for_as_long_as_it_was(
    setup: WatchSetup, clock: list[float]
) -> None:
    deploy(setup, 900)
    assert longest(setup) == 900
    clock[0] += 10
    deploy(setup, 60)
    clock[0] += 300
    deploy(setup, 120)
    assert longest(setup) == 900, "also when it is changed again"
    clock[0] += 901
    assert longest(setup) == 120


def test_a_former_one_is_kept_while_the_stage_is_deployed(
    setup: WatchSetup, clock: list[float]
) -> None:
    deploy(setup, 900)
    parts = setup.parts
    assert isinstance(parts, MemoryParts)
    parts.changing = True
    deploy(setup, 60)
    clock[0] += 1_000
    note_timeouts(setup)
    assert longest(setup) == 900, "its functions may begin with either"
    parts.changing = False
    note_timeouts(setup)
    clock[0] += 899
    assert longest(setup) == 900
    clock[0] += 2
    assert longest(setup) == 60


def test_jobs_go_on_while_nobody_can_tell_whether_it_is_deployed(setup: WatchSetup) -> None:
    deploy(setup, 900)
    with mock.patch.object(setup.parts, "is_changing", side_effect=StackError("no", thing="x")):
        deploy(setup, 60)
    assert setup.memory.timeouts["search"] == Timeout(900)


def test_a_removed_consumer_is_forgotten(setup: WatchSetup) -> None:
    parts: Any = setup.parts
    parts.settings = msgspec.structs.replace(parts.settings, consumers={})
    note_timeouts(setup)
    assert setup.memory.timeouts == {}


LOWERED = Timeout(60, 900, 1 << 60)


@pytest.mark.parametrize(
    ("stage", "seen", "expected"), [("dev", None, 0), ("dev", LOWERED, 900), ("local", LOWERED, 0)]
)
def test_a_job_knows_the_longest_time_out(stage: str, seen: Timeout | None, expected: int) -> None:
    consumer, resources = consumer_settings(), None
    settings = StageSettings("rowline", stage, {}, {"search": consumer})
    opened = Stage("rowline", stage, settings, resources)  # type: ignore[arg-type]
    state = opened.__dict__["state"] = memory_state()
    assert state.pulses.begin("one", 1, 2) is not None
    state.pulses.end("one", Pulse(1, {}, Memory(timeouts={"search": seen} if seen else {})))
    assert opened._longest_s(consumer) == expected


def test_a_job_waits_for_the_longest_time_out() -> None:
    waits, shown = list[float](), list[str]()

    class Held:
        consumer, longest_s = consumer_settings(), 900

        def wait_out(self, seconds: float, what: str) -> None:
            waits.append(seconds)

    held: Any = Held()
    await_functions(held, held, shown.append, "every function knows")
    held.longest_s = 0
    await_functions(held, held, shown.append, "every function knows")
    assert waits == [905.0, 65.0]
