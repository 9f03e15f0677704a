"""PastTable: a table as state knows it: its column sets, and when it was captured."""

from collections.abc import Iterator

import msgspec

from shared.domain.schema_versions import versions_of
from shared.flows.history.history_setup import HistorySetup
from shared.values.coverage import CoverageSegment
from shared.values.errors import ConfigError
from shared.values.table import Table

MOST_NAMED = 20
"""Tables that an error lists."""

MOST_CHARACTERS = 129
"""Of DATABASE.TABLE: 64 each. Source: MySQL reference manual, "Identifier Length Limits"."""


class ValidSpan(msgspec.Struct, frozen=True):
    """A time in which a table was captured without a gap, Unix µs. until: None: to this day."""

    since: int
    until: int | None


class PastTable(msgspec.Struct, frozen=True):
    """A table of the archive.

    versions: its column sets, by schema_version from 1 on. spans: empty where nothing is stored
    about its capture.
    """

    source: str
    database: str
    name: str
    versions: list[Table]
    spans: list[ValidSpan]

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"

    def version(self, number: int) -> Table | None:
        """The columns of a schema_version; None where the state table has none."""
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None

    def captured_since(self, at_us: int) -> int | None:
        """From when to this time no change is missing; None: it was not captured at this time."""
        if not self.spans:
            return 0
        for span in self.spans:
            if span.since <= at_us and (span.until is None or at_us < span.until):
                return span.since
        return None


def find_table(setup: HistorySetup, name: str) -> PastTable:
    """The table of this name: DATABASE.TABLE, or TABLE if only one database has it.

    SOURCE:DATABASE.TABLE where several sources have one of that name. Raises ConfigError naming the
    tables that the archive knows.
    """
    sources, own = _sources_of(setup, name)
    known = _captured(setup)
    found = [
        (source, full)
        for source, full in known
        if source in sources and own in (full, full.partition(".")[2])
    ]
    if len(found) == 1:
        return _of_full_name(setup, *found[0])
    stored = _stored(setup, sources, own) if not found and len(own) <= MOST_CHARACTERS else []
    if len(stored) == 1:
        return _opened(setup, *stored[0])
    found = found or [(source, f"{database}.{table}") for source, database, table in stored]
    twice = len({full for _, full in found}) < len(found)
    listed = sorted(f"{source}:{full}" if twice else full for source, full in found or known)
    several = "is in more than one source." if twice else "is in more than one database."
    raise ConfigError(
        several if found else "is no table of the archive.",
        thing=f"table {name[:200]!r}",
        hint=f"Name one of: {', '.join(listed[:MOST_NAMED]) or 'none yet'}.",
    )


def known_tables(setup: HistorySetup) -> list[PastTable]:
    """Every table that a stream of the stage has captured."""
    return [_of_full_name(setup, source, full) for source, full in _captured(setup)]


def _sources_of(setup: HistorySetup, name: str) -> tuple[list[str], str]:
    """The sources that a name may mean, and the name without its source."""
    every = sorted(set(setup.streams.values()))
    head, _, rest = name.partition(":")
    return ([head], rest) if rest and head in every else (every, name)


def _captured(setup: HistorySetup) -> list[tuple[str, str]]:
    """The tables that were ever captured: source and full name, by the latter."""
    found = {
        (source, full)
        for stream, source in setup.streams.items()
        for segment in setup.state.coverage.segments(stream)
        for full in segment.tables
    }
    return sorted(found, key=lambda each: (each[1], each[0]))


def _stored(setup: HistorySetup, sources: list[str], name: str) -> list[tuple[str, str, str]]:
    """Source, database and name of tables whose columns state has; at most one of a source."""
    found: dict[str, tuple[str, str, str]] = {}
    for source in sources:
        for database, table in _splits(name):
            if setup.state.schemas.latest(source, database, table) is not None:
                found.setdefault(source, (source, database, table))
    return list(found.values())


def _of_full_name(setup: HistorySetup, source: str, full: str) -> PastTable:
    """A captured table; one without columns in state has not had a change yet."""
    for database, table in _splits(full):
        if setup.state.schemas.latest(source, database, table) is not None:
            return _opened(setup, source, database, table)
    return _opened(setup, source, *next(_splits(full)))


def _splits(full: str) -> Iterator[tuple[str, str]]:
    """DATABASE and TABLE of a full name, each of which may have a dot in it."""
    parts = full.split(".")
    for at in range(1, len(parts)):
        yield ".".join(parts[:at]), ".".join(parts[at:])


def _opened(setup: HistorySetup, source: str, database: str, name: str) -> PastTable:
    versions = versions_of(setup.state.schemas, source, database, name)
    segments = {
        stream: setup.state.coverage.segments(stream) for stream in setup.streams_of(source)
    }
    return PastTable(source, database, name, versions, spans_of(segments, f"{database}.{name}"))


def spans_of(segments: dict[str, list[CoverageSegment]], table: str) -> list[ValidSpan]:
    """The times in which one of these streams captured the table.

    A table that passes from one stream to another has no gap: the second one continues where the
    first one ended.
    """
    found: list[ValidSpan] = []
    for own in segments.values():
        last: CoverageSegment | None = None
        for place, segment in enumerate(own, 1):
            later = own[place] if place < len(own) else None
            captured = table in segment.tables
            since = segment.start.at_ms * 1000
            until = later.start.at_ms * 1000 if later else None
            joins = last is not None and table in last.tables and segment.start.follows
            last = segment
            if not captured:
                continue
            if joins and found:
                found[-1] = ValidSpan(found[-1].since, until)
            else:
                found.append(ValidSpan(since, until))
    merged: list[ValidSpan] = []
    for span in sorted(found, key=lambda each: each.since):
        before = merged[-1] if merged else None
        if before and before.until is not None and span.since < before.until:
            until = None if span.until is None else max(span.until, before.until)
            merged[-1] = ValidSpan(before.since, until)
        elif before is None or before.until is not None:
            merged.append(span)
    return merged
