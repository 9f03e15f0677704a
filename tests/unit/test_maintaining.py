"""Maintenance among twins: what is rewritten, what is dropped, and who may work meanwhile."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.lake.changes_columns import SORTED_BY
from shared.adapters.lake.contract import DataFile
from shared.domain.archive_ledger import Ledger
from shared.flows.archive import compaction_plan
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.auditing import audit
from shared.flows.archive.change_retention import drop_old
from shared.flows.archive.committing import Committer
from shared.flows.archive.key_ranges import sorted_parts
from shared.flows.archive.maintaining import compact, maintain
from tests.worlds.archive_world import BEGAN_MS, EPOCH, STREAM, land
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.state import memory_state

PLACE = (STREAM, EPOCH)
LATER_MS = BEGAN_MS + 100 * 86_400_000


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def file(name: str, at: str, size: int = 1_000) -> DataFile:
    return DataFile(name, size, 10, ms(at), ms(at))


def names(groups: Any) -> list[list[str]]:
    return [[each.path for each in some] for some in groups]


def test_a_file_belongs_to_the_longest_period_that_is_over() -> None:
    files = [
        file("march-1", "2027-03-05T10:00:00"),
        file("march-2", "2027-03-20T10:00:00"),
        file("yesterday-1", "2027-04-09T01:00:00"),
        file("yesterday-2", "2027-04-09T23:00:00"),
        file("this-day-1", "2027-04-10T08:01:00"),
        file("this-day-2", "2027-04-10T08:59:00"),
        file("this-hour-1", "2027-04-10T09:30:00"),
        file("this-hour-2", "2027-04-10T09:31:00"),
    ]
    assert names(compaction_plan.groups(files, ms("2027-04-10T10:05:00"))) == [
        ["march-1", "march-2"],
        ["yesterday-1", "yesterday-2"],
        ["this-day-1", "this-day-2"],
    ]


@settings(deadline=None)
@given(st.lists(st.integers(1, 60 << 20), max_size=40))
def test_a_rewrite_is_never_too_large_and_never_of_one_file(sizes: list[int]) -> None:
    files = [file(f"{n:03d}", "2027-03-05T10:00:00", size) for n, size in enumerate(sizes)]
    groups = list(compaction_plan.groups(files, ms("2027-06-01T00:00:00")))
    for some in groups:
        assert len(some) > 1
        assert sum(each.size for each in some) <= compaction_plan.WIDEST
        assert compaction_plan.parts_of(some) < len(some)
    rewritten = [each.path for some in groups for each in some]
    assert len(rewritten) == len(set(rewritten))
    large = {each.path for each in files if each.size >= compaction_plan.SMALL}
    assert not large & set(rewritten)


def archived(*batches: range) -> tuple[MemoryLanding, MemoryLake]:
    """A file for each batch."""
    landing, lake = MemoryLanding(), MemoryLake()
    for numbers in batches:
        land(landing, numbers)
        Committer(landing, lake, lambda: 0).run(lambda: 300)
    return landing, lake


def rows(lake: MemoryLake) -> list[tuple[Any, ...]]:
    return [
        tuple(row.values()) for batch in lake.scan([*SORTED_BY, "id"]) for row in batch.to_pylist()
    ]


def test_small_files_become_one_sorted_file_with_the_same_rows() -> None:
    _, lake = archived(range(1, 100), range(100, 250), range(250, 260))
    before, done = sorted(rows(lake)), Maintained()
    compact(lake, LATER_MS, lambda: True, done)
    assert (done.rewrites, done.files, len(lake.files())) == (1, 3, 1)
    assert rows(lake) == before  # sorted by its first columns
    assert Ledger.decode(lake.head().ledger).count() == 259
    compact(lake, LATER_MS, lambda: True, done)
    assert done.rewrites == 1


@pytest.mark.parametrize("many", [1, 3, 50])
def test_the_parts_of_a_rewrite_have_every_row_once_and_each_row_in_one_part(many: int) -> None:
    _, lake = archived(range(1, 400), range(400, 1_500), range(1_500, 1_600))
    parts = list(sorted_parts(lake, lake.files(), many))
    assert len(parts) == many or many == 50
    names = [set(part.column("key").to_pylist()) for part in parts]
    assert sum(map(len, names)) == len(set().union(*names)), "no row is in two parts"
    ordered = [tuple(row.values()) for part in parts for row in part.select(SORTED_BY).to_pylist()]
    assert ordered == sorted(ordered)
    assert sorted(n for *_, n in ordered) == list(range(1, 1_600))


def test_a_file_that_is_gone_leaves_the_others() -> None:
    _, lake = archived(range(1, 100), range(100, 200))
    listed = lake.files()
    other = MemoryLake()
    other.versions = lake.versions

    class Stale(MemoryLake):
        def files(self) -> list[DataFile]:
            return listed

    stale = Stale()
    stale.versions = lake.versions
    lake.remove({5})
    compact(lake, LATER_MS, lambda: True, Maintained())
    done = Maintained()
    compact(stale, LATER_MS, lambda: True, done)
    assert (done.rewrites, len(rows(lake))) == (0, 198)


def test_what_is_too_old_is_dropped_and_no_audit_misses_it() -> None:
    landing, lake = archived(range(1, 100), range(100, 200))
    done = Maintained()
    drop_old(lake, BEGAN_MS + 100, done)
    assert (done.dropped, len(rows(lake))) == (99, 100)
    (found,) = audit(lake, memory_state(), (STREAM,))
    assert (found.complete, found.rows, found.through) == (True, 100, 199)
    land(landing, range(50, 60))  # a late copy
    late = Committer(landing, lake, lambda: 0).run(lambda: 300)
    assert (late.rows, late.duplicates) == (0, 10)


def setup(lake: MemoryLake, state: Any, now_ms: int, days: int) -> ArchiveSetup:
    landing, healing = MemoryLanding(), MemoryLanding()
    return ArchiveSetup(
        landing, healing, lake, state, (STREAM,), days, "me", lambda: 900.0, lambda: now_ms / 1000
    )


@pytest.mark.parametrize(("days", "left"), [(0, 199), (30, 0), (200, 199)])
def test_a_run_keeps_changes_as_long_as_the_stanza_says(days: int, left: int) -> None:
    _, lake = archived(range(1, 100), range(100, 200))
    done = maintain(setup(lake, memory_state(), LATER_MS, days))
    assert (len(rows(lake)), done.dropped) == (left, 199 - left)
    assert len(lake.files()) <= 1


def test_only_one_maintains_at_a_time() -> None:
    _, lake = archived(range(1, 100), range(100, 200))
    state = memory_state()
    assert state.leases.hold("archive-maintenance", "another", LATER_MS, LATER_MS + 1)
    assert maintain(setup(lake, state, LATER_MS, 0)).busy
    assert len(lake.files()) == 2
