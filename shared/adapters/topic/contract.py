"""What the relay needs of the topic: publish up to ten messages, learn the fate of each."""

from typing import Protocol

import msgspec

MAX_ENTRIES = 10
"""Entries of a request. Source: SNS API reference, PublishBatch; SQS API reference,
SendMessageBatch.
"""


class Entry(msgspec.Struct, frozen=True):
    """One message to publish or send, with its string attributes.

    group: MessageGroupId. deduplication_id: MessageDeduplicationId.
    """

    body: str
    group: str
    deduplication_id: str
    attributes: dict[str, str]


class Topic(Protocol):
    """An SNS FIFO topic."""

    def publish(self, entries: list[Entry]) -> list[str | None]:
        """Publish up to 10 entries of different groups, at most 256 KiB together, in one request.

        Returns for each None (acknowledged) or why it failed and may be tried again. A lost reply
        or time-out counts as failed for all. Raises TopicError for what another attempt cannot
        repair.
        """
        ...
