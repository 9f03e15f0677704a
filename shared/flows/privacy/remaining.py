"""Remaining: what an erasure cannot remove, and when it ends by itself."""

from shared.flows.privacy.setup import PrivacySetup

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


def remaining(setup: PrivacySetup) -> tuple[str, ...]:
    """What remains, a line each."""
    found = []
    if unreadable := sum(1 for _ in setup.objects["rejected"].list()):
        found.append(f"{unreadable} objects in rejected/ of the archive, which cannot be read")
    if healing := sum(1 for _ in setup.archive.healing.list()):
        found.append(f"{healing} objects in healing/ of the archive, until the healing ends")
    return (*found, *LASTING)
