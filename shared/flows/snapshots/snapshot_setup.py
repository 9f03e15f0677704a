"""The parts that the archive's function works on snapshots with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.adapters.snapshots.contract import SnapshotStore, SnapshotTable
from shared.adapters.state.run_leases import RunLeases


@dataclass(frozen=True)
class SnapshotSetup:
    """What a run needs. keep_days: how long a snapshot is kept.

    holder: names this run. left: seconds until the function is stopped. clock: Unix seconds.
    """

    store: SnapshotStore
    table: SnapshotTable
    leases: RunLeases
    keep_days: int
    holder: str
    left: Callable[[], float]
    clock: Callable[[], float] = time.time

    def now_ms(self) -> int:
        return int(self.clock() * 1000)
