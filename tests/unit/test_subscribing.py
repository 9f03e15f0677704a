"""A backfill reads only when the filter of the consumer's subscription surely acts."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.domain.subscription_filter import filter_policy, filter_text
from shared.flows.jobs.subscription_in_force import ACTS_AFTER_MS, await_filter
from shared.stage import Stage
from shared.values.pulse import Memory, Pulse, Subscribed
from shared.values.settings import StageSettings
from tests.worlds.consumer_world import consumer_settings
from tests.worlds.outage_world import OutageWorld
from tests.worlds.twins.state import memory_state


class Setup:
    def __init__(self, subscribed_ms: int) -> None:
        self.subscribed_ms, self.ms = subscribed_ms, 10_000_000

    def now_ms(self) -> int:
        return self.ms


def waited(subscribed_ms: int) -> tuple[float, list[str]]:
    setup: Any = Setup(subscribed_ms)
    shown: list[str] = []

    def sleep(seconds: float) -> None:
        setup.ms += int(seconds * 1000)

    await_filter(setup, sleep, shown.append)
    return (setup.ms - 10_000_000) / 1000, shown


def test_a_filter_that_acts_is_not_waited_for() -> None:
    assert waited(0) == (0.0, [])
    assert waited(10_000_000 - ACTS_AFTER_MS) == (0.0, [])


@pytest.mark.usefixtures("far_zone")
def test_a_new_filter_is_waited_for_and_the_time_is_shown() -> None:
    seconds, shown = waited(10_000_000 - 60_000)
    assert seconds == 14 * 60
    assert shown[0] == "waiting until 03:00:40Z: SNS may need 15 minutes for a new filter"


def test_the_watch_remembers_since_when_a_subscription_has_its_filter() -> None:
    world = OutageWorld()
    signs = world.parts.observation.of
    world.watch()
    first = world.parts.state.pulses.read().memory.subscribed["search"]
    assert first == Subscribed(filter_text(signs["search"].filter), int(world.now * 1000))
    world.advance(600)
    assert world.parts.state.pulses.read().memory.subscribed["search"] == first
    signs["search"] = replace(signs["search"], filter={"table": ["shop.other"]})
    world.advance(60)
    changed = world.parts.state.pulses.read().memory.subscribed["search"]
    assert changed.filter != first.filter
    assert changed.since_ms > first.since_ms + 500_000


@pytest.mark.parametrize(
    ("stage", "seen", "expected"),
    [
        ("local", None, 0),
        ("dev", Subscribed(filter_text(filter_policy(consumer_settings())), 77), 77),
        ("dev", Subscribed("another", 77), None),
        ("dev", None, None),
    ],
)
def test_what_the_watch_has_not_seen_has_just_been_deployed(
    stage: str, seen: Subscribed | None, expected: int | None
) -> None:
    consumer = consumer_settings()
    resources: Any = None
    opened = Stage(
        "rowline", stage, StageSettings("rowline", stage, {}, {"search": consumer}), resources
    )
    state = opened.__dict__["state"] = memory_state()
    assert state.pulses.begin("one", 1, 2) is not None
    state.pulses.end("one", Pulse(1, {}, Memory(subscribed={"search": seen} if seen else {})))
    found = opened._subscribed_ms(consumer)
    assert found == expected if expected is not None else found > 1_700_000_000_000
