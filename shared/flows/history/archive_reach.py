"""ArchiveReach: how far the archive has a source, which every answer says."""

from datetime import datetime

import msgspec

from shared.adapters.athena.contract import QueryParameter
from shared.domain.archive_completeness import archived_through
from shared.domain.archive_ledger import Ledger
from shared.domain.athena_query import ask, rows
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import PastTable
from shared.values.coverage import former_ends
from shared.values.seq import split_seq
from shared.values.unix_micros import micros


class Through(msgspec.Struct, frozen=True):
    """How far the archive has a stream.

    n: of the epoch: nothing below is missing. at_us: when that change was committed, Unix µs;
    0: not known.
    """

    stream: str
    epoch: int
    n: int
    at_us: int


class ArchiveReach(msgspec.Struct, frozen=True):
    """What the archive has of a table's source.

    through: of each of its streams. since_us: from when on it has all changes; 0: not known.
    """

    through: list[Through]
    since_us: int

    def reaches(self, at_us: int) -> bool:
        """Whether all changes until a time are there.

        Another change may have been committed at the very time of the last one.
        """
        return bool(self.through) and all(each.at_us > at_us for each in self.through)


def archive_of(setup: HistorySetup, source: str) -> ArchiveReach:
    """How far the archive has a source."""
    facts = setup.archive_table.facts()
    ledger = Ledger.decode(facts.ledger)
    through, firsts = [], []
    for stream in setup.streams_of(source):
        starts = [each.start for each in setup.state.coverage.segments(stream)]
        ends = {(stream, epoch): n for epoch, n in former_ends(starts).items()}
        epoch, n = split_seq(archived_through(ledger, stream, ends))
        first, last = facts.times.get(stream, (0, 0))
        newest = max((place for place in ledger.places() if place[0] == stream), default=None)
        whole = newest is None or (newest == (stream, epoch) and n == ledger.last(newest))
        through.append(Through(stream, epoch, n, last * 1000 if whole else 0))
        firsts += [first * 1000] if first else []
    since_us = min(firsts, default=0)
    if since_us and facts.dropped_ms:
        since_us = max(since_us, (facts.dropped_ms + 1) * 1000)
    return ArchiveReach(through, since_us)


def with_times(setup: HistorySetup, archive: ArchiveReach) -> tuple[ArchiveReach, int]:
    """The same, with the times that only a query tells; and the bytes that it scanned.

    While changes keep coming, some that are above a missing one are nearly always there. So the
    table's last change does not tell up to when nothing is missing.
    """
    untimed = [each for each in archive.through if each.n and not each.at_us]
    if not untimed:
        return archive, 0
    wanted = "SELECT stream, committed_at FROM changes WHERE stream = ? AND epoch = ? AND n = ?"
    values: list[QueryParameter] = []
    for each in untimed:
        values += [each.stream, each.epoch, each.n]
    done = ask(setup.athena, " UNION ALL ".join([wanted] * len(untimed)), values)
    times = {
        stream: micros(datetime.fromisoformat(str(at)))
        for stream, at in rows(setup.athena, done.id)
    }
    through = [
        msgspec.structs.replace(each, at_us=each.at_us or times.get(each.stream, 0))
        for each in archive.through
    ]
    return msgspec.structs.replace(archive, through=through), done.scanned


def held_since(past: PastTable, archive: ArchiveReach, at_us: int) -> int | None:
    """Since when the archive has every change of the table, as of a time."""
    since = past.captured_since(at_us)
    if since is None or at_us < archive.since_us:
        return None
    return max(since, archive.since_us)
