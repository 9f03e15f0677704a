"""The parts that the archive's function works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from shared.adapters.lake.contract import Lake
from shared.adapters.landing.contract import Landing
from shared.adapters.objects.contract import ObjectFolder
from shared.adapters.snapshots.contract import SnapshotStore, SnapshotTable
from shared.adapters.state.state import State


@dataclass(frozen=True)
class ArchiveSetup:
    """What a run of the archive needs.

    healing: changes that were read again because the table lost them.
    streams: the streams of the stage. retention_days: 0: changes are kept for ever.
    errors: what Firehose could not deliver; None: changes do not go through Firehose.
    snapshots, snapshot_table: only for requests that read snapshots.
    holder: names this run. left: seconds until the function is stopped. clock: Unix seconds.
    """

    landing: Landing
    healing: ObjectFolder
    lake: Lake
    state: State
    streams: tuple[str, ...]
    retention_days: int
    holder: str
    left: Callable[[], float]
    clock: Callable[[], float]
    sleep: Callable[[float], object] = time.sleep
    errors: ObjectFolder | None = None
    snapshots: SnapshotStore | None = None
    snapshot_table: SnapshotTable | None = None

    def now_ms(self) -> int:
        return int(self.clock() * 1000)
