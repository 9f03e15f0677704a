"""Coverage: from which number to which a table was captured without a gap.

A stream's coverage is its list of segments. A segment begins wherever the set of tables that are
read changes, and with each epoch.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from shared.values.position import Position
from shared.values.seq import split_seq


class SegmentStart(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a segment begins, as the checkpoint holds it.

    number: grows by one with each segment of the stream.
    seq: the number before its first change.
    former: the last number of the segment before it (0: not known).
    follows: nothing lies between the end of the segment before it and its beginning.
    at_ms: when it began, Unix ms.
    """

    number: int
    seq: int
    former: int = 0
    follows: bool = False
    at_ms: int = 0

    def next(self, seq: int, former: int, at_ms: int) -> "SegmentStart":
        """The segment that follows it without a gap."""
        return SegmentStart(self.number + 1, seq, former, follows=True, at_ms=at_ms)


class CoverageSegment(msgspec.Struct, frozen=True, omit_defaults=True):
    """From its start on, until the next segment of the stream, these tables were captured.

    server, position: the place in the binlog where it begins.
    """

    start: SegmentStart
    server: str
    position: Position
    tables: tuple[str, ...]


class Covered(NamedTuple):
    """No change of the table is missing among the numbers `after` < n <= `until` of the epoch.

    until: None while the stream covers the table: then up to what its checkpoint says.
    follows: nothing lies between the range before it and this one.
    """

    epoch: int
    after: int
    until: int | None
    follows: bool


def covered(segments: Sequence[CoverageSegment], table: str) -> list[Covered]:
    """The ranges in which a table was captured, in order."""
    ranges: list[Covered] = []
    before: CoverageSegment | None = None
    for segment, end in _ended(segments):
        if table not in segment.tables:
            before = segment
            continue
        epoch, after = split_seq(segment.start.seq)
        follows = segment.start.follows and before is not None and table in before.tables
        last = ranges[-1] if ranges else None
        if last and follows and (last.epoch, last.until) == (epoch, after):
            ranges[-1] = last._replace(until=end)
        elif end is None or end > after:
            ranges.append(Covered(epoch, after, end, follows))
        before = segment
    return ranges


def _ended(segments: Sequence[CoverageSegment]) -> Iterable[tuple[CoverageSegment, int | None]]:
    for segment, later in pairwise(segments):
        epoch, after = split_seq(segment.start.seq)
        last, end = split_seq(later.start.former)
        yield segment, end if last == epoch else after  # not known: nothing is proved
    if segments:
        yield segments[-1], None


def former_ends(starts: Iterable[SegmentStart]) -> dict[int, int]:
    """The last number of each epoch of a stream that is over, as far as it is known.

    starts: of the segments of the stream.
    """
    ends: dict[int, int] = {}
    for start in starts:
        if start.former:
            epoch, n = split_seq(start.former)
            ends[epoch] = max(n, ends.get(epoch, 0))
    return ends
