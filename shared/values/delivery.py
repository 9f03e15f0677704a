"""Delivery: one SQS message as the event source mapping hands it to a consumer's function."""

import random
from typing import Any

import msgspec

MAX_DELAY = 30
"""Seconds: after a sink has come back, its changes flow again within this time."""


class Delivery(msgspec.Struct, frozen=True):
    """A received message. `group` MessageGroupId, `attempt` how often it was received (1 the first
    time), `attributes` its string attributes.
    """

    message_id: str
    receipt_handle: str
    body: str
    group: str
    deduplication_id: str
    attempt: int
    attributes: dict[str, str]

    @staticmethod
    def of(record: dict[str, Any]) -> "Delivery":
        """From one of the event's `Records`. Source: Lambda developer guide, "Example Amazon SQS
        FIFO message event".
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
        )


def back_off(attempt: int) -> int:
    """Seconds to wait after the `attempt`-th failure: 1 s doubling to 30 s, the longer ones spread
    by up to a half so that groups do not return all at once.
    """
    ceiling = min(MAX_DELAY, 2 ** min(attempt - 1, 10))
    return random.randint((ceiling + 1) // 2, ceiling)  # noqa: S311 (spread, not secrecy)
