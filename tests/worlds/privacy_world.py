"""Privacy world: an archive, snapshots and state in memory, of which each call may end the run."""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import msgspec

from shared.adapters.state.state import State
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.committing import commit
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.privacy.remaining import UNREADABLE_FOLDERS
from shared.flows.snapshots.snapshot_setup import SnapshotSetup
from shared.values import landing_encoding
from shared.values.change import Change, Transaction
from shared.values.checkpoint import Checkpoint
from shared.values.erasure import Subject
from shared.values.lineage import Lineage
from shared.values.message import Message
from shared.values.position import Position
from shared.values.seq import make_seq
from shared.values.settings import ConsumerSettings
from tests.worlds.killed import Killed
from tests.worlds.twins.lake import MemoryLake
from tests.worlds.twins.landing import MemoryLanding
from tests.worlds.twins.snapshots import MemorySnapshotStore, MemorySnapshotTable
from tests.worlds.twins.state import memory_state
from tests.worlds.twins.versions import MemoryFormerVersions

EPOCH = 900_000_000
CONSUMERS = {
    "search": ConsumerSettings("search", "shop", ("market.*",), {"kind": "elasticsearch"}),
    "archiveShop": ConsumerSettings("archiveShop", "shop", ("market.*",), {"kind": "archive"}),
}
FOLDERS = ("rows", "claims", "parked", "dropped", "results", *UNREADABLE_FOLDERS)


class PrivacyWorld:
    """dies: whether the call that is about to be made, or was just made, ends the process."""

    def __init__(self) -> None:
        self.dies: Callable[[], bool] = lambda: False
        self.now, self.n = 1_000.0, 0
        self.state, self.lake = memory_state(), MemoryLake()
        self.store, self.table = MemorySnapshotStore(), MemorySnapshotTable()
        now_ms = lambda: int(self.now * 1000)  # noqa: E731
        names = ("landing", "healing", "erasing", "erased", *FOLDERS)
        self.folders = {name: MemoryLanding(now_ms) for name in names}

    def setup(self) -> PrivacySetup:
        """The parts of a run."""
        watched = {name: self._risky(folder) for name, folder in self.folders.items()}
        lake, store, table = map(self._risky, (self.lake, self.store, self.table))
        stores = {each.name: self._risky(getattr(self.state, each.name)) for each in fields(State)}
        state = replace(self.state, **stores)
        clock = lambda: self.now  # noqa: E731
        parts = (watched["landing"], watched["healing"], lake, state, ("shop",), 0, "run")
        archive = ArchiveSetup(*parts, lambda: 900.0, clock, lambda _: None)
        own = SnapshotSetup(store, table, state.leases, 35, "run", lambda: 900.0, clock)
        objects = {name: watched[name] for name in FOLDERS}
        former = [self._risky(MemoryFormerVersions(self.folders.values()))]
        return PrivacySetup(
            archive, own, watched["erasing"], watched["erased"], objects, CONSUMERS, former
        )

    def change(self, table: str, op: str, key: dict[str, Any], **row: Any) -> None:
        """A change of a row lands. row: its other columns."""
        self.n += 1
        image = {**key, **row}
        before, after = (image, None) if op == "d" else (None, image)
        tx = Transaction(f"bin:{self.n}", 0, True)
        seq = make_seq(EPOCH, self.n)
        made = Change(f"tx-{self.n}", seq, op, self.n, key, before, after, tx)  # type: ignore[arg-type]
        message = Message("shop", "shop", "market", table, 1, f"{table}-0", None, [made])
        self.folders["landing"].put(
            landing_encoding.name_of([("shop", made)]), landing_encoding.encode([message])
        )

    def commit(self) -> None:
        """What has landed comes into the table, and the relay stores its checkpoint."""
        commit(self.setup().archive)
        lease, _ = self.state.streams.load("shop")
        lease = lease if lease.token else self.state.streams.acquire("shop", lease, "relay")  # type: ignore[assignment]
        point = Checkpoint(Position(), make_seq(EPOCH, self.n), EPOCH, Lineage("s"), "{}")
        self.state.streams.renew("shop", lease, point)

    def rows(self) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
        """(table, key) → its changes in the table, by number."""
        found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for batch in self.lake.scan(["table", "key", "n", "op", "before", "after"]):
            for row in batch.to_pylist():
                table, key, *change = row.values()
                found.setdefault((table, key), []).append(tuple(change))
        return {place: sorted(each, key=lambda change: change[0]) for place, each in found.items()}

    def _risky(self, inner: Any) -> Any:
        return _Risky(self, inner)


class _Risky:
    """Another thing, each call of which may end the process, before or after it takes effect."""

    def __init__(self, world: PrivacyWorld, inner: Any) -> None:
        self._world, self._inner = world, inner

    def __getattr__(self, name: str) -> Any:
        called = getattr(self._inner, name)
        if not callable(called):
            return called

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._world.dies():
                raise Killed
            result = called(*args, **kwargs)
            if self._world.dies():
                raise Killed
            return result

        return call


def subject(table: str, *keys: dict[str, Any]) -> Subject:
    """Rows of a table of the source, by keys as rows have them."""
    texts = (json.dumps(key, separators=(",", ":"), ensure_ascii=False) for key in keys)
    return Subject("shop", "market", table, tuple(texts))


def built(value: Any) -> Any:
    """A value as an event has it."""
    return msgspec.to_builtins(value)
