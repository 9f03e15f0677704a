"""Unsettled: why an erasure must wait before it removes anything."""

from shared.flows.archive.committing import commit
from shared.flows.privacy.job_records import open_job
from shared.flows.privacy.journals import unwritten
from shared.flows.privacy.setup import PrivacySetup
from shared.flows.snapshots.tending import tend
from shared.values.erasure import Erasure


def unsettled(setup: PrivacySetup, erasure: Erasure) -> str:
    """What an erasure waits for; empty: nothing. It comes again in the next run.

    What is on its way into the table comes in first.
    """
    done = commit(setup.archive, wait_seconds=60.0)
    if done.busy or done.left:
        return "the landing is being committed"
    tended = tend(setup.snapshots)
    if tended.busy or tended.left:
        return "a snapshot is being packed"
    return open_job(setup, erasure) or unwritten(setup, erasure)
