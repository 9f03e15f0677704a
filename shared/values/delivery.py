"""Delivery: one received SQS message, and how long to wait before it is received again."""

import random
from typing import Any

import msgspec

MAX_DELAY = 30
"""Seconds: after a sink has come back, its changes flow again within this time."""


class Delivery(msgspec.Struct, frozen=True):
    """A received message.

    group: its MessageGroupId. attempt: how often it was received, 1 the first time.
    attributes: its string attributes.
    sent_ms: when SQS accepted it; a move to a DLQ counts as a new acceptance. SQS deletes it after
        the queue's retention period, counted from then.
    """

    message_id: str
    receipt_handle: str
    body: str
    group: str
    deduplication_id: str
    attempt: int
    attributes: dict[str, str]
    sent_ms: int = 0

    @staticmethod
    def of(record: dict[str, Any]) -> "Delivery":
        """From one of the event's `Records`.

        Source: Lambda developer guide, "Example Amazon SQS FIFO message event".
        """
        system = record["attributes"]
        return Delivery(
            message_id=record["messageId"],
            receipt_handle=record["receiptHandle"],
            body=record["body"],
            group=system["MessageGroupId"],
            deduplication_id=system["MessageDeduplicationId"],
            attempt=int(system["ApproximateReceiveCount"]),
            attributes={
                name: value["stringValue"]
                for name, value in (record.get("messageAttributes") or {}).items()
                if value.get("stringValue") is not None
            },
            sent_ms=int(system.get("SentTimestamp", 0)),
        )


def back_off(attempt: int) -> int:
    """Seconds to wait after the `attempt`-th failure: 1 s, doubling to 30 s.

    The longer ones are spread by up to a half, so that groups do not all return at once.
    """
    ceiling = min(MAX_DELAY, 2 ** min(attempt - 1, 10))
    return random.randint((ceiling + 1) // 2, ceiling)  # noqa: S311 (spread, not secrecy)
