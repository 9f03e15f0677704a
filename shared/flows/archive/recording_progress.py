"""Recording progress: how far the archive is, so that watch, status and audit can judge by time."""

from collections.abc import Sequence

import msgspec

from shared.adapters.lake.contract import Lake
from shared.adapters.state.state import State
from shared.domain.archive_completeness import archived_through
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.assigned_numbers import assigned_numbers
from shared.values.archive_progress import ArchiveProgress
from shared.values.errors import RowlineError
from shared.values.seq import make_seq


def note_progress(
    lake: Lake, state: State, streams: Sequence[str], now_ms: int, *, buffered: bool = False
) -> ArchiveProgress:
    """Store how far the table and the streams are; returns it.

    buffered: whether changes go through Firehose.
    """
    # Before the ledger: what is archived meanwhile does not count as lacking.
    ends = {stream: dict(assigned_numbers(state, stream)) for stream in streams}
    ledger = Ledger.decode(lake.head().ledger)
    given = {
        stream: max((make_seq(epoch, n) for (_, epoch), n in found.items()), default=0)
        for stream, found in ends.items()
    }
    through = {stream: archived_through(ledger, stream, ends[stream]) for stream in streams}
    progress = state.archive_progress.read().after(through, given, now_ms, buffered=buffered)
    state.archive_progress.save(progress)
    return progress


def note_failure(state: State, error: RowlineError) -> None:
    """Store why a run failed; `rowline status` shows it until a run ends well."""
    progress = state.archive_progress.read()
    state.archive_progress.save(msgspec.structs.replace(progress, error=str(error)))
