"""A snapshot by schedule is started once a week, for the archive's consumer of each source."""

import msgspec

from shared.flows.watch.scheduled_snapshots import start_snapshots
from shared.values.job import Job
from shared.values.settings import ArchiveSettings, ConsumerSettings, SnapshotSettings
from shared.values.snapshot_work import SnapshotWork
from tests.unit.test_watch import WatchWorld

SUNDAY = 1_795_917_600.0
"""2026-11-29 02:00 UTC."""

ARCHIVE = ConsumerSettings("archiveShop", "shop", ("shop.*",), {"kind": "archive"}, marks=False)


def archived(schedule: str) -> WatchWorld:
    world = WatchWorld()
    settings = world.parts.settings
    world.parts.settings = msgspec.structs.replace(
        settings,
        consumers={**settings.consumers, ARCHIVE.name: ARCHIVE},
        archive=ArchiveSettings(400, snapshots=SnapshotSettings(schedule)),
    )
    return world


def snapshot_job(world: WatchWorld) -> Job | None:
    return world.parts.state.jobs.current(ARCHIVE.name, "fill")


def test_a_snapshot_is_started_once_a_week() -> None:
    world = archived("weekly")
    world.now = SUNDAY - 1
    start_snapshots(world.setup())
    assert snapshot_job(world) is None, "its time has not come"
    world.now = SUNDAY + 30
    start_snapshots(world.setup())
    job = snapshot_job(world)
    assert job
    assert (job.by, job.in_function, job.work) == ("schedule", True, SnapshotWork())
    assert world.parts.state.jobs.current("search", "fill") is None, "it has no archive"
    world.parts.state.jobs.end(msgspec.structs.replace(job, state="done"))
    world.now += 60
    start_snapshots(world.setup())
    assert snapshot_job(world) is None, "it was done already"
    world.now = SUNDAY + 7 * 86_400 + 30
    start_snapshots(world.setup())
    assert snapshot_job(world), "the next week"


def test_none_is_started_without_a_schedule() -> None:
    world = archived("")
    world.now = SUNDAY + 30
    start_snapshots(world.setup())
    assert snapshot_job(world) is None
