"""Whatever happens between a backfill's calls to the outside, and wherever it is killed and run
again, the index ends as the source.
"""

from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.killed import Killed


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(
    seed=st.integers(0, 2**32),
    kill_rate=st.sampled_from([0.0, 0.02, 0.1]),
    failing=st.sampled_from([0.0, 0.3]),
)
@settings(max_examples=TIER.backfill_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_index_becomes_the_source(seed: int, kill_rate: float, failing: float) -> None:
    random = Random(seed)
    world = BackfillWorld(random)
    for _ in range(random.randrange(30)):
        world.step()
    world.kill_rate, world.queue.failing = kill_rate, failing
    for life in range(200):
        if life == 150:
            world.kill_rate = 0.0
        try:
            report = world.backfill(restart=random.random() < 0.1)
        except Killed:
            continue
        break
    assert report.tables == ["shop.items"]
    assert world.world.state.jobs.current("search", "fill") is None
    world.kill_rate = 0.0
    world.world.search.forget_deletions()
    world.drain()
    assert world.index() == world.source()
    assert world.world.parked() == []
