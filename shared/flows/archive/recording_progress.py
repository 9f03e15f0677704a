"""Recording progress: how far the archive is, so that watch, status and audit can judge by time."""

from collections.abc import Mapping, Sequence

import msgspec

from shared.adapters.lake.contract import Lake
from shared.adapters.state.state import State
from shared.domain.archive_completeness import archived_through
from shared.domain.archive_ledger import Ledger
from shared.domain.changes_under_way import UNDER_WAY_MS
from shared.flows.archive.assigned_numbers import assigned_numbers
from shared.values.archive_progress import ArchiveProgress, Height
from shared.values.errors import RowlineError
from shared.values.seq import make_seq

KEPT_MS = 4 * UNDER_WAY_MS
_APART_MS = 30_000
"""Heights are noted at most this often."""


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
    former = state.archive_progress.read()
    progress = progress_after(former, through, given, now_ms, buffered=buffered)
    state.archive_progress.save(progress)
    return progress


def progress_after(
    former: ArchiveProgress,
    through: Mapping[str, int],
    given: Mapping[str, int],
    now_ms: int,
    *,
    buffered: bool = False,
) -> ArchiveProgress:
    """The progress after another run.

    through: of the streams of which something is archived. given: their highest numbers.
    buffered: whether changes go through Firehose.
    """
    known = {
        stream: through.get(stream) or former.through.get(stream) or seq
        for stream, seq in given.items()
    }
    heights = [one for one in former.heights if one.at_ms > now_ms - KEPT_MS]
    if not heights or heights[-1].at_ms <= now_ms - _APART_MS:
        heights.append(Height(now_ms, dict(given)))
    since = {}
    for stream, seq in given.items():
        if seq <= known[stream]:
            continue
        if known[stream] == former.through.get(stream) and stream in former.since:
            since[stream] = former.since[stream]
            continue
        higher = (one.at_ms for one in heights if one.seqs.get(stream, 0) > known[stream])
        since[stream] = next(higher, now_ms)
    buffered_ms = now_ms if buffered else former.buffered_ms
    return ArchiveProgress(now_ms, known, since, tuple(heights), buffered_ms=buffered_ms)


def note_failure(state: State, error: RowlineError) -> None:
    """Store why a run failed; `rowline status` shows it until a run ends well."""
    progress = state.archive_progress.read()
    state.archive_progress.save(msgspec.structs.replace(progress, error=str(error)))
