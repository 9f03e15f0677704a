"""The committer among twins (long: one world): killed anywhere, run twice, given all again."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest

from shared.adapters.lake.contract import OutcomeUnknown, Overtaken
from shared.domain.archive_completeness import complete_through
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.auditing import audit
from shared.flows.archive.committing import Committer, commit
from shared.values import landing_encoding
from shared.values.change import Transaction
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.seq import make_seq
from tests.tier import SEED, TIER
from tests.worlds.archive_world import BEGAN_MS, EPOCH, STREAM, change, land, message
from tests.worlds.killed import Killed
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.state import memory_state

PLACE = (STREAM, EPOCH)


def _one_in_ten(dice: random.Random) -> bool:
    return dice.random() < 0.1


class Unreliable:
    """Another thing, each call of which may end the process, before or after it takes effect."""

    def __init__(self, inner: Any, chance: Callable[[], bool]) -> None:
        self._inner, self._chance = inner, chance

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._inner, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._chance():
                raise Killed
            result = called(*args, **kwargs)
            if self._chance():
                raise Killed
            return result

        return call


def numbers_of(lake: MemoryLake) -> list[int]:
    return sorted(n for batch in lake.scan(["n"]) for n in batch.column("n").to_pylist())


def run(landing: Any, lake: Any) -> Any:
    return Committer(landing, lake, lambda: 0).run(lambda: 300)


@pytest.mark.soak
def test_each_change_is_archived_once_whatever_happens() -> None:
    for world in range(TIER.archive_runs):
        dice = random.Random(SEED * 1_000_003 + world)
        landing, lake = MemoryLanding(), MemoryLake()
        given = dice.randint(1, 200)
        batch = dice.randint(1, 40)
        left = list(range(1, given + 1))
        while left:
            count = dice.randint(1, 60)
            some, left = left[:count], left[count:]
            land(landing, some, batch=batch)
            if dice.random() < 0.5:  # delivered again, in other batches
                land(landing, some, batch=dice.randint(1, 40))
            risky = [Unreliable(each, partial(_one_in_ten, dice)) for each in (landing, lake)]
            try:
                run(*risky)
            except Killed:
                continue
        land(landing, range(1, given + 1))
        run(landing, lake)
        assert numbers_of(lake) == list(range(1, given + 1)), f"world {world}"
        assert complete_through(Ledger.decode(lake.head().ledger), PLACE) == given
        assert not landing.objects


def test_who_is_overtaken_starts_over_with_the_newer_ledger() -> None:
    landing, lake = MemoryLanding(), MemoryLake()
    land(landing, range(1, 11))
    overtaken = []

    class Race(MemoryLake):
        def append(self, head: Any, rows: Any, ledger: bytes) -> Any:
            if not overtaken:
                overtaken.append(True)
                other = MemoryLanding()
                land(other, range(5, 16))
                run(other, lake)
            return MemoryLake.append(self, head, rows, ledger)

    race = Race()
    race.versions = lake.versions
    done = run(landing, race)
    assert (done.rows, done.duplicates) == (4, 6)
    assert numbers_of(lake) == list(range(1, 16))


def test_who_is_always_overtaken_gives_up_and_loses_nothing() -> None:
    landing = MemoryLanding()
    land(landing, range(1, 11))

    class Beaten(MemoryLake):
        def append(self, head: Any, rows: Any, ledger: bytes) -> Any:
            raise Overtaken("somebody else has committed.")

    with pytest.raises(Overtaken):
        run(landing, Beaten())
    assert landing.objects


def test_an_unknown_outcome_stops_and_deletes_nothing() -> None:
    landing, lake = MemoryLanding(), MemoryLake()
    land(landing, range(1, 11))

    class Silent(MemoryLake):
        def append(self, head: Any, rows: Any, ledger: bytes) -> Any:
            MemoryLake.append(self, head, rows, ledger)
            raise OutcomeUnknown("no answer.")

    silent = Silent()
    silent.versions = lake.versions
    with pytest.raises(OutcomeUnknown):
        run(landing, silent)
    assert landing.objects
    done = run(landing, lake)
    assert (done.rows, done.duplicates, numbers_of(lake)) == (0, 10, list(range(1, 11)))


def test_an_object_that_cannot_be_read_is_set_aside_and_holds_nothing_up() -> None:
    landing, lake = MemoryLanding(), MemoryLake()
    land(landing, range(1, 11))
    landing.put("0-damaged.zst", b"no zstd")
    done = run(landing, lake)
    assert (done.rows, done.rejected, list(landing.rejected)) == (10, 1, ["0-damaged.zst"])
    assert not landing.objects


@pytest.mark.parametrize(
    ("of_message", "of_change"),
    [
        ({"schema_version": 1 << 31}, {}),
        ({"group": "\ud800"}, {}),
        ({}, {"seq": 1 << 63}),
        ({}, {"seq": -5}),
        ({}, {"ts_ms": 1 << 60}),
        ({}, {"id": "a\ud800"}),
        ({}, {"tx": Transaction("t", 1 << 63, True)}),
    ],
    ids=str,
)
def test_an_object_that_the_table_cannot_hold_is_set_aside_and_holds_nothing_up(
    of_message: dict[str, Any], of_change: dict[str, Any]
) -> None:
    landing, lake = MemoryLanding(), MemoryLake()
    land(landing, range(1, 11))
    spoilt = msgspec.structs.replace(change(20), **of_change)
    carrier = msgspec.structs.replace(message([spoilt]), **of_message)
    landing.put("0-spoilt.zst", landing_encoding.encode([carrier]))
    done = run(landing, lake)
    assert (done.rows, done.rejected, list(landing.rejected)) == (10, 1, ["0-spoilt.zst"])
    assert not landing.objects


def setup(landing: MemoryLanding, lake: MemoryLake, state: Any, holder: str) -> ArchiveSetup:
    return ArchiveSetup(
        landing, MemoryLanding(), lake, state, (STREAM,), 0, holder, lambda: 300, lambda: 1_000.0
    )


def test_only_one_commits_at_a_time() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(1, 11))
    assert state.leases.hold("archive", "another", 999_000, 1_090_000)
    assert commit(setup(landing, lake, state, "me")).busy
    assert landing.objects
    state.leases.release("archive", "another")
    assert commit(setup(landing, lake, state, "me")).rows == 10
    assert state.leases.hold("archive", "another", 1_000_000, 1_090_000)


def test_a_commit_after_a_drain_waits_for_one_that_may_have_missed_its_objects() -> None:
    landing, lake, state, now = MemoryLanding(), MemoryLake(), memory_state(), [1_000.0]
    land(landing, range(1, 11))
    assert state.leases.hold("archive", "another", 999_000, 1_090_000)

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] > 1_005.0:
            state.leases.release("archive", "another")

    mine = setup(landing, lake, state, "me")
    mine = replace(mine, clock=lambda: now[0], sleep=sleep)
    assert commit(mine, wait_seconds=2.0).busy
    assert commit(mine, wait_seconds=20.0).rows == 10


def test_the_audit_names_what_is_missing_repeated_unknown_and_absent() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, [n for n in range(1, 101) if n not in (40, 41)])
    run(landing, lake)
    (found,) = audit(lake, state, (STREAM,))
    assert (found.complete, found.absent.spans, found.through) == (False, [(40, 41)], 39)
    land(landing, [40, 41])
    run(landing, lake)
    (found,) = audit(lake, state, (STREAM,))
    assert (found.complete, found.rows, found.through) == (True, 100, 100)
    lake.remove({3, 50, 51, 52, 99})
    (found,) = audit(lake, state, (STREAM,))
    assert (found.missing.count, found.missing.spans) == (5, [(3, 3), (50, 52), (99, 99)])
    files, ledger = lake.versions[-1]
    (rows, *_) = files.values()
    lake.versions.append(({**files, "copied": rows.slice(0, 2)}, ledger))
    (found,) = audit(lake, state, (STREAM,))
    assert (found.repeated.count, found.complete) == (2, False)


def test_numbers_that_the_stream_gave_out_and_the_archive_never_saw_are_absent() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(7, 11))
    run(landing, lake)
    lease, _ = state.streams.load(STREAM)
    mine = state.streams.acquire(STREAM, lease, "relay")
    assert mine is not None
    checkpoint = Checkpoint(Position("bin.1", 4), make_seq(EPOCH, 12), EPOCH, Lineage("s"), "{}")
    state.streams.renew(STREAM, mine, checkpoint)
    (found,) = audit(lake, state, (STREAM,))
    assert (found.first, found.end, found.absent.spans) == (7, 12, [(11, 12)])


def test_an_audit_since_looks_only_at_younger_changes() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(1, 101))
    run(landing, lake)
    lake.remove({10, 90})
    (found,) = audit(lake, state, (STREAM,), since_ms=BEGAN_MS + 51)
    assert (found.missing.spans, found.rows) == ([(90, 90)], 49)
    assert audit(lake, state, (STREAM,), since_ms=BEGAN_MS + 1_000) == []


def test_an_audit_since_names_what_is_missing_around_the_time() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(1, 101))
    run(landing, lake)
    lake.remove({*range(51, 61), 100})
    (found,) = audit(lake, state, (STREAM,), since_ms=BEGAN_MS + 51)
    assert found.missing.spans == [(51, 60), (100, 100)]
    lake.remove(set(range(41, 101)))  # all that is young, and some before
    (found,) = audit(lake, state, (STREAM,), since_ms=BEGAN_MS + 51)
    assert (found.missing.spans, found.complete) == ([(41, 100)], False)


@pytest.mark.parametrize("epoch", [EPOCH, EPOCH + 5])
def test_an_audit_since_names_what_never_arrived(epoch: int) -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(1, 11), epoch=EPOCH - 1)
    land(landing, range(1, 101))
    run(landing, lake)
    lease, _ = state.streams.load(STREAM)
    mine = state.streams.acquire(STREAM, lease, "relay")
    assert mine is not None
    checkpoint = Checkpoint(Position("bin.1", 4), make_seq(epoch, 120), epoch, Lineage("s"), "{}")
    state.streams.renew(STREAM, mine, checkpoint)
    (found,) = audit(lake, state, (STREAM,), since_ms=BEGAN_MS + 100_000)
    first = 101 if epoch == EPOCH else 1
    assert (found.epoch, found.absent.spans) == (epoch, [(first, 120)])


def test_what_is_lost_at_the_beginning_of_a_later_epoch_is_named() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(50, 61))
    later = EPOCH + 5
    land(landing, range(3, 11), epoch=later)
    run(landing, lake)
    first, second = audit(lake, state, (STREAM,))
    assert (first.epoch, first.complete, first.through) == (EPOCH, True, 60)
    assert (second.absent.spans, second.through) == ([(1, 2)], 0)
    land(landing, [1, 2], epoch=later)
    run(landing, lake)
    assert all(each.complete for each in audit(lake, state, (STREAM,)))


def test_a_later_epoch_that_never_arrived_is_named_whole() -> None:
    landing, lake, state = MemoryLanding(), MemoryLake(), memory_state()
    land(landing, range(50, 61))
    run(landing, lake)
    lease, _ = state.streams.load(STREAM)
    mine = state.streams.acquire(STREAM, lease, "relay")
    assert mine is not None
    later = EPOCH + 5
    checkpoint = Checkpoint(Position("bin.1", 4), make_seq(later, 7), later, Lineage("s"), "{}")
    state.streams.renew(STREAM, mine, checkpoint)
    (_, second) = audit(lake, state, (STREAM,))
    assert (second.epoch, second.absent.spans) == (later, [(1, 7)])
