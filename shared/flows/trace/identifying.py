"""Identifying: which change is meant, by traces, parked changes and the binlog."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Protocol, TypeVar

from shared.adapters.binlog.contract import Binlog
from shared.adapters.state.state import State
from shared.adapters.tracing.contract import Traces
from shared.flows.trace.binlog_search import BinlogSearch
from shared.flows.trace.consumer_state import known_of
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.sightings import Sighting, neighbour, sightings
from shared.flows.trace.sought_change import Sought
from shared.values.checkpoint import Checkpoint
from shared.values.errors import RowlineError
from shared.values.settings import SourceSettings, StageSettings

T = TypeVar("T")


class Places(Protocol):
    """Where a change may be found."""

    @property
    def settings(self) -> StageSettings: ...

    @property
    def state(self) -> State: ...

    @property
    def traces(self) -> Traces: ...

    def binlog(self, source: str) -> Binlog: ...

    def mask_key(self, source: SourceSettings) -> bytes: ...


def identify(
    parts: Places, sought: Sought, notes: list[str], deadline: float
) -> tuple[FoundChange | None, list[Sighting]]:
    """What is known of the change, and its segments; None: nothing has it.

    deadline: of `time.monotonic`, when the search in the binlog ends.

    A row's latest change may be in no trace. So the binlog is read for it in any case, from the
    latest change on that is known otherwise. The search ends so early that the traces of what it
    finds may be asked for as long as those before.
    """
    began = time.monotonic()
    seen = _seen(parts, sought, "", notes)
    deadline -= time.monotonic() - began
    known = _told(seen)
    if known is None or not sought.id:
        other = _latest([known, _parked(parts, sought)])
        found = other if sought.id and other else _in_binlog(parts, sought, other, notes, deadline)
        if found is None or (other and other.id == found.id):
            found = other
        if found is not None and (known is None or found.id != known.id):
            seen = _seen(parts, Sought(found.id, "", found.ts_ms), found.group, notes)
            known = _told(seen) or found
    return known, seen


def ask(question: Callable[[], T], otherwise: T, whom: str, notes: list[str]) -> T:
    """The answer; where a part does not answer, a note says so."""
    try:
        return question()
    except RowlineError as error:
        notes.append(f"{whom} could not be asked: {error.what}")
        return otherwise


def _seen(parts: Places, sought: Sought, group: str, notes: list[str]) -> list[Sighting]:
    nothing: list[Sighting] = []
    return ask(lambda: sightings(parts.traces, sought, group), nothing, "traces", notes)


def _told(seen: Sequence[Sighting]) -> FoundChange | None:
    """What the segments say; the relay's says the stream."""
    return next((one.known() for one in sorted(seen, key=lambda one: bool(one.consumer))), None)


def _latest(found: Sequence[FoundChange | None]) -> FoundChange | None:
    return max((one for one in found if one), key=lambda one: (one.ts_ms, one.seq), default=None)


def _parked(parts: Places, sought: Sought) -> FoundChange | None:
    found = []
    for consumer in parts.settings.consumers.values():
        for change in parts.state.parked.all(consumer.name):
            settings = parts.settings
            stream = settings.whole(settings.sources[consumer.source]).stream_of(change.table)
            known = known_of(change, stream)
            if sought.matches(known):
                found.append(known)
    return max(found, key=lambda known: known.seq, default=None)


def _in_binlog(
    parts: Places,
    sought: Sought,
    known: FoundChange | None,
    notes: list[str],
    deadline: float,
) -> FoundChange | None:
    """known: the latest change of the row that is known otherwise."""
    for source in parts.settings.sources.values():
        point = parts.state.streams.load(source.stream)[1]
        if point is None:
            continue
        behind = known
        if sought.id:
            near = partial(neighbour, parts.traces, sought.committed_ms)
            behind = ask(near, None, "traces", [])
        if behind and behind.stream != source.stream:
            behind = None
        search = partial(_search, parts, source, point, sought, behind, notes, deadline)
        if found := ask(search, None, f"the binlog of {source.name}", notes):
            return found
    return None


def _search(
    parts: Places,
    source: SourceSettings,
    point: Checkpoint,
    sought: Sought,
    behind: FoundChange | None,
    notes: list[str],
    deadline: float,
) -> FoundChange | None:
    """behind: a change in the same stream; a change of an id may lie before it after all."""
    mask_key = parts.mask_key(source)
    with closing(parts.binlog(source.name)) as binlog:
        reading = BinlogSearch(binlog, source, point, mask_key, deadline)
        found = reading.find(sought, behind)
        if found is None and behind and sought.id:
            found = BinlogSearch(binlog, source, point, mask_key, deadline).find(sought)
    if not sought.id and not reading.complete:
        notes.append(
            f"the binlog of {source.name} was read for {reading.seconds:.1f} s only, not to its "
            "end: the row may have a later change"
        )
    return found
