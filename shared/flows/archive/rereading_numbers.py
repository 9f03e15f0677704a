"""Rereading numbers: finds the changes of given numbers in the binlog once more.

A change has the same identity whenever it is read, and numbers are dense. So the place of a number
follows from the next known row before it or behind it, wherever reading begins. The changes between
two known rows are accepted only if they are exactly as many as the numbers.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

from shared.adapters.binlog.contract import Binlog
from shared.domain.numbering import Numbered, Numbering
from shared.flows.archive.archive_answers import NumbersToRead
from shared.values.position import Position
from shared.values.settings import TableSettings

MOST_CHANGES = 200_000
"""Changes of one span, at most: they are held in memory until the row behind them proves them."""

RereadSpan = tuple[NumbersToRead, list[Numbered]]


def reread(
    binlog: Binlog,
    source: str,
    tables: Mapping[str, TableSettings],
    mask_key: bytes,
    start: Position,
    wanted: Sequence[NumbersToRead],
) -> Iterator[RereadSpan]:
    """Each span with its changes, as the binlog has them now, in the order of the binlog.

    A span that the binlog no longer has, or has with another number of changes, is not among them.
    Raises what the binlog raises.
    """
    search = _SearchBetween([one for one in wanted if one.size <= MOST_CHANGES])
    numbering = Numbering(source, tables, mask_key=mask_key)
    for event in binlog.read(start, until=binlog.latest(), through_restarts=True):
        for one in numbering.take(event):
            yield from search.take(one)
        if search.is_done:
            return
    for one in numbering.rest():
        yield from search.take(one)


class _SearchBetween:
    """Waits for the known rows, and holds the changes between them."""

    def __init__(self, wanted: Sequence[NumbersToRead]) -> None:
        known = [one for one in wanted if one.before or one.after]
        self._left = len(known)
        self._before = {one.before.id: one for one in known if one.before}
        self._after = {one.after.id: one for one in known if one.after}
        # Of spans that begin an epoch: only the row behind them is known.
        first = max((one.size for one in known if not one.before), default=0)
        self._last: deque[Numbered] = deque(maxlen=first)
        self._current: NumbersToRead | None = None
        self._held: list[Numbered] = []

    @property
    def is_done(self) -> bool:
        return not self._left

    def take(self, one: Numbered) -> Iterator[RereadSpan]:
        """The spans that are complete when this change was read."""
        id = one[2].id
        ending = self._after.pop(id, None)
        if ending is not None:
            found = self._held if ending.before else list(self._last)[-ending.size :]
            if len(found) == ending.size and (not ending.before or self._current is ending):
                yield ending, found
            self._end(ending)
        elif self._current is not None:
            self._held.append(one)
            full = len(self._held) >= self._current.size
            if full and self._current.after is None:
                yield self._current, self._held
                self._end(self._current)
            elif len(self._held) > self._current.size:  # others came between: nothing is proved
                self._end(self._current)
        self._last.append(one)
        beginning = self._before.pop(id, None)
        if beginning is not None:
            self._current, self._held = beginning, []

    def _end(self, one: NumbersToRead) -> None:
        self._left -= 1
        if one.after:
            self._after.pop(one.after.id, None)
        if self._current is one:
            self._current, self._held = None, []
