"""Archive status: how far the archive has each stream, and what waits for it."""

from shared.domain.archive_completeness import complete_through
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.archive_answers import ArchiveStatus, StreamStanding
from shared.flows.archive.archive_setup import ArchiveSetup
from shared.flows.archive.assigned_numbers import assigned_numbers


def archive_status(setup: ArchiveSetup) -> ArchiveStatus:
    """Read how far the archive is."""
    waiting = list(setup.landing.list())
    ledger = Ledger.decode(setup.lake.head().ledger)
    files = setup.lake.files()
    return ArchiveStatus(
        streams=[each for name in setup.streams for each in _streams(setup, ledger, name)],
        waiting=len(waiting),
        waiting_bytes=sum(each.size for each in waiting),
        oldest_ms=max((setup.now_ms() - each.at_ms for each in waiting), default=0),
        files=len(files),
        size=sum(each.size for each in files),
        rows=sum(each.rows for each in files),
    )


def _streams(setup: ArchiveSetup, ledger: Ledger, name: str) -> list[StreamStanding]:
    places = [place for place in ledger.places() if place[0] == name]
    if not places:
        return []
    newest = places[-1]
    ends = dict(assigned_numbers(setup.state, name))
    return [
        StreamStanding(
            stream=name,
            epoch=newest[1],
            changes=sum(ledger.count(place) for place in places),
            first=ledger.first(newest),
            through=complete_through(ledger, newest),
            last=ledger.last(newest),
            end=ends.get(newest, 0),
        )
    ]
