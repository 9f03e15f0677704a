"""Sightings: the segments of one change in the traces of its message."""

import time
from collections.abc import Iterator

import msgspec

from shared.adapters.tracing.contract import Traces, TraceSegment
from shared.domain.traced_changes import TracedChange, changes_of
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.sought_change import Sought

BEFORE_S, AFTER_S = 60, 6 * 3600
"""How long before and after its commit a change's traces are looked for: X-Ray answers for six
hours at once.
"""

NEAR_S = 15
"""How long before a change another one may be, to count from it."""


class Sighting(msgspec.Struct, frozen=True):
    """A segment, and the change in it."""

    segment: TraceSegment
    change: TracedChange

    @property
    def consumer(self) -> str:
        """Empty for the relay's."""
        return str(self.segment.annotations.get("consumer", ""))

    def known(self) -> FoundChange:
        """What it says of the change."""
        told, change = self.segment.annotations, self.change
        return FoundChange(
            change.id,
            str(told.get("stream", "")),
            str(told.get("table", "")),
            change.op,
            str(told.get("group", "")),
            change.key,
            change.seq,
            change.ts_ms,
        )


def sightings(traces: Traces, sought: Sought, group: str = "") -> list[Sighting]:
    """All segments of the change, in order; of a row, those of its latest change.

    group: its message group, where that is known. Raises StackError, StateUnavailable.
    """
    now = time.time()
    since = sought.committed_ms / 1000 - BEFORE_S if sought.id else now - AFTER_S
    until = min(now + BEFORE_S, since + BEFORE_S + AFTER_S)
    for wanted in _queries(sought, group):
        found = [
            Sighting(segment, change)
            for segment in traces.find(wanted, since, until, sought.id or sought.hash)
            for change in _listed(segment)
        ]
        found = [one for one in found if sought.matches(one.known())]
        if found:
            newest = max(one.change.seq for one in found)
            return [one for one in found if one.change.seq == newest]
    return []


def neighbour(traces: Traces, committed_ms: int) -> FoundChange | None:
    """The latest change before this time whose number the relay's segment says.

    Raises StackError, StateUnavailable.
    """
    since = committed_ms / 1000 - NEAR_S
    segments = traces.find({"outcome": "published"}, since, committed_ms / 1000)
    near = [
        Sighting(segment, change).known()
        for segment in segments
        for change in _listed(segment)
        if change.ts_ms < committed_ms and change.seq
    ]
    return max(near, key=lambda one: (one.ts_ms, one.seq), default=None)


def _queries(sought: Sought, group: str) -> Iterator[dict[str, str]]:
    """The closest first: annotations are about the first change of a message."""
    if sought.id:
        yield {"id": sought.id}
    else:
        yield {"table": sought.table, "key_hash": sought.hash}
    if group:
        yield {"group": group}
    elif sought.table:
        yield {"table": sought.table}


def _listed(segment: TraceSegment) -> list[TracedChange]:
    try:
        return changes_of(segment.details)
    except msgspec.ValidationError:
        return []  # of another version
