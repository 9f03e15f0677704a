"""What the relay needs of the topic: publish up to ten messages, learn the fate of each."""

from typing import Protocol

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """One message to publish: its body, MessageGroupId, MessageDeduplicationId and string
    attributes.
    """

    body: str
    group: str
    deduplication_id: str
    attributes: dict[str, str]


class Topic(Protocol):
    """An SNS FIFO topic."""

    def publish(self, entries: list[Entry]) -> list[str | None]:
        """One PublishBatch of ≤ 10 entries of different groups, ≤ 256 KiB together: per entry None
        (acknowledged) or why it failed and may be tried again.

        A lost reply or time-out counts as failed for all entries. Raises TopicError for what trying
        again cannot mend.
        """
        ...
