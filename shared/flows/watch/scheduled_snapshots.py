"""Scheduled snapshots: starts the snapshot of each source when the archive's schedule says so."""

from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.schedule_due import begin_if_due
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.snapshot_work import SnapshotWork


def start_snapshots(setup: WatchSetup) -> None:
    """Put a job into the slot of each archive's consumer whose snapshot is due."""
    settings = setup.parts.settings
    schedule = settings.archive.snapshots.schedule if settings.archive else ""
    if not schedule:
        return
    for_each(
        setup,
        [name for name, each in settings.consumers.items() if each.kind == "archive"],
        lambda name: begin_if_due(setup, name, schedule, SnapshotWork),
    )
