"""Numbers: later epochs are above all earlier ones, of either kind, and none is above a version."""

from hypothesis import given
from hypothesis import strategies as st

from shared.values.next_epoch import (
    MAX_EPOCH,
    epoch_at,
    is_half_used,
    is_of_this_second,
    next_epoch,
)
from shared.values.seq import make_seq, split_seq

HOURS_2026 = 498_000
CLOCK = 1 << 29
NOW_MS = 1_795_000_000_000
"""In November 2026."""

epochs = st.one_of(st.integers(1, 2**21 - 1), st.integers(CLOCK, MAX_EPOCH))
places = st.integers(0, 2**32 - 1)


@given(epochs, places)
def test_a_number_is_taken_apart_as_it_was_made(epoch: int, n: int) -> None:
    assert split_seq(make_seq(epoch, n)) == (epoch, n)


@given(epochs, places, epochs, places)
def test_a_later_epoch_is_above_all_numbers_of_an_earlier_one(
    one: int, n: int, other: int, m: int
) -> None:
    assert (make_seq(one, n) < make_seq(other, m)) == ((one, n) < (other, m))


def test_streams_that_began_by_the_hour_keep_their_numbers() -> None:
    assert make_seq(HOURS_2026, 7) == HOURS_2026 << 40 | 7
    assert next_epoch(HOURS_2026) == HOURS_2026 + 1


@given(st.integers(0, 2**23 - 1), places)
def test_a_stream_that_begins_now_is_above_any_epoch_of_the_hours(hours: int, n: int) -> None:
    """Also one that a repair had raised beyond 2^21, above versions of somebody else."""
    begun = next_epoch(hours, now_ms=NOW_MS)
    assert begun >= epoch_at(NOW_MS)
    assert make_seq(begun, 0) > hours << 40 | n


def test_a_stream_that_begins_a_second_later_is_above() -> None:
    first = next_epoch(0, now_ms=NOW_MS)
    assert next_epoch(0, now_ms=NOW_MS + 1_000) == first + 1


@given(epochs, epochs)
def test_the_next_epoch_is_above_all_that_are_named(one: int, other: int) -> None:
    begun = next_epoch(one, other)
    assert make_seq(begun, 0) > make_seq(max(one, other), 2**32 - 1)


@given(st.integers(0, 60_000), st.integers(0, 5))
def test_no_epoch_begins_before_the_second_of_the_last_one_is_over(ms: int, ahead: int) -> None:
    now_ms = NOW_MS + ms
    epoch = epoch_at(now_ms) + ahead
    assert is_of_this_second(epoch, now_ms)
    assert not is_of_this_second(epoch, now_ms + 1_000 * (ahead + 1))


def test_an_epoch_of_the_hours_or_one_that_was_raised_waits_for_no_clock() -> None:
    assert not is_of_this_second(HOURS_2026, NOW_MS)
    assert not is_of_this_second(epoch_at(NOW_MS) + 3_600, NOW_MS)


def test_numbers_fit_into_a_version_for_fifty_years() -> None:
    year_2076 = 3_345_062_400_000
    assert epoch_at(year_2076) < MAX_EPOCH
    assert make_seq(MAX_EPOCH + 1, 2**32 - 1) == 2**63 - 1


def test_an_epoch_is_over_while_there_is_room_for_the_largest_transaction() -> None:
    """Of 4 GB, with five bytes a row. Source: MySQL reference manual, max_binlog_cache_size."""
    assert not is_half_used(CLOCK, 2**31 - 1)
    assert is_half_used(CLOCK, 2**31)
    assert 2**31 - 1 + (4 << 30) // 5 < 2**32
    assert not is_half_used(HOURS_2026, 2**39 - 1)
    assert is_half_used(HOURS_2026, 2**39)
