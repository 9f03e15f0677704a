"""Row snapshot retention: which snapshots of rows are removed, and when."""

from shared.flows.snapshots.snapshot_answers import Tended
from shared.flows.snapshots.snapshot_setup import SnapshotSetup


def remove_expired(setup: SnapshotSetup, done: Tended) -> None:
    """Remove snapshots whose time is over, and what a run that was killed left of others."""
    for each in setup.store.all():
        if each.expires_ms < setup.now_ms():
            setup.store.remove(each.id)
            done.expired.append(each.id)
    # In this order: a run beside this one may be packing a snapshot, which then has a readout, or
    # may have completed it, and then it has a manifest.
    held = setup.table.ids()
    packing = {each.id for each in setup.store.readouts()}
    if gone := held - packing - {each.id for each in setup.store.all()}:
        setup.table.drop(sorted(gone))
