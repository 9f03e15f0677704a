"""Audit since: where in each epoch an audit of the younger changes begins.

A change that is missing has no time. So the audit begins behind the last row that the table holds
of the time before: whatever is missing between that row and the younger ones may be young.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from shared.adapters.lake.contract import Lake, TableHead
from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.flows.archive.numbers_by_place import by_place

_FIRST_STEP = 10_000
"""Numbers that are looked at for the last row before; four times as many the next time."""


def floors_since(
    lake: Lake,
    head: TableHead,
    ledger: Ledger,
    ends: Mapping[StreamEpoch, int],
    since_ms: int,
) -> dict[StreamEpoch, int]:
    """The number from which each epoch is audited; an epoch that is older is left out.

    ends: the last number of each epoch that the streams gave out.
    """
    young = _youngest(lake, head, since_ms)
    floors: dict[StreamEpoch, int] = {}
    streams_with_rows_before = set[str]()
    for place in sorted({*ledger.places(), *ends, *young}, reverse=True):
        last = max(ledger.last(place), ends.get(place, 0))
        if place not in young and place[0] in streams_with_rows_before:
            continue
        before = _last_below(lake, head, place, young.get(place, last + 1))
        if before:
            streams_with_rows_before.add(place[0])
        if place in young or before < last:
            floors[place] = before + 1
    return floors


def _youngest(lake: Lake, head: TableHead, since_ms: int) -> dict[StreamEpoch, int]:
    """The smallest number of each epoch that was committed since."""
    at = datetime.fromtimestamp(since_ms / 1000, UTC).replace(tzinfo=None).isoformat()
    found: dict[StreamEpoch, int] = {}
    where = f"committed_at >= '{at}'"
    for batch in lake.scan(["stream", "epoch", "n"], at=head, where=where):
        for place, numbers in by_place(batch):
            found[place] = min(numbers + ([found[place]] if place in found else []))
    return found


def _last_below(lake: Lake, head: TableHead, place: StreamEpoch, above: int) -> int:
    """The largest number below `above` that the table holds of an epoch; 0: there is none."""
    step = _FIRST_STEP
    while above > 1:
        low = max(1, above - step)
        where = f"epoch = {place[1]} and n >= {low} and n < {above}"
        found = [
            max(numbers)
            for batch in lake.scan(["stream", "epoch", "n"], at=head, where=where)
            for each, numbers in by_place(batch)
            if each == place
        ]
        if found:
            return max(found)
        above, step = low, step * 4
    return 0
