"""Holds a transaction back until it is known which of its rows were rolled back."""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain

from shared.adapters.binlog.kinds import BEGINNINGS
from shared.adapters.binlog.open_transaction import OpenTransaction
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.rollbacks import Rollbacks, may_roll_back

MOST_BYTES = 16 << 20
"""So much is held back; a larger transaction is read ahead over a connection of its own."""


class LookAhead:
    """One connection's events, and for each transaction its rollbacks, in front of its rows.

    `scan` reads the transaction at a place (file, offset) for its rollbacks.
    """

    def __init__(
        self, transaction: OpenTransaction, scan: Callable[[tuple[str, int]], Rollbacks]
    ) -> None:
        self._transaction, self._scan = transaction, scan

    def over(self, events: Iterable[RawEvent | None]) -> Iterator[RawEvent | None]:
        """The same events; `OpenTransaction.rollbacks` is set before the first of each transaction.

        A transaction without an end is left out.
        """
        events = iter(events)
        for event in events:
            following = event
            while following is not None and following[0] in BEGINNINGS:
                following = yield from self._one(following, events)
            if following is not None or event is None:
                yield following

    def _one(
        self, first: RawEvent, events: Iterator[RawEvent | None]
    ) -> Generator[RawEvent | None, None, RawEvent | None]:
        """Yield the events of one transaction; returns the event after it where it has no end."""
        self._transaction.rollbacks = None
        if not may_roll_back(first):
            yield first
            return None
        rollbacks, held, size = Rollbacks(), list[RawEvent](), 0
        found: Rollbacks | None = None
        for event in chain((first,), events):
            if event is None:
                continue  # the rest is under way
            rollbacks.take(event)
            if rollbacks.broken:
                return event
            if found is None:
                held.append(event)
                size += event[3]
                if rollbacks.complete:
                    found = rollbacks
                elif size > MOST_BYTES:
                    found = self._scan(self._transaction.place_of(first))
            if found is not None and not found.broken:
                self._transaction.rollbacks = found if found else None
                yield from held
                return None
        return None
