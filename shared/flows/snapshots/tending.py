"""Tending: makes files of the parts that jobs have read, and removes snapshots that are too old.

Until a manifest is stored, a run that was killed anywhere is followed by one that finds what is
committed, by the paths of the files.
"""

import pyarrow as pa

from shared.adapters.snapshots.snapshots_columns import ARROW
from shared.domain.iceberg_retention import ICEBERG_SNAPSHOT_MS, VACUUM_MS
from shared.domain.run_lease import RunLease
from shared.flows.snapshots.row_snapshot_retention import remove_expired
from shared.flows.snapshots.snapshot_answers import Tended
from shared.flows.snapshots.snapshot_completeness import complete
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values.seq import split_seq
from shared.values.snapshot import (
    Readout,
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
        remove_expired(setup, done)
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
        setup.store.put(complete(setup, readout))
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
