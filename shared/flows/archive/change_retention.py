"""Change retention: drops archived changes that are older than the archive keeps them."""

from pyroaring import BitMap64

from shared.adapters.lake.contract import Lake, Overtaken
from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.flows.archive.archive_answers import Maintained
from shared.flows.archive.numbers_by_place import by_place

ATTEMPTS = 5


def drop_old(lake: Lake, before_ms: int, done: Maintained) -> None:
    """Drop files whose youngest change was committed before this time.

    The ledger keeps their numbers as removed, so that no audit misses them, and no late copy of a
    change comes back. Raises Overtaken when others commit all the time.
    """
    for attempt in range(1, ATTEMPTS + 1):
        head = lake.head()
        old = [each for each in lake.files() if each.last_ms < before_ms]
        if not old:
            return
        numbers: dict[StreamEpoch, BitMap64] = {}
        for batch in lake.scan(["stream", "epoch", "n"], at=head, files=old):
            for place, some in by_place(batch):
                numbers[place] = numbers.get(place, BitMap64()) | BitMap64(some)
        ledger = Ledger.decode(head.ledger)
        for place, gone in numbers.items():
            ledger.remove(place, gone)
        try:
            lake.drop(head, old, ledger.encode())
        except Overtaken:
            if attempt == ATTEMPTS:
                raise
            continue
        done.dropped = sum(len(gone) for gone in numbers.values())
        return
