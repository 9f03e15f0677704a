"""Verifying: whether a snapshot is what its manifest says, byte by byte."""

from shared.flows.snapshots.snapshot_answers import Verified
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.snapshot import Snapshot

RESERVE = 60.0


def verify(setup: SnapshotSetup, id: str, start: int = 0) -> Verified:
    """Compare files, rows and checksums with the manifest, from file `start` on.

    Raises ConfigError when there is no such snapshot.
    """
    snapshot = require(setup, id)
    done = Verified()
    if not start:
        done.problems += _listed(setup, snapshot)
    for number, file in enumerate(snapshot.files[start:], start):
        if setup.left() < RESERVE:
            done.next = number
            return done
        found = setup.table.sha256(file.path)
        if found != file.sha256:
            what = "has other bytes than it was written with" if found else "is gone"
            done.problems.append(f"{file.path} {what}")
        done.files += 1
        done.rows += file.rows
    return done


def require(setup: SnapshotSetup, id: str) -> Snapshot:
    """A complete snapshot by its id. Raises ConfigError."""
    snapshot = setup.store.get(id)
    if snapshot is None:
        raise ConfigError("is no snapshot.", thing=id, hint="See rowline snapshot list.")
    return snapshot


def _listed(setup: SnapshotSetup, snapshot: Snapshot) -> list[str]:
    """Differences between the files of the manifest and those of the table."""
    held = {each.file.path: each.file.rows for each in setup.table.packed(snapshot.id)}
    wanted = {each.path: each.rows for each in snapshot.files}
    found = [f"{path} is not in the table" for path in sorted(wanted.keys() - held.keys())]
    found += [f"{path} is not in the manifest" for path in sorted(held.keys() - wanted.keys())]
    found += [
        f"{path} has {counted(held[path], 'row')}, and the manifest {wanted[path]:,}"
        for path in sorted(wanted.keys() & held.keys())
        if held[path] != wanted[path]
    ]
    for name, table in snapshot.tables.items():
        rows = sum(each.rows for each in snapshot.files if each.table == name)
        if rows != table.rows:
            found.append(
                f"{name} has {counted(rows, 'row')} in files, and {table.rows:,} were read"
            )
    return found
