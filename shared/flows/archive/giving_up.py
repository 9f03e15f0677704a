"""Giving up: notes numbers that nobody can bring into the table any more, so that audits end.

Their changes were parked and dropped, or the binlog has lost them before anybody healed. The ledger
holds them as archived and removed on purpose. A copy that comes after all is a duplicate.
"""

from collections.abc import Iterable

from pyroaring import BitMap64

from shared.adapters.lake.columns import ARROW
from shared.adapters.lake.contract import Lake, Overtaken
from shared.domain.archive_ledger import Ledger, Place, Span
from shared.flows.archive.auditing import table_numbers

ATTEMPTS = 5


def give_up(lake: Lake, spans: Iterable[Span]) -> int:
    """Note these numbers, but those that the table holds; returns how many are new.

    Raises Overtaken when others commit all the time, OutcomeUnknown.
    """
    wanted: dict[Place, BitMap64] = {}
    for span in spans:
        numbers = wanted.setdefault((span.stream, span.epoch), BitMap64())
        numbers.add_range(span.first, span.last + 1)
    for attempt in range(1, ATTEMPTS + 1):
        head = lake.head()
        ledger, held = Ledger.decode(head.ledger), table_numbers(lake, head)
        gone = 0
        for place, numbers in wanted.items():
            there = held[place].numbers if place in held else BitMap64()
            lost = numbers - there - ledger.removed(place)
            ledger.add(place, lost)
            ledger.remove(place, lost)
            gone += len(lost)
        if not gone:
            return 0
        try:
            lake.append(head, ARROW.empty_table(), ledger.encode())
        except Overtaken:
            if attempt == ATTEMPTS:
                raise
            continue
        return gone
    raise AssertionError("the last attempt returns or raises")
