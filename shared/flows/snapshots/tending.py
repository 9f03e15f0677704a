"""Tending: makes files of the parts that jobs have read, and removes snapshots that are too old.

A snapshot is complete when its manifest is stored. Until then a run that was killed anywhere is
followed by one that finds what is committed, by the paths of the files.
"""

import pyarrow as pa

from shared.adapters.snapshots.snapshots_columns import ARROW
from shared.domain.iceberg_retention import ICEBERG_SNAPSHOT_MS, VACUUM_MS
from shared.domain.run_lease import RunLease
from shared.flows.snapshots.snapshot_answers import Tended
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values.day import DAY_MS
from shared.values.errors import StackError
from shared.values.seq import split_seq
from shared.values.snapshot import (
    Readout,
    Snapshot,
    SnapshotFile,
    SnapshotOfTable,
    SnapshotPart,
    Texts,
)
from shared.values.snapshot_work import TableRead

LEASE, LEASE_SECONDS = "archive-snapshots", 120
"""Longer than the files of one commit take. Two runs at once do no harm."""

RESERVE = 60.0
"""Seconds that must be left for one more file."""

FILE_BYTES = 32 << 20
"""Of keys and rows in one file; they are held in memory."""


def tend(setup: SnapshotSetup) -> Tended:
    """Pack and expire snapshots. Another run is harmless, wherever this one was killed."""
    lease = _lease(setup)
    if not lease.hold():
        return Tended(busy=True)
    done = Tended()
    with lease.given_back():
        for readout in setup.store.readouts():
            if not _pack(setup, readout, done):
                done.left = True
                return done
        _expire(setup, done)
        now = setup.now_ms()
        done.removed = setup.table.tidy(now - ICEBERG_SNAPSHOT_MS, now - VACUUM_MS)
    return done


def _lease(setup: SnapshotSetup) -> RunLease:
    return RunLease(setup.leases, LEASE, setup.holder, LEASE_SECONDS, setup.now_ms)


def _pack(setup: SnapshotSetup, readout: Readout, done: Tended) -> bool:
    """Put a snapshot into the table; False when the time is nearly over."""
    if setup.store.get(readout.id) is None:
        held = setup.table.packed(readout.id)
        for name, state in readout.tables.items():
            through = max((each.last for each in held if each.table == name), default=-1)
            if not _pack_table(setup, readout.id, name, state, through, done):
                return False
        setup.store.put(_manifest(setup, readout))
        done.packed.append(readout.id)
    setup.store.done(readout)
    return True


def _pack_table(
    setup: SnapshotSetup, id: str, name: str, state: TableRead, through: int, done: Tended
) -> bool:
    """Make files of the parts after `through`."""
    tokens = state.tokens()
    number = through + 1
    while number < len(tokens):
        if setup.left() < RESERVE or not _lease(setup).hold():
            return False
        first, parts, size = number, list[SnapshotPart](), 0
        while number < len(tokens) and size < FILE_BYTES:
            parts.append(setup.store.part(id, name, number, tokens[number]))
            size += parts[-1].size
            number += 1
        rows = pa.concat_tables([rows_of(id, part) for part in parts])
        setup.table.add(id, name, first, number - 1, rows)
        done.rows += rows.num_rows
    return True


def rows_of(id: str, part: SnapshotPart) -> pa.Table:
    """The rows of a part as those of the table."""
    epoch, n = split_seq(part.seq)
    size = len(part.keys)
    fixed = {
        "snapshot": id,
        "stream": part.stream,
        "source": part.source,
        "database": part.database,
        "table": part.table,
        "epoch": epoch,
        "n": n,
        "read_at": part.read_ms * 1000,
        "schema_version": part.schema_version,
    }
    own = {"key": part.keys, "after": part.rows}
    arrays = [
        _of_texts(own[field.name], field.type)
        if field.name in own
        else pa.repeat(pa.scalar(fixed[field.name], field.type), size)
        for field in ARROW
    ]
    return pa.Table.from_arrays(arrays, schema=ARROW)


def _of_texts(texts: Texts, type: pa.DataType) -> pa.Array:
    """An array of the texts that a part holds."""
    buffers = [None, pa.py_buffer(texts.ends), pa.py_buffer(texts.joined)]
    return pa.Array.from_buffers(pa.string(), len(texts), buffers).cast(type)


def _manifest(setup: SnapshotSetup, readout: Readout) -> Snapshot:
    """What the snapshot holds. Raises StackError when rows are missing in the table."""
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
                f"has {rows:,} rows of {name} in the table, and {state.rows:,} were read.",
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


def _expire(setup: SnapshotSetup, done: Tended) -> None:
    """Remove snapshots whose time is over, and what a run that was killed left of others."""
    for each in setup.store.all():
        if each.expires_ms < setup.now_ms():
            setup.store.remove(each.id)
            done.expired.append(each.id)
    kept = {each.id for each in setup.store.all()} | {each.id for each in setup.store.readouts()}
    if gone := setup.table.ids() - kept:
        setup.table.drop(sorted(gone))
