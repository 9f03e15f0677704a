"""An archive for replays: random changes of two tables in the lake's twin, and what is true of
them.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pyarrow as pa

from shared.adapters.lake.changes_columns import ARROW
from shared.adapters.snapshots.snapshots_columns import ARROW as ROWS
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.archive_requests import do
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.values.capture_configuration import CaptureConfiguration
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.lineage import Lineage
from shared.values.message_group import group_id, shard_of
from shared.values.position import Position
from shared.values.relay_lease import Lease
from shared.values.seq import make_seq, split_seq
from shared.values.snapshot import Snapshot, SnapshotOfTable
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.snapshots import MemorySnapshotStore, MemorySnapshotTable
from tests.worlds.twins.state import memory_state

SOURCE, EPOCH, BEGAN_MS = "shop", 900_000_000, 1_790_000_000_000
SHARDS = 3
KEYS = ("it's", "7", 'a"b', "ü")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


def row_of(
    n: int,
    op: str,
    key: Any,
    at_ms: int,
    *,
    table: str = "items",
    epoch: int = EPOCH,
    stream: str = SOURCE,
    source: str = SOURCE,
    shard: int = -1,
    **values: Any,
) -> dict[str, Any]:
    """One row of the table `changes`."""
    row = _encode({"id": key, **values}).decode()
    shard = shard if shard >= 0 else shard_of([key], SHARDS)
    at = (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None)
    return {
        "stream": stream,
        "epoch": epoch,
        "n": n,
        "id": f"tx/{epoch}/{n}",
        "source": source,
        "database": "shop",
        "table": table,
        "op": op,
        "key": "{}" if op == "t" else _encode({"id": key}).decode(),
        "committed_at": at,
        "landed_at": at,
        "before": row if op == "d" else None,
        "after": None if op in ("d", "t") else row,
        "tx_id": f"tx-{n}",
        "tx_index": 0,
        "tx_last": True,
        "schema_version": 1,
        "group": group_id(SOURCE, "shop", table, shard),
        "trace_id": None,
    }


class ReplayArchive:
    """The archive of a stage: `ask` is what its function answers."""

    def __init__(self, now_ms: int = BEGAN_MS, state: Any = None) -> None:
        self.lake, self.ledger = MemoryLake(), Ledger()
        self.snapshots, self.snapshot_table = MemorySnapshotStore(), MemorySnapshotTable()
        self.state = state or memory_state()
        self.now_ms, self.rows = now_ms, list[dict[str, Any]]()
        self._lease = Lease()
        self.setup = ArchiveSetup(
            MemoryLanding(),
            MemoryLanding(),
            self.lake,
            self.state,
            (SOURCE,),
            0,
            "test",
            lambda: 300.0,
            lambda: self.now_ms / 1000,
            snapshots=self.snapshots,
            snapshot_table=self.snapshot_table,
        )

    def ask(self, event: dict[str, Any]) -> dict[str, Any]:
        """The function's answer, as it travels."""
        found: dict[str, Any] = msgspec.json.decode(
            msgspec.json.encode(do(self.setup, msgspec.json.decode(msgspec.json.encode(event))))
        )
        return found

    def append(self, rows: Sequence[dict[str, Any]]) -> None:
        """Commit rows."""
        if not rows:
            return
        self.rows += rows
        for row in rows:
            self.ledger.add((row["stream"], row["epoch"]), [row["n"]])
        made = pa.Table.from_pylist(list(rows), schema=ARROW)
        self.lake.append(self.lake.head(), made, self.ledger.encode())

    def take_snapshot(self, id: str, rows: dict[Any, tuple[int, dict[str, Any]]]) -> Snapshot:
        """A complete snapshot of shop.items: key → the number of the row, and the row."""
        seqs = [seq for seq, _ in rows.values()]
        made = pa.Table.from_pylist(
            [
                {
                    "snapshot": id,
                    "stream": SOURCE,
                    "source": SOURCE,
                    "database": "shop",
                    "table": "items",
                    "key": _encode({"id": key}).decode(),
                    "epoch": split_seq(seq)[0],
                    "n": split_seq(seq)[1],
                    "read_at": _EPOCH.replace(tzinfo=None),
                    "schema_version": 1,
                    "after": _encode(row).decode(),
                }
                for key, (seq, row) in rows.items()
            ],
            schema=ROWS,
        )
        half = len(made) // 2
        for part in (0, 1):
            some = made.slice(part * half, half if not part else None)
            self.snapshot_table.add(id, "shop.items", part, part, some)
        held = SnapshotOfTable(SOURCE, len(rows), min(seqs, default=0), max(seqs, default=0))
        snapshot = Snapshot(
            id, SOURCE, "db-1", self.now_ms, self.now_ms, 1 << 60, {"shop.items": held}, ()
        )
        self.snapshots.put(snapshot)
        return snapshot

    def capture(self, *tables: str) -> None:
        """The stream captures these tables."""
        start = SegmentStart(1, make_seq(EPOCH, 0), at_ms=BEGAN_MS)
        self.state.coverage.append(SOURCE, CoverageSegment(start, "db-1", Position(), tables))

    def reach(self, n: int, read_ms: int) -> None:
        """The stream has given out `n` numbers, and was read up to a time."""
        if not self._lease.token:
            taken = self.state.streams.acquire(SOURCE, self._lease, "relay")
            assert taken
            self._lease = taken
        capture = CaptureConfiguration({}).text()
        checkpoint = Checkpoint(
            Position(file="bin.1", offset=4 + n),
            make_seq(EPOCH, n),
            EPOCH,
            Lineage("db-1"),
            capture,
            read_ts_ms=read_ms,
        )
        self._lease = self.state.streams.renew(SOURCE, self._lease, checkpoint)

    def random(self, dice: random.Random, count: int) -> None:
        """Commit so many random changes in a few files; clocks go back now and then."""
        rows, at_ms, epoch, n = [], self.now_ms, EPOCH, 0
        while len(rows) < count:
            if dice.random() < 0.02:
                epoch, n = epoch + 1, 0
            n += 1
            at_ms += dice.choice((0, 1, 50, -30))
            table = dice.choice(("items", "items", "other"))
            if dice.random() < 0.02:
                for shard in range(SHARDS):
                    rows.append(row_of(n, "t", "", at_ms, table=table, epoch=epoch, shard=shard))
                    n += 1
                n -= 1
                continue
            key = f"{dice.choice(KEYS)}{dice.randrange(5)}"
            op = dice.choice("ccuuud")
            rows.append(row_of(n, op, key, at_ms, table=table, epoch=epoch, price=n, title="é" * n))
        size = max(1, count // 4)
        mixed = [*rows]
        for start in range(0, len(mixed), size):
            some = mixed[start : start + size]
            dice.shuffle(some)
            self.append(some)
