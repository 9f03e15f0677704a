"""Auditing: compares the table, the ledger and the numbers that the streams gave out.

The ledger knows what was archived; the table shows what is there; a stream's checkpoint and
coverage say which numbers exist. A number that one has and another lacks is named.
"""

from collections.abc import Iterable, Sequence
from itertools import islice

import msgspec
from pyroaring import BitMap64

from shared.adapters.lake.contract import Lake, TableHead
from shared.adapters.state.state import State
from shared.domain.archive_completeness import complete_through, first_expected
from shared.domain.archive_ledger import Ledger, StreamEpoch, spans
from shared.domain.changes_under_way import due_by_now
from shared.flows.archive.archive_answers import Audited, Numbers
from shared.flows.archive.assigned_numbers import assigned_numbers
from shared.flows.archive.audit_since import floors_since
from shared.flows.archive.numbers_by_place import by_place
from shared.values.seq import split_seq

MOST_SPANS = 200
"""Of each kind that a report lists; it counts all of them."""


class HeldNumbers(msgspec.Struct):
    """What the table holds of an epoch: its numbers, those that it holds twice, its rows."""

    numbers: BitMap64
    twice: BitMap64
    rows: int = 0


def audit(
    lake: Lake, state: State, streams: Sequence[str], since_ms: int = 0, *, now_ms: int = 0
) -> list[Audited]:
    """Audit every epoch of these streams, or the part that was committed since (Unix ms).

    now_ms: tells what may be under way; 0: whatever was never archived is absent.
    """
    progress = state.archive_progress.read()
    # Before the head: what is archived meanwhile is not counted as absent.
    ends = {place: end for stream in streams for place, end in assigned_numbers(state, stream)}
    head = lake.head()
    ledger = Ledger.decode(head.ledger)
    places = {*ledger.places(), *ends}
    floors = floors_since(lake, head, ledger, ends, since_ms) if since_ms else {}
    where = f"n >= {min(floors.values())}" if floors else ""
    held = {} if since_ms and not floors else table_numbers(lake, head, where)
    found = []
    for place in sorted(places | held.keys()):
        if since_ms and place not in floors:
            continue
        floor = floors.get(place, 0)
        due = due_by_now(progress, place[0], now_ms) if now_ms else None
        one = _audited(place, ledger, held.get(place), ends.get(place, 0), floor, due)
        if one is not None:
            found.append(one)
    return found


def _audited(
    place: StreamEpoch,
    ledger: Ledger,
    held: HeldNumbers | None,
    end: int,
    floor: int,
    due: int | None,
) -> Audited | None:
    held = held or HeldNumbers(BitMap64(), BitMap64())
    first, last = ledger.first(place), ledger.last(place)
    if not first_expected(ledger, place) and not held.rows:
        return None  # an epoch from before the archive
    begins = max(first_expected(ledger, place), floor)
    known, there = ledger.held(place), held.numbers
    if floor:
        for numbers in (known, there, held.twice):
            numbers.remove_range(0, floor)
    absent = BitMap64()
    for gap in ledger.gaps(place, begins, max(last, end)):
        absent.add_range(gap.first, gap.last + 1)
    absent, under_way = _by_age(place, absent, due)
    return Audited(
        stream=place[0],
        epoch=place[1],
        first=first,
        last=last,
        through=complete_through(ledger, place),
        end=end,
        rows=held.rows,
        missing=_numbers(place, known - there),
        repeated=_numbers(place, held.twice),
        unknown=_numbers(place, there - known),
        absent=_numbers(place, absent),
        under_way=_numbers(place, under_way),
    )


def _by_age(place: StreamEpoch, absent: BitMap64, due: int | None) -> tuple[BitMap64, BitMap64]:
    """(absent, under way). due: the seq up to which the archive should have all by now."""
    if due is None:
        return absent, BitMap64()
    epoch, n = split_seq(due)
    if place[1] < epoch:
        return absent, BitMap64()
    young = absent.copy()
    if place[1] == epoch:
        young.remove_range(0, n + 1)
    return absent - young, young


def table_numbers(lake: Lake, head: TableHead, where: str = "") -> dict[StreamEpoch, HeldNumbers]:
    """The numbers in the table, by epoch."""
    held: dict[StreamEpoch, HeldNumbers] = {}
    for batch in lake.scan(["stream", "epoch", "n"], at=head, where=where):
        for place, numbers in by_place(batch):
            one = held.setdefault(place, HeldNumbers(BitMap64(), BitMap64()))
            new = BitMap64(numbers)
            one.twice |= one.numbers & new
            if len(new) < len(numbers):
                one.twice |= _repeated(numbers)
            one.numbers |= new
            one.rows += len(numbers)
    return held


def _repeated(numbers: Iterable[int]) -> BitMap64:
    seen: set[int] = set()
    twice = BitMap64()
    for number in numbers:
        if number in seen:
            twice.add(number)
        seen.add(number)
    return twice


def _numbers(place: StreamEpoch, numbers: BitMap64) -> Numbers:
    some = islice(spans(place, numbers), MOST_SPANS)
    return Numbers(len(numbers), [(each.first, each.last) for each in some])
