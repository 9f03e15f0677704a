"""Auditing: compares the table, the ledger and the numbers that the streams gave out.

The ledger knows what was archived; the table shows what is there; a stream's checkpoint and
coverage say which numbers exist. A number that one has and another lacks is named.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice

import msgspec
from pyroaring import BitMap64

from shared.adapters.lake.contract import Head, Lake
from shared.adapters.state.state import State
from shared.domain.archive_ledger import Ledger, Place, spans
from shared.flows.archive.reports import Audited, Numbers
from shared.values.coverage import Segment
from shared.values.seq import split_seq

MOST_SPANS = 200
"""Of each kind that a report lists; it counts all of them."""


class Held(msgspec.Struct):
    """What the table holds of an epoch: its numbers, those that it holds twice, its rows."""

    numbers: BitMap64
    twice: BitMap64
    rows: int = 0


def audit(lake: Lake, state: State, streams: Sequence[str], since_ms: int = 0) -> list[Audited]:
    """Audit every epoch of these streams, or the part that was committed since (Unix ms)."""
    # Before the head: what is archived meanwhile is not counted as absent.
    ends = {place: end for stream in streams for place, end in given_out(state, stream)}
    head = lake.head()
    ledger = Ledger.decode(head.ledger)
    floors = _floors(lake, head, since_ms) if since_ms else {}
    where = f"n >= {min(floors.values())}" if floors else ""
    held = {} if since_ms and not floors else table_numbers(lake, head, where)
    places = sorted(set(ledger.places()) | held.keys() | ends.keys())
    found = []
    for place in places:
        if since_ms and place not in floors:
            continue
        floor = floors.get(place, 0)
        one = _audited(place, ledger, held.get(place), ends.get(place, 0), floor)
        if one is not None:
            found.append(one)
    return found


def _audited(
    place: Place, ledger: Ledger, held: Held | None, end: int, floor: int
) -> Audited | None:
    held = held or Held(BitMap64(), BitMap64())
    first, last = ledger.first(place), ledger.last(place)
    if not ledger.begins(place) and not held.rows:
        return None  # an epoch from before the archive
    begins = max(ledger.begins(place), floor)
    known, there = ledger.held(place), held.numbers
    if floor:
        for numbers in (known, there, held.twice):
            numbers.remove_range(0, floor)
    absent = BitMap64()
    for gap in ledger.gaps(place, begins, max(last, end)):
        absent.add_range(gap.first, gap.last + 1)
    return Audited(
        stream=place[0],
        epoch=place[1],
        first=first,
        last=last,
        through=ledger.through(place),
        end=end,
        rows=held.rows,
        missing=_numbers(place, known - there),
        repeated=_numbers(place, held.twice),
        unknown=_numbers(place, there - known),
        absent=_numbers(place, absent),
    )


def table_numbers(lake: Lake, head: Head, where: str = "") -> dict[Place, Held]:
    """The numbers in the table, by epoch."""
    held: dict[Place, Held] = {}
    for batch in lake.scan(["stream", "epoch", "n"], at=head, where=where):
        for place, numbers in by_place(batch):
            one = held.setdefault(place, Held(BitMap64(), BitMap64()))
            new = BitMap64(numbers)
            one.twice |= one.numbers & new
            if len(new) < len(numbers):
                one.twice |= _repeated(numbers)
            one.numbers |= new
            one.rows += len(numbers)
    return held


def by_place(batch: "object") -> Iterator[tuple[Place, list[int]]]:
    """The numbers of a batch, by epoch."""
    columns = [column.to_pylist() for column in batch.columns]  # type: ignore[attr-defined]
    streams, epochs, numbers = columns
    if len(set(streams)) == 1 and len(set(epochs)) == 1:
        yield (streams[0], epochs[0]), numbers
        return
    found: dict[Place, list[int]] = {}
    for stream, epoch, number in zip(streams, epochs, numbers, strict=True):
        found.setdefault((stream, epoch), []).append(number)
    yield from found.items()


def _repeated(numbers: Iterable[int]) -> BitMap64:
    seen: set[int] = set()
    twice = BitMap64()
    for number in numbers:
        if number in seen:
            twice.add(number)
        seen.add(number)
    return twice


def _floors(lake: Lake, head: Head, since_ms: int) -> dict[Place, int]:
    """The smallest number of each epoch that was committed since."""
    at = datetime.fromtimestamp(since_ms / 1000, UTC).replace(tzinfo=None).isoformat()
    floors: dict[Place, int] = {}
    where = f"committed_at >= '{at}'"
    for batch in lake.scan(["stream", "epoch", "n"], at=head, where=where):
        for place, numbers in by_place(batch):
            floors[place] = min(numbers + ([floors[place]] if place in floors else []))
    return floors


def given_out(state: State, stream: str) -> Iterator[tuple[Place, int]]:
    """The last number of each epoch of a stream, as far as it is known."""
    ends: dict[int, int] = {}
    segments: list[Segment] = state.coverage.segments(stream)
    for segment in segments:
        if segment.start.former:
            epoch, n = split_seq(segment.start.former)
            ends[epoch] = max(n, ends.get(epoch, 0))
    _, checkpoint = state.streams.load(stream)
    if checkpoint is not None:
        epoch, n = split_seq(checkpoint.seq)
        ends[epoch] = max(n + checkpoint.rows, ends.get(epoch, 0))
    for epoch, n in ends.items():
        yield (stream, epoch), n


def _numbers(place: Place, numbers: BitMap64) -> Numbers:
    some = islice(spans(place, numbers), MOST_SPANS)
    return Numbers(len(numbers), [(each.first, each.last) for each in some])
