"""Snapshot bases: snapshots whose rows, with the changes since then, can fill tables."""

from collections.abc import Sequence

from shared.adapters.lake.contract import Lake
from shared.domain.archive_completeness import first_expected
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.reading_order import quoted
from shared.values.archive_pages import Base
from shared.values.seq import split_seq
from shared.values.snapshot import latest_of


def bases(setup: ArchiveSetup, source: str, tables: Sequence[str]) -> dict[str, Base]:
    """The latest complete snapshot of each table; a table without one is left out."""
    snapshots = setup.snapshots.all() if setup.snapshots else []
    ledger = Ledger.decode(setup.lake.head().ledger)
    found = {}
    for name in tables:
        snapshot = latest_of(snapshots, name, source)
        if snapshot is None:
            continue
        table = snapshot.tables[name]
        found[name] = Base(
            snapshot.id,
            snapshot.began_ms,
            table.rows,
            table.stream,
            table.floor,
            table.ceiling,
            _missing(ledger, table.stream, table.floor)
            or _partitions(setup.lake, source, name, table.floor),
            table.dues,
        )
    return found


def _partitions(lake: Lake, source: str, table: str, floor: int) -> str:
    """Why the changes above a number do not tell which rows are gone; empty: they do."""
    epoch, n = split_seq(floor)
    where = (
        f"op = 't' and key != '{{}}' and source = {quoted(source)} "
        f"and (epoch > {epoch} or (epoch = {epoch} and n > {n}))"
    )
    for batch in lake.scan(["database", "table"], where=where):
        for row in batch.to_pylist():
            if f"{row['database']}.{row['table']}" == table:
                return "partitions of it were dropped since its snapshot"
    return ""


def _missing(ledger: Ledger, stream: str, floor: int) -> str:
    """Why the archive cannot have every change above a number; empty: it can."""
    epoch, n = split_seq(floor)
    epochs = [each for name, each in ledger.places() if name == stream]
    if not epochs:
        return ""  # whether anything was given out since, the reach of the stream tells
    first = min(epochs)
    begins = first_expected(ledger, (stream, first))
    if epoch < first or (epoch == first and n + 1 < begins):
        return f"it begins with {stream} epoch {first} n {begins}, and the snapshot is older"
    return ""
