"""Gap: each receive and each deletion looks at all fields of every message of the queue.

A mapping got 10 messages a second of a backlog of 70,000. Here a receive reads one or two fields of
each message. Shown by test_queues.py::test_a_receive_costs_little_while_many_messages_wait. Must
come before `queue_lock`.
"""

import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from local.emulator.patch import Function, around

_RETENTION = 345_600  # seconds: SQS's default


@around(sqs, "_expire_retained")
def expire(original: Function, queue: dict[str, Any]) -> None:
    """Drop what is too old: messages are in the order in which they came, but for moved ones."""
    messages = queue["messages"]
    retention = int(queue["attributes"].get("MessageRetentionPeriod") or _RETENTION)
    oldest = messages[0] if messages else {}
    came = oldest.get("enqueued_at", oldest.get("sent_at", 0.0))
    if messages and came <= time.time() - retention:
        original(queue)


@around(sqs, "_dlq_sweep")
def sweep(original: Function, queue: dict[str, Any]) -> None:
    """Move what was received too often; look closer only where there is such a message."""
    try:
        limit = int(json.loads(queue["attributes"].get("RedrivePolicy") or "{}")["maxReceiveCount"])
    except (KeyError, TypeError, ValueError):
        return
    if [1 for message in queue["messages"] if message["receive_count"] >= limit]:
        original(queue)


@around(sqs, "_collect_fifo")
def collect(
    _original: Function, queue: dict[str, Any], most: int, visibility: int, now: float
) -> list[dict[str, Any]]:
    """The next messages of groups that have none in flight, and of one group as many as possible.

    The stock emulator gives one message of each of ten groups, and locks all ten. Source: SQS
    developer guide, "Amazon SQS FIFO queue delivery logic", "Receiving messages".
    """
    messages = queue["messages"]
    for message in [each for each in messages if "seq" not in each]:
        sqs._ensure_msg_fields(message)
    received = [each for each in messages if each["receive_count"]]
    busy = {each["group_id"] for each in received if each["visible_at"] > now}
    free: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        if message["visible_at"] <= now and (group := message["group_id"]) not in busy:
            free.setdefault(group, []).append(message)
            if len(next(iter(free.values()))) == most:
                break
    found = [message for each in free.values() for message in each][:most]
    for message in found:
        message["receipt_handle"] = new_uuid()
        message["visible_at"] = now + visibility
        message["receive_count"] += 1
        message["first_receive_at"] = message.get("first_receive_at") or now
    return found


@around(sqs, "_delete_messages_for_esm")
def delete(_original: Function, queue_url: str, receipt_handles: set[str]) -> None:
    """Delete what a mapping has handled. Deduplication ids stay for their five minutes."""
    if receipt_handles:
        with sqs._queues_lock:
            queue = sqs._get_q(queue_url)
            queue["messages"] = [
                each
                for each in queue["messages"]
                if each.get("receipt_handle") not in receipt_handles
            ]
