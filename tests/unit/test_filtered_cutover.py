"""A new index and a cutover of a consumer with filter and mapping: both indexes hold its documents.

The mapping makes no document of one row, and the filter leaves two others out.
"""

from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.flows.verify.verify_report import VerifyReport
from shared.values.job import BackfillWork, CutoverWork, ResyncWork, VerifyWork
from shared.values.new_indexes import NewIndexes
from shared.values.settings import FilterSettings
from tests.tier import TIER
from tests.unit.test_cutover import NEW, OLD, in_index, run
from tests.unit.test_job_slice import JobsFunction
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import ALIAS, consumer_settings
from tests.worlds.own_rows import listing

pytestmark = pytest.mark.usefixtures("small_chunks")

INSIDE = tuple(f"t{key}" for key in range(10))
CONSUMER = consumer_settings(
    filter=FilterSettings({"title": INSIDE}), mapping="tests/worlds/own_rows.listing"
)


def made(random: Random) -> tuple[BackfillWorld, JobsFunction]:
    """A world with a row outside the filter, one without a document, and one that changes sides."""
    world = BackfillWorld(random, consumer=CONSUMER)
    usual = world.row

    def row(key: int) -> dict[str, Any]:
        moves = key == 2 and random.random() < 0.5
        return {**usual(key), **({"title": "t11"} if moves else {})}

    world.row = row  # type: ignore[method-assign]
    return world, JobsFunction(world)


def documents(world: BackfillWorld) -> dict[str, Any]:
    """What the consumer's stanza makes of the rows."""
    inside = (row for row in world.rows.values() if row["title"] in INSIDE)
    made = {str(row["id"]): listing(row, "shop.items") for row in inside}
    return {id: document for id, document in made.items() if document is not None}


def compared(world: BackfillWorld, machine: JobsFunction, index: str = "") -> VerifyReport:
    """A verify while nothing else happens."""
    pace, world.pace = world.pace, {world.commit: 1}
    job = machine.submit(VerifyWork(index=index), tables=("shop.items",))
    machine.until_over("verify")
    (done,) = (one for one in world.state.jobs.ended("search", 99) if one.id == job.id)
    world.pace = pace
    return msgspec.convert(done.result, VerifyReport)


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(seed=st.integers(0, 2**32), kill_rate=st.sampled_from([0.0, 0.05]))
@settings(
    max_examples=max(5, TIER.backfill_runs // 30),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_both_indexes_hold_its_documents(seed: int, kill_rate: float) -> None:
    world, machine = made(Random(seed))
    run(machine, BackfillWork())
    world.drain()
    assert in_index(world, OLD) == documents(world)
    world.kill_rate = kill_rate
    assert run(machine, BackfillWork(into=NewIndexes())).state == "done"
    world.drain()
    assert in_index(world, NEW) == in_index(world, OLD) == documents(world)
    run(machine, CutoverWork())
    assert world.world.search.index_behind(ALIAS) == NEW
    for _ in range(9):
        world.write()
        world.delete()
    world.drain()
    assert in_index(world, NEW) == in_index(world, OLD) == documents(world)
    world.kill_rate = 0.0
    assert compared(world, machine).differences == 0
    run(machine, CutoverWork(step="rollback"))
    run(machine, CutoverWork())
    run(machine, CutoverWork(step="finish"))
    run(machine, ResyncWork(), tables=("shop.items",))
    world.drain()
    assert in_index(world, NEW) == documents(world)
    assert world.world.parked() == []


def test_a_verify_compares_the_new_index_before_the_cutover() -> None:
    world, machine = made(Random(4))
    world.pace = {world.commit: 1}
    run(machine, BackfillWork())
    run(machine, BackfillWork(into=NewIndexes()))
    assert compared(world, machine, NEW).differences == 0
    search = world.world.search
    (id, *_) = documents(world)
    del search.indexes[NEW][id]
    assert compared(world, machine, NEW).differences == 1
