"""The twin of Streams."""

import threading

import msgspec

from shared.values.checkpoint import Checkpoint
from shared.values.errors import LeaseLost
from shared.values.relay_lease import Holdings, Lease


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
