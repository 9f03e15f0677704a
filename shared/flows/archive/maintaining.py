"""Maintaining: keeps the table small and fast, and keeps changes no longer than they should be.

Small files of periods that are over become fewer sorted files, each with rows of its own. What is
older than the retention is dropped, file by file. Snapshots of the table expire, and a vacuum
removes what nothing refers to any more. Readers see each step whole or not at all, and the
committer works meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from shared.adapters.lake.contract import Lake, Overtaken
from shared.domain.iceberg_retention import ICEBERG_SNAPSHOT_MS, VACUUM_MS
from shared.domain.run_lease import RunLease
from shared.flows.archive import committing, compaction_plan
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.change_retention import drop_old
from shared.flows.archive.key_ranges import sorted_parts
from shared.values.day import DAY_MS

LEASE, LEASE_SECONDS = "archive-maintenance", 600
"""Longer than one rewrite."""

WAIT_MS = 60_000
"""A rewrite waits this long for the committer's run to end; then it commits beside it."""

RESERVE = 240.0
"""Seconds that must be left for one more rewrite."""


def maintain(setup: ArchiveSetup) -> Maintained:
    """Maintain the table once. Another run is harmless, and so is one that was killed anywhere.

    Raises what the lake raises; work that was done stays done.
    """
    lease = RunLease(setup.state.leases, LEASE, setup.holder, LEASE_SECONDS, setup.now_ms)
    if not lease.hold():
        return Maintained(busy=True)
    done = Maintained()
    with lease.given_back():
        now = setup.now_ms()
        if setup.retention_days:
            drop_old(setup.lake, now - setup.retention_days * DAY_MS, done)
        more = lambda: setup.left() > RESERVE and lease.hold()  # noqa: E731
        compact(setup.lake, now, more, done, lambda: alone(setup))
        done.expired = setup.lake.expire(now - ICEBERG_SNAPSHOT_MS)
        removed = setup.lake.vacuum(now - VACUUM_MS)
        done.removed, done.removed_bytes = removed.objects, removed.size
    return done


@contextmanager
def alone(setup: ArchiveSetup) -> Iterator[None]:
    """Keep the committer from committing, once its run is over; do not wait for long."""
    holder, seconds = f"{setup.holder} rewrites", committing.LEASE_SECONDS
    lease = RunLease(setup.state.leases, committing.LEASE, holder, seconds, setup.now_ms)
    end = setup.now_ms() + WAIT_MS
    while not (held := lease.hold()) and setup.now_ms() < end:
        setup.sleep(0.2)
    with lease.given_back() if held else nullcontext():
        yield


def compact(
    lake: Lake,
    now_ms: int,
    may_go_on: Callable[[], bool],
    done: Maintained,
    alone: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Rewrite small files of closed periods. alone: see `Lake.replace`."""
    for some in compaction_plan.groups(lake.files(), now_ms):
        if not may_go_on():
            done.left = True
            return
        try:
            lake.replace(some, sorted_parts(lake, some, compaction_plan.parts_of(some)), alone)
        except Overtaken:
            continue  # one of the files is gone: somebody deleted rows, or dropped old ones
        done.rewrites += 1
        done.files += len(some)
        done.rows += sum(each.rows for each in some)
