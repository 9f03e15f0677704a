"""Journal keys: those that relays note of rows they publish, see `failover/journal.py`."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from shared.flows.privacy import erasure_progress
from shared.flows.privacy.person import Person
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.relay.failover.forgotten_keys import without_keys
from shared.flows.relay.failover.journal import FOLDER, LOST
from shared.values.erasure import Erasure
from shared.values.errors import StateUnavailable
from shared.values.stream import source_of

_AT_ONCE, _LOOKED_AT = 8, 100
_ATTEMPTS = 5


def unwritten(setup: PrivacySetup, newest: Mapping[str, int]) -> str:
    """Why the journals may still come to name the rows; empty: they do not.

    newest: stream → the seq of their last change. A checkpoint never moves past its journal, so
    nothing up to it is noted later.
    """
    for stream in sorted({*setup.archive.streams, *newest}):
        checkpoint = setup.archive.state.streams.load(stream)[1]
        if checkpoint is None:
            continue
        if checkpoint.is_rereading:
            return f"the relay of stream {stream} is reading rows again after a fail-over"
        if checkpoint.seq < newest.get(stream, 0):
            return f"the relay of stream {stream} has not stored its checkpoint yet"
    return ""


def forget(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Take the keys out of the journals; lists of rows that were read again after a loss go."""
    kept = setup.objects["claims"]
    sources = {each.source for each in erasure.subjects}
    keys = {source: Person.of(erasure, source).keys for source in sources}
    ours = [each.name for each in kept.list() if source_of(each.name) in sources]
    lists = [name for name in ours if name.rpartition("/")[2].startswith(LOST)]
    kept.delete(lists)
    names = iter([name for name in ours if name.rpartition("/")[0].endswith(f"/{FOLDER[:-1]}")])
    removed = 0
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(names, _LOOKED_AT)):
            erasure_progress.require_time(setup)
            removed += sum(
                pool.map(lambda name: _rewritten(setup, name, keys[source_of(name)]), some)
            )
    return erasure.with_removed(journals=removed)


def _rewritten(setup: PrivacySetup, name: str, keys: dict[str, set[str]]) -> int:
    """Put a page without the keys in the place of one; returns how many it had.

    The relay may be writing the page that takes its place.
    """
    kept = setup.objects["claims"]
    for _ in range(_ATTEMPTS):
        body = kept.get(name)
        if body is None:
            return 0
        page, found = without_keys(body, keys)
        if not found or kept.replace(name, body, page):
            return found
    raise StateUnavailable(
        "is written again and again.", thing=f"page {name}", hint="The next run continues."
    )
