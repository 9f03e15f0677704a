"""The snapshots of a table as plain JSON values, for the command and the API alike."""

from shared.flows.history.reach_json import archive_answer
from shared.flows.history.table_snapshots import SnapshotPage
from shared.values.plain_answer import PlainAnswer
from shared.values.seq import split_seq
from shared.values.snapshot import Snapshot
from shared.values.unix_micros import time_text


def snapshots_answer(found: SnapshotPage) -> PlainAnswer:
    """A page of the snapshots of a table."""
    return {
        "table": found.table,
        "snapshots": [_snapshot(each, found.table) for each in found.snapshots],
        "next": found.next or None,
        **archive_answer(found.archive),
        "scanned_bytes": 0,
        "cost_usd": 0.0,
    }


def _snapshot(snapshot: Snapshot, name: str) -> PlainAnswer:
    table = snapshot.tables[name]
    return {
        "id": snapshot.id,
        "began_at": time_text(snapshot.began_ms * 1000),
        "ended_at": time_text(snapshot.ended_ms * 1000),
        "kept_until": time_text(snapshot.expires_ms * 1000),
        "rows": table.rows,
        "bytes": sum(each.size for each in snapshot.files if each.table == name),
        "stream": table.stream,
        "floor": _number(table.floor),
        "ceiling": _number(table.ceiling),
        "schema_versions": list(table.schema_versions),
    }


def _number(seq: int) -> PlainAnswer:
    epoch, n = split_seq(seq)
    return {"epoch": epoch, "n": n}
