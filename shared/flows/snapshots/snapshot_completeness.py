"""Snapshot completeness: a snapshot is complete when its manifest is stored.

That needs all rows that were read: each table's rows are counted again.
"""

from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values.counted import counted
from shared.values.day import DAY_MS
from shared.values.errors import StackError
from shared.values.snapshot import Readout, Snapshot, SnapshotFile, SnapshotOfTable


def complete(setup: SnapshotSetup, readout: Readout) -> Snapshot:
    """The manifest: what it holds. Raises StackError when rows are missing in the table."""
    files, tables = list[SnapshotFile](), dict[str, SnapshotOfTable]()
    packed = sorted(setup.table.packed(readout.id), key=lambda each: (each.table, each.first))
    for each in packed:
        file = each.file
        noted = setup.table.noted_sha256(file.path)
        files.append(SnapshotFile(file.path, file.table, file.rows, file.size, noted))
    for name, state in readout.tables.items():
        rows = sum(each.rows for each in files if each.table == name)
        if rows != state.rows:
            raise StackError(
                f"has {counted(rows, 'row')} of {name} in the table, and {state.rows:,} were read.",
                thing=f"snapshot {readout.id}",
                hint="Report it, and take another snapshot.",
            )
        versions: set[int] = set()
        for batch in setup.table.rows(readout.id, name, ["schema_version"]):
            versions.update(batch.column(0).unique().to_pylist())
        tables[name] = SnapshotOfTable(
            state.stream,
            rows,
            state.floor,
            state.ceiling,
            tuple(sorted(versions)),
            state.dues,
        )
    return Snapshot(
        readout.id,
        readout.source,
        readout.reads,
        readout.began_ms,
        readout.ended_ms,
        readout.ended_ms + setup.keep_days * DAY_MS,
        tables,
        tuple(files),
        readout.left_out,
    )
