"""The state stores' twins."""

import threading
from typing import Any

import msgspec

from shared.adapters.state.contract import Mark, Run, another_run
from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost
from shared.values.lease import Holdings, Lease
from shared.values.table import Table


class MemoryStreams:
    def __init__(self) -> None:
        self._items: dict[str, tuple[Lease, Checkpoint | None]] = {}
        self._holdings: dict[str, Holdings] = {}
        self._lock = threading.Lock()

    def load(self, stream: str) -> tuple[Lease, Checkpoint | None]:
        return self._items.get(stream, (Lease(), None))

    def acquire(self, stream: str, seen: Lease, holder: str) -> Lease | None:
        with self._lock:
            lease, checkpoint = self.load(stream)
            if (lease.token, lease.beat) != (seen.token, seen.beat):
                return None
            taken = msgspec.structs.replace(
                lease,
                token=lease.token + 1,
                beat=lease.beat + 1,
                holder=holder,
                wanted="",
                ends_ms=0,
                figures={},
            )
            self._items[stream] = (taken, checkpoint)
            return taken

    def renew(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> Lease:
        with self._lock:
            held, stored = self._held(stream, lease)
            renewed = msgspec.structs.replace(
                held, beat=held.beat + 1, ends_ms=lease.ends_ms, figures=lease.figures
            )
            self._items[stream] = (renewed, checkpoint or stored)
            return renewed

    def release(self, stream: str, lease: Lease, checkpoint: Checkpoint | None) -> None:
        with self._lock:
            held, stored = self._held(stream, lease)
            free = msgspec.structs.replace(
                held, beat=held.beat + 1, holder="", ends_ms=0, figures=lease.figures
            )
            self._items[stream] = (free, checkpoint or stored)

    def ask(self, stream: str, *, wanted: str = "", raise_epoch: int = 0) -> None:
        with self._lock:
            lease, checkpoint = self.load(stream)
            asked = msgspec.structs.replace(
                lease,
                wanted=wanted or lease.wanted,
                raise_epoch=max(raise_epoch, lease.raise_epoch),
            )
            self._items[stream] = (asked, checkpoint)

    def holdings(self, source: str) -> Holdings:
        return self._holdings.get(source, Holdings())

    def hold(self, source: str, seen: int, holdings: Holdings) -> bool:
        with self._lock:
            if self.holdings(source).version != seen:
                return False
            self._holdings[source] = msgspec.structs.replace(holdings, version=seen + 1)
            return True

    def _held(self, stream: str, lease: Lease) -> tuple[Lease, Checkpoint | None]:
        held, stored = self.load(stream)
        if (held.token, held.holder) != (lease.token, lease.holder):
            raise LeaseLost.of(stream)
        return held, stored


class MemorySchemas:
    def __init__(self) -> None:
        self._tables: dict[tuple[str, str, str], list[Table]] = {}
        self._rewrites: dict[str, dict[str, str]] = {}

    def version_of(self, source: str, table: Table) -> int:
        history = self._tables.setdefault((source, table.database, table.name), [])
        if table not in history:
            history.append(table)
        return history.index(table) + 1

    def latest(self, source: str, database: str, table: str) -> Table | None:
        history = self._tables.get((source, database, table), [])
        return history[-1] if history else None

    def read(self, source: str, database: str, table: str, version: int) -> Table | None:
        history = self._tables.get((source, database, table), [])
        return history[version - 1] if 1 <= version <= len(history) else None

    def rewritten(self, source: str, table: str, transaction: str) -> None:
        self._rewrites.setdefault(source, {})[table] = transaction

    def rewrites(self, source: str) -> dict[str, str]:
        return dict(self._rewrites.get(source, {}))


class MemoryConsumers:
    """`marked` holds the messages that are done, by consumer and run."""

    def __init__(self) -> None:
        self._marks: dict[tuple[str, str], Mark] = {}
        self._runs: dict[str, Run] = {}
        self._deletions: dict[tuple[str, str], dict[str, int]] = {}
        self.marked: dict[tuple[str, str], set[str]] = {}
        self._reports: dict[str, dict[str, Any]] = {}
        self._filled: dict[str, dict[str, str]] = {}

    def marks(self, consumer: str, groups: list[str]) -> tuple[dict[str, Mark], str]:
        run = self._runs.get(consumer)
        return {
            group: self._marks.get((consumer, group), Mark()) for group in groups
        }, run.id if run else ""

    def advance(self, consumer: str, moves: dict[str, tuple[Mark, Mark]]) -> set[str]:
        refused = {
            group
            for group, (seen, _) in moves.items()
            if self._marks.get((consumer, group), Mark()) != seen
        }
        self._marks |= {
            (consumer, group): to for group, (_, to) in moves.items() if group not in refused
        }
        return refused

    def run(self, consumer: str) -> Run | None:
        return self._runs.get(consumer)

    def save_run(self, consumer: str, run: Run) -> None:
        other = self._runs.get(consumer)
        if other and other.id != run.id:
            raise another_run(consumer, other.id)
        self._runs[consumer] = run

    def end_run(self, consumer: str, run_id: str) -> None:
        run = self._runs.get(consumer)
        if run and run.id == run_id:
            del self._runs[consumer]
        self._deletions.pop((consumer, run_id), None)
        self.marked.pop((consumer, run_id), None)

    def record_deletions(self, consumer: str, run_id: str, deletions: dict[str, int]) -> None:
        held = self._deletions.setdefault((consumer, run_id), {})
        for address, seq in deletions.items():
            held[address] = max(seq, held.get(address, 0))

    def deletions(
        self, consumer: str, run_id: str, addresses: list[str] | None = None
    ) -> dict[str, int]:
        held = self._deletions.get((consumer, run_id), {})
        return (
            dict(held)
            if addresses is None
            else {address: held[address] for address in addresses if address in held}
        )

    def mark_done(self, consumer: str, run_id: str, message_ids: list[str]) -> None:
        self.marked.setdefault((consumer, run_id), set()).update(message_ids)

    def done(self, consumer: str, run_id: str, message_ids: list[str]) -> set[str]:
        return set(message_ids) & self.marked.get((consumer, run_id), set())

    def save_filled(self, consumer: str, tables: dict[str, str]) -> None:
        self._filled.setdefault(consumer, {}).update(tables)

    def filled(self, consumer: str) -> dict[str, str]:
        return dict(self._filled.get(consumer, {}))

    def save_report(self, consumer: str, report: dict[str, Any]) -> None:
        self._reports[consumer] = report

    def report(self, consumer: str) -> dict[str, Any] | None:
        return self._reports.get(consumer)
