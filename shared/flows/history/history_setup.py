"""The parts that questions about the past need."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.adapters.archive_table.contract import ArchiveTable
from shared.adapters.athena.contract import Athena
from shared.adapters.snapshots.contract import SnapshotStore
from shared.adapters.state.state import State


@dataclass(frozen=True)
class HistorySetup:
    """The parts that a question about the past needs.

    streams: stream → its source, of the whole stage.
    """

    athena: Athena
    archive_table: ArchiveTable
    state: State
    streams: dict[str, str]
    snapshots: SnapshotStore

    def streams_of(self, source: str) -> Sequence[str]:
        """The streams of a source."""
        return sorted(stream for stream, own in self.streams.items() if own == source)
