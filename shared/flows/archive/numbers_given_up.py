"""Numbers given up: those that nobody can bring into the table any more, so that audits end.

Their changes were parked and dropped, or the binlog has lost them before anybody healed. The ledger
holds them as archived and removed on purpose. A copy that comes after all is a duplicate.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pyroaring import BitMap64

from shared.adapters.lake.changes_columns import ARROW
from shared.adapters.lake.contract import Lake, Overtaken
from shared.domain.archive_ledger import Ledger, Span, StreamEpoch
from shared.flows.archive.auditing import table_numbers
from shared.flows.archive.numbers_by_place import by_place
from shared.values.errors import ConfigError

ATTEMPTS = 5


def refuse_young(lake: Lake, spans: Iterable[Span], before_ms: int) -> None:
    """Refuse numbers that Firehose may still deliver: a late copy would count as a duplicate.

    Numbers are given out in order. So one is old enough if a later change landed before the time.
    Raises ConfigError.
    """
    head = lake.head()
    ledger, old = Ledger.decode(head.ledger), dict[StreamEpoch, int]()
    at = datetime.fromtimestamp(before_ms / 1000, UTC).replace(tzinfo=None).isoformat()
    columns = ["stream", "epoch", "n"]
    for batch in lake.scan(columns, at=head, where=f"landed_at < '{at}'"):
        for place, numbers in by_place(batch):
            old[place] = max([*numbers, old.get(place, 0)])
    for span in spans:
        place = (span.stream, span.epoch)
        later = any(each > place for each in old if each[0] == span.stream)
        absent = ledger.new_of(place, range(span.first, span.last + 1))
        if absent and not later and absent.max() > old.get(place, 0):
            raise ConfigError(
                "may still come from Firehose, which tries for a day to deliver it.",
                thing=f"{span.stream} epoch {span.epoch} n {absent.max()}",
                hint="Run the same command when a later change has been in the table for a day.",
            )


def give_up(lake: Lake, spans: Iterable[Span]) -> int:
    """Note these numbers, but those that the table holds; returns how many are new.

    Raises Overtaken when others commit all the time, OutcomeUnknown.
    """
    wanted: dict[StreamEpoch, BitMap64] = {}
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
