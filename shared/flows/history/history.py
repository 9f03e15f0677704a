"""The history of a row, and the row at a time."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import msgspec

from shared.domain.archived_change import Archived, in_order
from shared.domain.key_argument import key_texts
from shared.domain.row_answer import RowAt
from shared.domain.row_as_of import state_at
from shared.domain.row_in_snapshot import SKEW_US, SnapshotRow, nearest
from shared.flows.history.archive_reach import ArchiveReach, archive_of, held_since, with_times
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import PastTable, find_table
from shared.flows.history.row_queries import (
    ComingVersion,
    read_coming_versions,
    read_other_keys,
    read_row,
    read_snapshots,
    read_versions,
)
from shared.values.table import Table
from shared.values.unix_micros import micros

MOST_KEY_CHANGES = 50
"""Changes of a row's key whose other side is looked up; each is a part of one query."""


class RowHistory(msgspec.Struct, frozen=True):
    """All archived changes of a row, in order, with truncates of its table. scanned: bytes."""

    table: str
    keys: list[str]
    changes: list[Archived]
    archive: ArchiveReach
    scanned: int


class RowMoment(msgspec.Struct, frozen=True):
    """A row at a time. complete: the archive has every change until then. scanned: bytes."""

    table: str
    keys: list[str]
    at_us: int
    found: RowAt
    complete: bool
    archive: ArchiveReach
    scanned: int


def row_history(setup: HistorySetup, table: str, key: str) -> RowHistory:
    """What happened to a row. Raises ConfigError for a table or key that cannot be."""
    past, keys, archive, changes, read = _read(setup, table, key)
    halves = [each for each in changes if each.half_of_key_change][-MOST_KEY_CHANGES:]
    others, scanned = read_other_keys(setup.athena, past, halves)
    changes = [
        msgspec.structs.replace(each, moved=others[each.id]) if each.id in others else each
        for each in changes
    ]
    return RowHistory(past.full_name, keys, changes, archive, read + scanned)


def row_at(setup: HistorySetup, table: str, key: str, at: datetime) -> RowMoment:
    """A row at a time, which has a time zone. Raises ConfigError as `row_history`."""
    at_us = micros(at)
    past, keys, archive, changes, read = _read(setup, table, key)
    seen, scanned = _seen(setup, past, changes, at_us)
    read += scanned
    later, scanned = _later(setup, past, at_us)
    read += scanned
    version = seen[0] if seen else later[0].version if later else 0
    since_us = held_since(past, archive, at_us)
    state = partial(
        state_at,
        changes,
        at_us,
        captured_since_us=since_us,
        in_force=past.version(version),
        in_force_version=version,
        versions=past.versions,
        seen=seen,
        rival=rival_of(past, seen, later),
    )
    found = state()
    if found.next:
        found = state(coming=_until(later, found.next))
    if found.is_open and since_us is not None:
        snapshots, scanned = _snapshots(setup, past, keys, archive, since_us)
        if row := nearest(snapshots, changes, at_us):
            found = state(read=row, coming=_until(later, row))
        read += scanned
    return RowMoment(past.full_name, keys, at_us, found, archive.reaches(at_us), archive, read)


def _snapshots(
    setup: HistorySetup, past: PastTable, keys: Sequence[str], archive: ArchiveReach, since_us: int
) -> tuple[list[SnapshotRow], int]:
    """The row in snapshots between which and a time no archived change is missing; bytes scanned.

    since_us: the archive has every change of the table from then to that time.
    """
    if not archive.since_us or not setup.archive_table.has_snapshots():
        return [], 0
    found, scanned = read_snapshots(setup.athena, past, keys)
    return [
        each
        for each in found
        if held_since(past, archive, each.read_us) == since_us
        and archive.reaches(each.read_us + SKEW_US)
    ], scanned


def _read(
    setup: HistorySetup, name: str, key: str
) -> tuple[PastTable, list[str], ArchiveReach, list[Archived], int]:
    past = find_table(setup, name)
    keys = key_texts(key, past.versions, past.full_name)
    # The ledger comes first: what it has, the query sees.
    archive, scanned = with_times(setup, archive_of(setup, past.source))
    changes, read = read_row(setup.athena, past, keys)
    return past, keys, archive, in_order(changes), scanned + read


def _later(setup: HistorySetup, past: PastTable, at_us: int) -> tuple[list[ComingVersion], int]:
    """The schema_versions of the table after a time; the bytes scanned."""
    if len(past.versions) < 2:
        return [], 0
    return read_coming_versions(setup.athena, past, at_us)


def _until(later: Sequence[ComingVersion], end: Archived | SnapshotRow) -> list[int]:
    """The versions that were there before the end."""
    return [each.version for each in later if (each.epoch, each.n) <= (end.epoch, end.n)]


def rival_of(past: PastTable, seen: Sequence[int], later: Sequence[ComingVersion]) -> Table | None:
    """The columns that the table may have had already, or still, at a time between two changes."""
    if not later or (seen and later[0].version == seen[0]):
        return None
    return past.version(later[0].version if seen else later[0].version - 1)


def _seen(
    setup: HistorySetup, past: PastTable, changes: Sequence[Archived], at_us: int
) -> tuple[list[int], int]:
    """The schema_versions of the table from the row's last change to a time; the bytes scanned.

    The one in force at that time comes first. Empty where it does not matter.
    """
    if len(past.versions) < 2:
        return [], 0
    before = [each.at_us for each in changes if each.op != "t" and each.at_us <= at_us]
    return read_versions(setup.athena, past, at_us, before[-1] if before else None)
