"""Archive state: where a change is for the consumer of the archive.

That consumer keeps no marks: the archive's ledger says of each number whether the table has it.
"""

from msgspec.structs import replace

from shared.domain.archive_completeness import first_expected
from shared.domain.archive_ledger import Ledger
from shared.flows.trace.change_trace import ConsumerTrace, Step
from shared.flows.trace.found_change import FoundChange
from shared.values.seq import split_seq

ARCHIVE = "archive"
"""The kind of the archive's sink."""


def archive_state(
    said: ConsumerTrace, known: FoundChange, ledger: Ledger, waiting: str
) -> ConsumerTrace:
    """What traces and parked changes say of a change, corrected by the ledger.

    said: by traces and parked changes. waiting: what the consumer's queue holds, in words.
    """
    if not known.seq or said.where in ("parked", "not published"):
        return said
    epoch, n = split_seq(known.seq)
    place = known.stream, epoch
    if n in ledger.removed(place):
        return replace(said, where="removed", why="its row was removed from the archive")
    if n in ledger.held(place):
        steps = [*said.steps, Step("archived", 0)]
        return replace(said, where="archived", steps=steps, why="")
    if said.where == "applied":
        why = "a run of the archive's function brings it from the landing into the table"
        return replace(said, where="landed", why=why)
    if said.where in ("superseded", "filtered", "left parking"):
        return said
    if ledger.places() and n < first_expected(ledger, place):
        return replace(said, where="unknown", why="the archive began after it")
    why = f"the archive's table does not have it: it is in the landing, or waits; {waiting}"
    return replace(said, where="queued", why=why)
