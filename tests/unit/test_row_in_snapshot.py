"""History and snapshots: a row that never changed is known from a snapshot that has read it."""

import random
from collections import Counter

import msgspec
import pytest

from shared.domain.archived_change import Archived
from shared.domain.row_in_snapshot import SKEW_US, SnapshotRow, nearest
from shared.flows.history.history import row_at
from shared.flows.history.history_setup import HistorySetup
from tests.tier import TIER
from tests.unit.test_history import bare, key_text, moment, opened, plain
from tests.worlds.past_world import SOURCE, STREAM, PastWorld
from tests.worlds.twins.athena import MemoryAthena
from tests.worlds.twins.snapshots import MemorySnapshotStore


def with_snapshots(world: PastWorld) -> HistorySetup:
    athena = MemoryAthena(ready=True)
    athena.append(world.rows)
    athena.append_snapshots(world.snapshots)
    return HistorySetup(athena, world, world.state, {STREAM: SOURCE}, MemorySnapshotStore())


@pytest.mark.soak
def test_what_a_snapshot_tells_is_what_the_row_was() -> None:
    """The archive begins when rows are there; a snapshot reads some of them while others change."""
    seen = Counter[str]()
    for seed in range(2 * TIER.history_worlds):
        _compare(seed, seen)
    assert seen["told"] > 10 * TIER.history_worlds, seen


def _compare(seed: int, seen: Counter[str]) -> None:
    world, chosen = PastWorld(seed).run(60), random.Random(seed)
    world.begin_archive()
    for _ in range(4):
        world.run(chosen.randrange(1, 5))
        world.read(share=0.7)
    world.wait(ms=600_000)
    world.run(10)
    without, setup = opened(world), with_snapshots(world)
    for _ in range(30):
        key = chosen.choice(sorted(world.keys))
        at = chosen.randrange(world.first_ms, world.end_ms + 5)
        before = row_at(without, "listings", key_text(key), moment(at))
        if before.found.state != "unknown":
            continue
        seen["unknown"] += 1
        found = row_at(setup, "listings", key_text(key), moment(at))
        if found.found.state == "unknown":
            continue
        expected, told = world.true_row(key, at), plain(found)
        assert found.found.state == "exists"
        assert expected is not None, (key, at, found.found)
        assert told is not None
        seen["told"] += 1
        for name in (told.keys() & expected.keys()) - set(found.found.assumed):
            assert bare(told[name]) == bare(expected[name]), (key, at, name, found.found)


AT = 1_000 * SKEW_US


def row(n: int, read_us: int) -> SnapshotRow:
    return SnapshotRow("weekly", 1, n, read_us, 1, {"id": msgspec.Raw(b"1")})


@pytest.mark.parametrize(
    ("read_us", "changed", "proves"),
    [
        (AT, (), True),
        (AT + 99 * SKEW_US, (), True),
        (AT - 99 * SKEW_US, (), True),
        (AT - 1, ((50, AT - 9),), True),  # it holds this change
        (AT - 1, ((51, AT - 9),), False),  # it may lack this one
        (AT + 1, ((51, AT + 1 + SKEW_US),), False),  # it may hold this one
        (AT + 1, ((51, AT + 2 + SKEW_US),), True),
        (AT + 99 * SKEW_US, ((50, AT + SKEW_US),), False),  # it changed in between
        (AT - 99 * SKEW_US, ((51, AT - SKEW_US),), False),
    ],
)
def test_a_reading_proves_a_time_only_without_a_change_in_between(
    read_us: int, changed: tuple[tuple[int, int], ...], proves: bool
) -> None:
    changes = [archived(n, at_us) for n, at_us in changed]
    assert (nearest([row(50, read_us)], changes, AT) is not None) == proves


def test_the_nearest_reading_counts() -> None:
    near, far = row(50, AT + 5), row(40, AT - 50)
    assert nearest([far, near], [], AT) is near
    assert nearest([far, near], [archived(45, AT - 1)], AT) is near
    assert nearest([], [], AT) is None


def archived(n: int, at_us: int) -> Archived:
    return Archived(STREAM, 1, n, f"tx@{n}/0.0", "u", "{}", at_us, {}, {}, "tx", 0, True, 1)


def test_a_row_that_never_changed_is_known_from_its_snapshot() -> None:
    world = PastWorld(3).run(5)
    world.begin_archive()
    still = sorted(world.keys)
    world.run(5)  # it only inserts
    world.wait(ms=600_000)
    world.read()
    world.wait(ms=600_000)
    world.run(5)
    setup, told = with_snapshots(world), 0
    for key in still:
        if world.true_row(key, world.end_ms) is None:
            continue
        for at_ms in (world.first_ms, world.end_ms):
            found = row_at(setup, "listings", key_text(key), moment(at_ms))
            assert (found.found.state, found.found.certain) == ("exists", True)
            assert plain(found) == world.true_row(key, at_ms)
            assert "weekly" in found.found.why
            told += 1
    assert told > 4
    nobody = row_at(setup, "listings", key_text(("nobody", 1)), moment(world.end_ms))
    assert nobody.found.state == "unknown"


def test_a_snapshot_from_before_a_gap_tells_nothing_of_later_times() -> None:
    world = PastWorld(3).run(5)
    world.begin_archive()
    still = sorted(world.keys)[0]
    world.run(5)
    world.wait(ms=600_000)
    world.read()
    world.wait(ms=600_000)
    world.run(5)
    before = world.end_ms
    world.wait(ms=600_000)
    world.stop_capture(ms=600_000)
    world.run(5)
    setup = with_snapshots(world)
    asked = [
        row_at(setup, "listings", key_text(still), moment(at)) for at in (before, world.end_ms)
    ]
    assert [each.found.state for each in asked] == ["exists", "unknown"]
