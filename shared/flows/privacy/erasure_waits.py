"""Erasure waits: why an erasure must wait before it removes anything."""

from collections.abc import Mapping

from shared.domain.archive_completeness import archived_through
from shared.domain.archive_ledger import Ledger
from shared.flows.archive.assigned_numbers import assigned_numbers
from shared.flows.archive.committing import commit
from shared.flows.privacy.erasable import last_changes
from shared.flows.privacy.job_records import open_job
from shared.flows.privacy.journal_keys import unwritten
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.flows.snapshots.tending import tend
from shared.values.erasure import Erasure
from shared.values.seq import make_seq


def unsettled(setup: PrivacySetup, erasure: Erasure) -> str:
    """Why an erasure must wait for its next run; empty: it need not.

    Landed changes and parts of snapshots are put into the tables first.
    """
    done = commit(setup.archive, wait_seconds=60.0)
    if done.busy or done.left:
        return "the landing is being committed"
    tended = tend(setup.snapshots)
    if tended.busy or tended.left:
        return "a snapshot is being packed"
    newest: dict[str, int] = {}
    for subject in erasure.subjects:
        for row in last_changes(setup, subject).values():
            seq = make_seq(row["epoch"], row["n"])
            newest[row["stream"]] = max(seq, newest.get(row["stream"], 0))
    return open_job(setup, erasure) or unwritten(setup, newest) or _missing(setup, newest)


def _missing(setup: PrivacySetup, newest: Mapping[str, int]) -> str:
    """A change that comes late, or that an audit heals, may be one of the rows."""
    ledger = Ledger.decode(setup.archive.lake.head().ledger)
    for stream, seq in sorted(newest.items()):
        if (
            archived_through(ledger, stream, dict(assigned_numbers(setup.archive.state, stream)))
            < seq
        ):
            return (
                f"the archive lacks changes of stream {stream} before the last of these rows; "
                "see rowline archive audit"
            )
    return ""
