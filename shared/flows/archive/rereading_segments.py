"""Rereading segments: finds numbers beside which the table holds no row at all.

Coverage says where in the binlog a segment of the stream began, and with which number. So changes
are numbered from there once more. They are accepted only if the segment, as far as it is known, has
exactly as many changes as numbers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NamedTuple

from shared.adapters.binlog.contract import Binlog
from shared.adapters.state.state import State
from shared.domain.numbering import Numbered, Numbering
from shared.flows.archive.archive_answers import NumbersToRead
from shared.flows.archive.rereading_numbers import MOST_CHANGES, RereadSpan
from shared.values.coverage import CoverageSegment
from shared.values.errors import PositionLost
from shared.values.position import Position
from shared.values.seq import split_seq
from shared.values.settings import TableSettings


class _KnownSegment(NamedTuple):
    """A segment up to a place at which its last number is known."""

    segment: CoverageSegment
    until: Position
    last: int

    def has(self, one: NumbersToRead) -> bool:
        epoch, before = split_seq(self.segment.start.seq)
        return one.epoch == epoch and before < one.first and one.last <= self.last


def reread_segments(
    binlog: Binlog,
    state: State,
    stream: str,
    source: str,
    tables: Mapping[str, TableSettings],
    mask_key: bytes,
    wanted: Sequence[NumbersToRead],
) -> Iterator[RereadSpan]:
    """The spans that have no known neighbour, each with its changes, if they can be proved.

    tables: those that `binlog` reads; a segment of other tables cannot be counted.
    Raises what the binlog raises, but for a segment that the server no longer has.
    """
    alone = [one for one in wanted if not one.before and not one.after and one.size <= MOST_CHANGES]
    for known in _known(state, stream) if alone else ():
        here = [one for one in alone if known.has(one)]
        same = set(known.segment.tables) == set(tables)
        if not here or not same or known.segment.server != binlog.identity():
            continue
        numbering = Numbering(source, tables, seq=known.segment.start.seq, mask_key=mask_key)
        with suppress(PositionLost):
            yield from _proved(binlog, numbering, known, here)


def _known(state: State, stream: str) -> list[_KnownSegment]:
    segments = state.coverage.segments(stream)
    known = [
        _KnownSegment(one, after.position, split_seq(after.start.former)[1])
        for one, after in pairwise(segments)
        if after.start.follows
    ]
    _, checkpoint = state.streams.load(stream)
    if checkpoint and checkpoint.segment and segments:
        last = segments[-1]
        if last.start.number == checkpoint.segment.number:
            known.append(_KnownSegment(last, checkpoint.position, split_seq(checkpoint.seq)[1]))
    return known


def _proved(
    binlog: Binlog, numbering: Numbering, known: _KnownSegment, wanted: Sequence[NumbersToRead]
) -> Iterator[RereadSpan]:
    held: dict[NumbersToRead, list[Numbered]] = {one: [] for one in wanted}
    last = split_seq(known.segment.start.seq)[1]

    def note(some: Sequence[Numbered]) -> None:
        nonlocal last
        for one in some:
            last = split_seq(one[2].seq)[1]
            for span, found in held.items():
                if span.first <= last <= span.last:
                    found.append(one)

    for event in binlog.read(known.segment.position, until=known.until, through_restarts=True):
        note(numbering.take(event))
    note(list(numbering.rest()))
    if last == known.last:
        yield from held.items()
