"""Delivery: one received SQS message, and how long to wait before it is received again."""

import random
from typing import Any

import msgspec

MAX_DELAY = 30
"""Seconds: after a short outage of a sink, its changes flow again within this time."""

MAX_OLD_DELAY = 3600
"""Seconds. Messages that fail for days may not reach the queue's maxReceiveCount of 1,000: SQS
would move them to the DLQ, out of their order.
"""


class Delivery(msgspec.Struct, frozen=True):
    """A received message.

    group: its MessageGroupId. attempt: how often it was received, 1 the first time.
    attributes: its string attributes.
    sent_ms: when SQS accepted it; a move to a DLQ counts as a new acceptance. SQS deletes it after
        the queue's retention period, counted from then. 0: not told.
    first_received_ms: when it was received the first time. 0: not told.
    """

    message_id: str
    receipt_handle: str
    body: str
    group: str
    deduplication_id: str
    attempt: int
    attributes: dict[str, str]
    sent_ms: int = 0
    first_received_ms: int = 0

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
            first_received_ms=int(system.get("ApproximateFirstReceiveTimestamp", 0)),
        )


def back_off(attempt: int, age: float) -> int:
    """Seconds to wait after the `attempt`-th failure of a message that is `age` seconds old.

    1 s, doubling to 30 s, and from 25 minutes on a fiftieth of the age, at most an hour. So a
    message is received fewer than 800 times in the 14 days that SQS keeps it, and what failed for a
    long time is late by 2 % of that time. The longer waits are spread by up to an eighth, so that
    groups do not all return at once.
    """
    ceiling = max(min(MAX_DELAY, 2 ** min(attempt - 1, 10)), min(MAX_OLD_DELAY, int(age / 50)))
    least = (ceiling + 1) // 2 if ceiling <= MAX_DELAY else ceiling * 7 // 8
    return random.randint(least, ceiling)  # noqa: S311 (spread, not secrecy)
