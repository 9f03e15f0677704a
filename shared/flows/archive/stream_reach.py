"""Stream reach: how far the archive has each stream, by number and by time."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.domain.archive_completeness import archived_through, first_expected
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.assigned_numbers import assigned_numbers
from shared.values.archive_pages import FOREVER_US, Reach, StreamReach
from shared.values.seq import make_seq, split_seq
from shared.values.stream import source_of


def reach(setup: ArchiveSetup, source: str, streams: Sequence[str]) -> Reach:
    """How far the archive has the streams of a source.

    streams: those that it has now. A stream of a relay that was removed ends no window.
    """
    # What was given out, and up to when, before the ledger: the ledger may only be further.
    ends = {stream: dict(assigned_numbers(setup.state, stream)) for stream in streams}
    read_us = {stream: _read_us(setup, stream) for stream in streams}
    progress = setup.state.archive_progress.read()
    ledger = Ledger.decode(setup.lake.head().ledger)
    for stream, _ in ledger.places():
        if source_of(stream) == source and stream not in ends:
            ends[stream] = dict(assigned_numbers(setup.state, stream))
            read_us[stream] = FOREVER_US
    found = []
    for stream in ends:
        end = max((make_seq(epoch, n) for (_, epoch), n in ends[stream].items()), default=0)
        through = archived_through(ledger, stream, ends[stream])
        if not through:  # no change since the archive began, or since the stream did
            through = end if not split_seq(end)[1] else progress.through.get(stream, 0)
        at_us = _committed_us(setup, stream, through) if through else 0
        gap = _gap(ledger, stream, through)
        if through >= end and not gap:
            at_us = max(at_us, read_us[stream])
        found.append(StreamReach(stream, through, at_us, end, gap))
    files = setup.lake.files()
    return Reach(
        tuple(found),
        min((each.first_ms for each in files), default=0) * 1000,
        sum(each.size for each in files),
        sum(each.rows for each in files),
    )


def _read_us(setup: ArchiveSetup, stream: str) -> int:
    """The commit time up to which the stream's source was read."""
    _, checkpoint = setup.state.streams.load(stream)
    return checkpoint.read_ts_ms * 1000 if checkpoint else 0


def _gap(ledger: Ledger, stream: str, through: int) -> str:
    """The first numbers that are missing although later ones are archived."""
    places = [
        place for place in ledger.places() if place[0] == stream and first_expected(ledger, place)
    ]
    reached, n = split_seq(through)
    for place in places:
        if place[1] < reached:
            continue
        first = max(first_expected(ledger, place), n + 1 if place[1] == reached else 1)
        if gap := next(ledger.gaps(place, first, ledger.last(place)), None):
            return str(gap)
        if place[1] > reached:
            return f"the last numbers of {stream} epoch {reached}"
    return ""


def _committed_us(setup: ArchiveSetup, stream: str, seq: int) -> int:
    """When the change of this number was committed; 0: the table does not hold it."""
    epoch, n = split_seq(seq)
    where = f"epoch = {epoch} and n = {n}"
    for batch in setup.lake.scan(["stream", "epoch", "n", "committed_at"], where=where):
        for row in batch.to_pylist():
            if row["stream"] == stream:
                at: datetime = row["committed_at"].replace(tzinfo=UTC)
                return round(at.timestamp() * 1_000_000)
    return 0
