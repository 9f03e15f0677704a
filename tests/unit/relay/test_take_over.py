"""How long nothing is published after a relay was killed: docs/relay.md promises 75 seconds."""

import pytest

from tests.worlds.relay.world import TABLES, RelayWorld

SCHEDULE_SECONDS = 60.0
STEP_SECONDS = 0.3
"""How often a relay that stands by looks at the lease."""


def pause_after_a_kill(moment: float) -> float:
    """Seconds from a kill, so long after the schedule last started a relay, to the next publish."""
    world = RelayWorld()
    world.start("leave")
    (killed,) = world.relays
    while world.now < moment or killed.outbox is None:
        world.now += STEP_SECONDS
        world._work(killed)
    killed.alive, killed_at = False, world.now
    world.commit([(TABLES["a"], "c", None, {"id": 1, "seller": 1})])
    next_start = SCHEDULE_SECONDS
    while not world.topic.delivered:
        world.now += STEP_SECONDS
        if world.now >= next_start:
            next_start += SCHEDULE_SECONDS
            world.start("leave")
        for relay in world.relays:
            if relay.alive:
                world._work(relay)
        assert world.now < 300, "nobody takes over"
    return world.now - killed_at


@pytest.mark.parametrize("moment", [1.0, 15.0, 30.0, 45.0, 59.9])
def test_the_next_relay_publishes_within_75_seconds(moment: float) -> None:
    pause = pause_after_a_kill(moment)
    assert pause <= 75
    assert pause <= SCHEDULE_SECONDS - moment + 12
