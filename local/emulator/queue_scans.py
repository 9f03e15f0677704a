"""Gap: each receive, deletion and count looks at all fields of every message of the queue.

A mapping got 10 messages a second of a backlog of 70,000. Here it is known which messages were
received, and the others are looked at once. Shown by
test_queues.py::test_a_receive_costs_little_while_many_messages_wait and
test_queues.py::test_a_deletion_costs_little_while_many_messages_wait. Must come before
`queue_lock`.
"""

import functools
import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from local.emulator.patch import Function, around

_RETENTION = 345_600  # seconds: SQS's default
StoredMessage = dict[str, Any]


class _Known:
    """The messages of one queue as they were seen last.

    messages: the queue's list. checked: this many of them, from the front, have all fields.
    last: the last one of these. Where it has another place, something else has removed messages.
    received: those that were received and are not deleted, by their identity.
    """

    def __init__(self, queue: dict[str, Any]) -> None:
        self.queue, self.messages = queue, queue["messages"]
        self.checked, self.received = 0, dict[int, StoredMessage]()
        self.last: StoredMessage | None = None

    def is_true(self, queue: dict[str, Any]) -> bool:
        """Whether nothing but this module has removed messages. Only FIFO queues are followed."""
        same = self.queue is queue and self.messages is queue["messages"] and queue.get("is_fifo")
        return bool(same) and self._at_end() is self.last

    def look(self) -> None:
        """Look at the messages that came since the last look."""
        for message in self.messages[self.checked :]:
            if "seq" not in message:
                sqs._ensure_msg_fields(message)
            if message["receive_count"]:
                self.received[id(message)] = message
        self.checked = len(self.messages)
        self.last = self._at_end()

    def remove(self, wanted: set[int]) -> None:
        """Remove messages that were received: they are near the front."""
        at = 0
        while wanted and at < len(self.messages):
            if (identity := id(self.messages[at])) in wanted:
                wanted.remove(identity)
                del self.messages[at], self.received[identity]
                self.checked -= 1
            else:
                at += 1
        self.last = self._at_end()

    def _at_end(self) -> StoredMessage | None:
        at = self.checked - 1
        return self.messages[at] if 0 <= at < len(self.messages) else None


_queues: dict[int, _Known] = {}


def _known(queue: dict[str, Any]) -> _Known:
    found = _queues.get(id(queue))
    if found is None or not found.is_true(queue):
        found = _queues[id(queue)] = _Known(queue)
    found.look()
    return found


@around(sqs, "_expire_retained")
def expire(original: Function, queue: dict[str, Any]) -> None:
    """Drop messages that are too old. They are in the order of arrival, except moved ones."""
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
    if any(one["receive_count"] >= limit for one in _known(queue).received.values()):
        original(queue)


@around(sqs, "_collect_fifo")
def collect(
    _original: Function, queue: dict[str, Any], most: int, visibility: int, now: float
) -> list[StoredMessage]:
    """The next messages of groups that have none in flight, and of one group as many as possible.

    The stock emulator gives one message of each of ten groups, and locks all ten. Source: SQS
    developer guide, "Amazon SQS FIFO queue delivery logic", "Receiving messages".
    """
    known = _known(queue)
    busy = {one["group_id"] for one in known.received.values() if one["visible_at"] > now}
    free: dict[str, list[StoredMessage]] = {}
    for message in known.messages:
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
        known.received[id(message)] = message
    return found


@around(sqs, "_delete_messages_for_esm")
def delete(_original: Function, queue_url: str, receipt_handles: set[str]) -> None:
    """Delete what a mapping has handled. Deduplication ids stay for their five minutes."""
    if receipt_handles:
        with sqs._queues_lock:
            known = _known(sqs._get_q(queue_url))
            received = known.received.items()
            known.remove({at for at, one in received if one["receipt_handle"] in receipt_handles})


def _by_handle(original: Function) -> Function:
    """An action that finds messages by their receipt handles: it looks at received ones only."""

    @functools.wraps(original)
    def among_received(data: dict[str, Any], queue_url: str) -> Any:
        queue = sqs._get_q(data.get("QueueUrl", queue_url))
        if not queue.get("is_fifo"):
            return original(data, queue_url)
        known = _known(queue)
        queue["messages"] = list(known.received.values())
        try:
            answer = original(data, queue_url)
        finally:
            kept, queue["messages"] = queue["messages"], known.messages
            known.remove(set(known.received) - {id(one) for one in kept})
        return answer

    return among_received


for _action in ("DeleteMessage", "ChangeMessageVisibility"):
    for _name in (_action, f"{_action}Batch"):
        sqs._HANDLERS[_name] = _by_handle(sqs._HANDLERS[_name])


@around(sqs, "_refresh_counts")
def refresh(original: Function, queue: dict[str, Any]) -> None:
    """Count what is in flight. A message of a FIFO queue is never delayed alone."""
    if not queue.get("is_fifo") or int(queue["attributes"].get("DelaySeconds") or 0):
        original(queue)
        return
    sqs._expire_retained(queue)
    known, now = _known(queue), time.time()
    in_flight = sum(one["visible_at"] > now for one in known.received.values())
    counts = {
        "": len(known.messages) - in_flight,
        "NotVisible": in_flight,
        "Delayed": 0,
    }
    for name, count in counts.items():
        queue["attributes"][f"ApproximateNumberOfMessages{name}"] = str(count)
