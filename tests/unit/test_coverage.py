"""Coverage: what the segments of a stream say of one table."""

from shared.values.coverage import CoverageSegment, Covered, SegmentStart, covered
from shared.values.position import Position
from shared.values.seq import make_seq


def segment(
    number: int,
    at: tuple[int, int],
    former: tuple[int, int] | None,
    *tables: str,
    gap: bool = False,
) -> CoverageSegment:
    start = SegmentStart(
        number, make_seq(*at), make_seq(*former) if former else 0, follows=not gap and number > 1
    )
    return CoverageSegment(start, "server", Position("bin.000001", 4), tables)


def test_a_table_is_covered_while_its_stream_reads_it() -> None:
    segments = [
        segment(1, (7, 0), None, "a", "b"),
        segment(2, (7, 50), (7, 50), "a"),
        segment(3, (7, 80), (7, 80), "a", "b"),
    ]
    assert covered(segments, "a") == [Covered(7, 0, None, False)]
    assert covered(segments, "b") == [Covered(7, 0, 50, False), Covered(7, 80, None, False)]
    assert covered(segments, "c") == []


def test_a_range_ends_with_its_epoch_and_the_next_one_follows() -> None:
    segments = [
        segment(1, (7, 0), None, "a"),
        segment(2, (9, 0), (7, 120), "a"),
        segment(3, (9, 30), (9, 30), "a", "b"),
    ]
    assert covered(segments, "a") == [Covered(7, 0, 120, False), Covered(9, 0, None, True)]


def test_a_reset_leaves_a_gap() -> None:
    segments = [segment(1, (7, 0), None, "a"), segment(2, (9, 0), (7, 120), "a", gap=True)]
    assert covered(segments, "a") == [Covered(7, 0, 120, False), Covered(9, 0, None, False)]


def test_a_segment_whose_end_nobody_knows_proves_nothing() -> None:
    segments = [segment(1, (7, 5), None, "a"), segment(2, (9, 0), None, "a", gap=True)]
    assert covered(segments, "a") == [Covered(9, 0, None, False)]
