"""Table snapshots: the complete snapshots that hold a table, page by page."""

from itertools import islice

import msgspec

from shared.flows.history.archive_reach import ArchiveReach, archive_of
from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.page_tokens import MOST, checked_size, page_token, place_of
from shared.flows.history.past_table import find_table
from shared.values.snapshot import Snapshot

MOST_READ = 200
"""Snapshots that are looked at for one page: each is an object of its own."""


class SnapshotPage(msgspec.Struct, frozen=True):
    """Snapshots that hold a table, oldest first. next: names the page after it; empty: no more.

    table: its full name, by which each snapshot has it.
    """

    table: str
    snapshots: list[Snapshot]
    next: str
    archive: ArchiveReach


def snapshots_of(setup: HistorySetup, name: str, most: int = MOST, page: str = "") -> SnapshotPage:
    """The snapshots of a table. Raises ConfigError for a table that the archive does not know."""
    past, wanted = find_table(setup, name), checked_size(most)
    archive = archive_of(setup, past.source)
    remaining = setup.snapshots.after(place_of(page, str) or "")
    found, last = list[Snapshot](), ""
    for snapshot in islice(remaining, MOST_READ):
        last = snapshot.id
        if snapshot.source == past.source and past.full_name in snapshot.tables:
            found.append(snapshot)
        if len(found) == wanted:
            break
    more = next(remaining, None) is not None
    return SnapshotPage(past.full_name, found, page_token(last) if more else "", archive)
