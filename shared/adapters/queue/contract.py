"""What backfill, consumers and the watch need of SQS: send, receive, hide, delete."""

from typing import Protocol

from shared.adapters.topic.contract import Entry
from shared.values.delivery import Delivery

MAX_RECEIVED = 10
"""Messages that one receive returns at most. Source: SQS API reference, ReceiveMessage."""


class Queue(Protocol):
    """One SQS FIFO queue.

    Each method but `send` raises StateUnavailable when SQS does not answer, StackError when it
    refuses the request. A receipt handle is valid until the message's visibility time-out is over.
    """

    def send(self, entries: list[Entry]) -> list[str | None]:
        """Send up to 10 messages; returns None (acknowledged) or the reason of the failure of each.

        The order within a group holds only when a request has one entry of that group.
        """
        ...

    def receive(
        self, most: int = MAX_RECEIVED, *, visibility: int | None = None, wait: int = 0
    ) -> list[Delivery]:
        """Receive up to `most` messages; none when there is none within `wait` seconds.

        Nobody else receives messages of their groups for `visibility` seconds, by default the
        queue's own time-out. What was received too often goes to the queue's DLQ instead.
        """
        ...

    def hide(self, receipt_handles: list[str], seconds: int) -> set[str]:
        """Keep received messages, and so their groups, invisible for `seconds` from now.

        Returns the handles that are refused: they have expired, and another may have received the
        messages since.
        """
        ...

    def delete(self, receipt_handles: list[str]) -> set[str]:
        """Delete received messages; returns the handles that are refused, as `hide` does."""
        ...

    def depth(self) -> tuple[int, int]:
        """(messages waiting, messages in flight), approximate."""
        ...
