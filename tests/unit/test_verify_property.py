"""Verify among changes that flow: it calls nothing a difference that is only under way, finds what
was tampered with, and repairs it for good.
"""

from random import Random
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from shared.flows.verify.verify import Verify
from shared.flows.verify.verify_report import VerifyReport
from shared.values.errors import SearchUnavailable
from shared.values.seq import split_seq
from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import ALIAS

_SETTINGS = settings(
    max_examples=TIER.verify_runs, deadline=None, suppress_health_check=list(HealthCheck)
)


def verify(world: BackfillWorld, **options: Any) -> VerifyReport:
    return Verify(world.setup(), chunk_rows=3, **options).run()


def filled(seed: int) -> BackfillWorld:
    """A world whose index is complete, and in which things then went on."""
    world = BackfillWorld(Random(seed))
    for _ in range(world.random.randrange(20)):
        world.step()
    world.backfill()
    for _ in range(world.random.randrange(20)):
        world.step()
    # A consumer that never comes to the end of its queue is reported as behind; here it does, now
    # and then.
    world.pace[world.write] = world.random.choice((0, 0.3))
    world.pace[world.delete] = world.random.choice((0, 0.1))
    world.pace[world.deliver] = 3
    return world


def test_an_index_that_does_not_answer_is_said_before_the_consumer_is_waited_for() -> None:
    world = filled(1)
    world.write()  # the relay never comes there: waiting for the consumer would take its full time
    world.pace = {world.commit: 1}
    world.world.search.down = True
    began = world.now
    with pytest.raises(SearchUnavailable):
        verify(world)
    assert world.now - began < 1


@pytest.mark.soak
@given(seed=st.integers(0, 2**32))
@_SETTINGS
def test_changes_under_way_are_no_differences(seed: int) -> None:
    world = filled(seed)
    report = verify(world)
    assert (report.differences, report.listed, report.behind) == (0, [], False)


@pytest.mark.soak
@given(seed=st.integers(0, 2**32), repair=st.booleans())
@_SETTINGS
def test_what_was_tampered_with_is_found_and_repaired(seed: int, repair: bool) -> None:
    world = filled(seed)
    world.drain()
    random, held = world.random, world.world.search.indexes.setdefault(ALIAS, {})
    # Keys that the source leaves alone from now on: what is wrong with them stays wrong.
    world.keys = range(6)
    expected = {}
    for key in range(6, 12):
        harm = random.choice(("", "other", "gone", "extra", "newer"))
        document = held.get(str(key))
        there = document is not None and document.body is not None
        if harm == "extra" and not there:
            held[str(key)] = (
                type(next(iter(held.values())))(
                    random.choice((0, 3, world.base + 1, 5 << 40)), {"id": key}
                )
                if held
                else None
            )
            if held[str(key)] is None:
                del held[str(key)]
            else:
                expected[str(key)] = "extra"
        elif harm == "gone" and there:
            del held[str(key)]
            expected[str(key)] = "missing"
        elif harm in ("other", "newer") and document is not None and there:
            document.body = {**(document.body or {}), "title": "tampered"}
            # As an ordinary write does it, by one; or as somebody with external versions of their
            # own.
            document.version += 1 if harm == "other" else 7 << 40
            expected[str(key)] = "different"
    before = {id: (one.version, one.body) for id, one in held.items() if id in expected}
    report = verify(world, repair=repair)
    assert {one.id: one.kind for one in report.listed} == expected
    assert (report.missing, report.extra, report.different) == tuple(
        list(expected.values()).count(kind) for kind in ("missing", "extra", "different")
    )
    assert [one.fields for one in report.listed if one.kind == "different"] == [
        ["title"]
    ] * report.different
    if not repair:
        assert report.differences == len(expected)
        assert {id: (one.version, one.body) for id, one in held.items() if id in expected} == before
        return
    assert report.differences == 0
    world.keys = range(12)
    for _ in range(40):
        world.step()
    world.drain()
    assert world.index() == world.source()
    if report.epochs:
        assert world.epoch > max(split_seq(version)[0] for version, _ in before.values())
