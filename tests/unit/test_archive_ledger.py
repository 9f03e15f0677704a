"""The ledger: numbers in, gaps and archived-through out."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.archive_completeness import archived_through, complete_through
from shared.domain.archive_ledger import Ledger, Span
from shared.values.seq import make_seq

PLACE = ("shop", 900_000_000)
NUMBERS = st.sets(st.integers(1, 300))


@settings(deadline=None)
@given(NUMBERS, NUMBERS)
def test_what_is_new_is_what_it_lacks(held: set[int], offered: set[int]) -> None:
    ledger = Ledger()
    ledger.add(PLACE, held)
    assert set(ledger.new_of(PLACE, offered)) == offered - held
    assert ledger.count() == len(held)


@settings(deadline=None)
@given(NUMBERS.filter(bool), st.integers(0, 300))
def test_gaps_are_the_numbers_that_are_not_there(held: set[int], last: int) -> None:
    ledger = Ledger()
    ledger.add(PLACE, held)
    gaps = list(ledger.gaps(PLACE, min(held), last))
    named = {n for each in gaps for n in range(each.first, each.last + 1)}
    assert named == set(range(min(held), last + 1)) - held
    assert sum(each.last - each.first + 1 for each in gaps) == len(named)
    through = complete_through(ledger, PLACE)
    assert set(range(min(held), through + 1)) <= held
    assert through + 1 not in held


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b/c"]), NUMBERS), NUMBERS)
def test_it_is_the_same_after_it_was_stored(held: dict[str, set[int]], gone: set[int]) -> None:
    ledger = Ledger()
    for stream, numbers in held.items():
        ledger.add((stream, 5), numbers)
        ledger.remove((stream, 5), numbers & gone)
    again = Ledger.decode(ledger.encode())
    assert again.encode() == ledger.encode()
    for stream, numbers in held.items():
        assert set(again.held((stream, 5))) == numbers - gone
        assert not again.new_of((stream, 5), numbers)


def test_archived_through_ends_at_the_first_gap_of_any_epoch() -> None:
    ledger = Ledger()
    ledger.add(("shop", 900_000_000), [5, 6, 8])
    ledger.add(("shop", 900_000_007), [1, 2])
    assert archived_through(ledger, "shop") == make_seq(900_000_000, 6)
    ledger.add(("shop", 900_000_000), [7])
    assert archived_through(ledger, "shop") == make_seq(900_000_007, 2)
    ends = {("shop", 900_000_000): 9}
    assert archived_through(ledger, "shop", ends) == make_seq(900_000_000, 8)
    ledger.add(("shop", 900_000_000), [9])
    later = {**ends, ("shop", 900_000_003): 4}
    assert archived_through(ledger, "shop", later) == make_seq(900_000_003, 0)


def test_archived_through_of_an_epoch_without_gap_before_it() -> None:
    ledger = Ledger()
    assert archived_through(ledger, "shop") == 0
    ledger.add(("shop", 900_000_000), range(1, 11))
    ledger.add(("shop", 900_000_007), [1, 2, 4])
    assert archived_through(ledger, "shop") == make_seq(900_000_007, 2)
    assert list(ledger.gaps(("shop", 900_000_007), 1, 6)) == [
        Span("shop", 900_000_007, 3, 3),
        Span("shop", 900_000_007, 5, 6),
    ]


def test_numbers_of_old_epochs_are_larger_than_32_bits() -> None:
    ledger = Ledger()
    ledger.add(("shop", 500_000), [(1 << 39) + 7])
    assert Ledger.decode(ledger.encode()).last(("shop", 500_000)) == (1 << 39) + 7


@pytest.mark.parametrize("stored", [b"no ledger", b"\x28\xb5\x2f\xfd damaged"])
def test_what_is_no_ledger_is_refused(stored: bytes) -> None:
    with pytest.raises(ValueError):
        Ledger.decode(stored)


def test_dense_numbers_take_little_room() -> None:
    ledger = Ledger()
    ledger.add(PLACE, range(1, 3_000_001))
    assert len(ledger.encode()) < 1_000
