"""Deduplication id: by which SNS and SQS take two messages for one, within five minutes."""

from collections.abc import Iterable
from hashlib import blake2b

from shared.values.change import Change


def deduplication_id(changes: list[Change], *, run: str = "", attempt: int = 0) -> str:
    """`hash_ids` of the ids of these changes."""
    return hash_ids((change.id for change in changes), run=run, attempt=attempt)


def hash_ids(ids: Iterable[str], *, run: str = "", attempt: int = 0) -> str:
    """MessageDeduplicationId: a hash of the change ids inside a message.

    SQS thereby recognises a publication that is repeated after a lost reply. Lanes other than
    `live` add their `run` and `attempt`. SQS remembers ids for five minutes, even after deletion,
    and would otherwise drop a deliberate second delivery. Source: SQS developer guide,
    "Exactly-once processing".
    """
    digest = blake2b(digest_size=24)
    for each in ids:
        digest.update(each.encode())
        digest.update(b"\0")
    if run:
        digest.update(f"{run}\0{attempt}".encode())
    return digest.hexdigest()
