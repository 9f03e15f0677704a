"""Coverage segments: what a turn of a stream means for its coverage."""

import msgspec

from shared.adapters.state.coverages import Coverages
from shared.values.checkpoint import Checkpoint
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.position import Position


def with_segment(before: Checkpoint, after: Checkpoint, now_ms: int) -> Checkpoint:
    """`after`, at the start of a segment where the epoch or the tables that are read change.

    before: everything that was read, all of it acknowledged.
    """
    same_tables = before.whole.read.keys() == after.whole.read.keys()
    if before.segment is None or (after.epoch == before.epoch and same_tables):
        return after
    start = before.segment.next(after.seq, before.seq + before.rows, now_ms)
    return msgspec.structs.replace(after, segment=start)


def first_segment(
    point: Checkpoint,
    last: CoverageSegment | None,
    now_ms: int,
    *,
    before: Checkpoint | None = None,
) -> Checkpoint:
    """`point`, at the start of a segment that follows nothing.

    last: the last segment of the stream that is stored.
    before: the checkpoint that `point` takes the place of.
    """
    known = [last.start.number if last else 0]
    if before and before.segment:
        known.append(before.segment.number)  # stored by now, or never
    former = before.seq + before.rows if before else 0
    start = SegmentStart(max(known) + 1, point.seq, former, at_ms=now_ms)
    return msgspec.structs.replace(point, segment=start)


def segment_of(point: Checkpoint) -> CoverageSegment | None:
    """The segment that begins at a turn's checkpoint."""
    if point.segment is None:
        return None
    position = point.catch_up.until if point.catch_up else point.position
    return CoverageSegment(point.segment, point.server, position, tuple(sorted(point.whole.read)))


def cover(coverage: Coverages, stream: str, point: Checkpoint | None) -> None:
    """Store the segment that a turn began; `point` is the checkpoint as the turn left it, or later.

    Before anything is read in the segment, and before another one begins: a relay that was killed
    may not have done it. Raises StateUnavailable, StackError.
    """
    segment = segment_of(point) if point else None
    if segment:
        coverage.append(stream, segment)


def uncovered(before: Checkpoint | None, after: Checkpoint) -> set[str]:
    """Tables that nobody captures from `after` on, and that should have been, or were before."""
    was, now = (before.whole if before else None), after.whole
    stopped = set(now.stopped) - (set(was.stopped) if was else set())
    gone = (was.tables.keys() if was else set()) - now.tables.keys()
    return stopped | (gone - _handed_over(before, after))


def _handed_over(before: Checkpoint | None, after: Checkpoint) -> set[str]:
    """Tables that another stream takes over from where this one gave them up."""
    known = before.released if before else ()
    new = [each for each in after.released if each not in known and each.position != Position()]
    return {name for release in new for name in release.tables}
