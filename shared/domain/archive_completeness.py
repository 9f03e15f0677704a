"""Archive completeness: up to which number the archive misses no change of a stream."""

from collections.abc import Mapping

from shared.domain.archive_ledger import Ledger, StreamEpoch
from shared.values.seq import make_seq


def first_expected(ledger: Ledger, place: StreamEpoch) -> int:
    """The first number that should be there; 0 for an epoch from before the archive.

    The archive began with the first number of a stream's first archived epoch. Every later epoch
    begins at 1.
    """
    epochs = [epoch for stream, epoch in ledger.places() if stream == place[0]]
    if not epochs or place[1] < min(epochs):
        return 0
    return ledger.first(place) if place[1] == min(epochs) else 1


def complete_through(ledger: Ledger, place: StreamEpoch) -> int:
    """The highest number of an epoch up to which nothing is missing; 0: the first one is."""
    last = ledger.last(place)
    gap = next(ledger.gaps(place, first_expected(ledger, place), last), None) if last else None
    return gap.first - 1 if gap else last


def archived_through(
    ledger: Ledger, stream: str, ends: Mapping[StreamEpoch, int] | None = None
) -> int:
    """The seq up to which a stream has no gap in any epoch; 0: nothing is archived.

    ends: the last number of each epoch as far as it is known. An epoch that is over, and of which
    nothing is known, is taken to end with its last archived number.
    """
    known = dict(ends or {})
    places = {place for place in {*ledger.places(), *known} if place[0] == stream}
    reached = 0
    for place in sorted(place for place in places if first_expected(ledger, place)):
        whole = complete_through(ledger, place)
        reached = make_seq(place[1], whole)
        if whole < max(ledger.last(place), known.get(place, 0)):
            break
    return reached
