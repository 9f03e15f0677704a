"""Delivery: one received SQS message."""

from typing import Any

import msgspec

SET_ASIDE = "reason"
"""The attribute of a change that an earlier version put into the DLQ itself. The watch makes its
table due.
"""


class Delivery(msgspec.Struct, frozen=True, gc=False):
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
        """A delivery from one of the event's `Records`.

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
