"""What backfill and consumers need of SQS: send to a consumer's queue, set a change aside, delay a
retry.
"""

from typing import Protocol

from shared.adapters.topic.contract import Entry


class Queue(Protocol):
    """One SQS FIFO queue."""

    def send(self, entries: list[Entry]) -> list[str | None]:
        """One SendMessageBatch of ≤ 10 entries: per entry None (acknowledged) or why it failed.
        Order within a group holds only when a request carries one entry a group.
        """
        ...

    def delay(self, receipt_handles: list[str], seconds: int) -> None:
        """Keep received messages (and so their groups) invisible for `seconds` from now; failures
        are ignored, the queue's own time-out then applies.
        """
        ...

    def depth(self) -> tuple[int, int]:
        """(messages waiting, messages in flight), approximate."""
        ...
