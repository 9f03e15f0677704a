"""Remaining: what an erasure cannot remove, and when it ends by itself."""

from shared.flows.privacy.job_records import ALL_JOBS, takes
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.counted import counted
from shared.values.erasure import Erasure
from shared.values.job import CutoverWork

LASTING = (
    "messages on their way to a consumer: 14 days in its queue and 14 in its DLQ at most",
    "recovery points of the state table: 35 days",
    "Athena's history of queries that named the key: 45 days",
    "hashes of keys in X-Ray: 30 days",
)
"""Only AWS removes these.

Sources: SQS developer guide, "Amazon SQS message quotas"; DynamoDB developer guide, "Point-in-time
backups for DynamoDB"; Athena user guide, "View recent queries"; X-Ray developer guide, "Concepts".
"""

UNREADABLE_FOLDERS = ("rejected", "firehose-errors")
"""Folders of the archive's bucket with objects that nobody can look into."""


def remaining(setup: PrivacySetup, erasure: Erasure) -> tuple[str, ...]:
    """What remains, a line each."""
    found = [
        f"documents in index {index} of consumer {name}, which nobody writes any more, if it is "
        "still there: delete it"
        for name, consumer in setup.consumers.items()
        if any(takes(consumer, each) for each in erasure.subjects)
        for index in sorted(_former_indexes(setup, name))
    ]
    for folder in UNREADABLE_FOLDERS:
        if count := sum(1 for _ in setup.objects[folder].list()):
            found.append(
                f"{counted(count, 'object')} in {folder}/ of the archive, which cannot be read"
            )
    if healing := sum(1 for _ in setup.archive.healing.list()):
        found.append(
            f"{counted(healing, 'object')} in healing/ of the archive, until the healing ends"
        )
    return (*found, *LASTING)


def _former_indexes(setup: PrivacySetup, consumer: str) -> set[str]:
    """The indexes that cutovers of the last 400 days left behind, as far as jobs name them."""
    state = setup.archive.state
    left = {
        pair.beside
        for job in state.jobs.ended(consumer, ALL_JOBS)
        if isinstance(job.work, CutoverWork)
        for pair in job.work.pairs.values()
    }
    written = state.pairs.read(consumer).pairs.values()
    return left - {name for pair in written for name in (pair.serving, pair.beside)}
