"""Gap: a message that a topic puts into a FIFO queue has no SequenceNumber there.

It passes the queue's deduplication by, too. Shown by test_topics.py::test_fifo_topic_to_fifo_queue.
Needs `queue_lock` before it.
"""

import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.services import sns, sqs

from local.emulator.patch import Function, around
from local.emulator.queue_lock import LOCK

_WINDOW = 300  # seconds


@around(sns, "_deliver_to_sqs")
def deliver(
    original: Function,
    endpoint: str,
    *args: Any,
    message_group_id: str = "",
    message_dedup_id: str = "",
    **kwargs: Any,
) -> None:
    """Deliver unless the queue has the deduplication id, and number the message as SendMessage
    does.
    """
    with LOCK:
        queue = sqs._queue_by_arn(endpoint)
        fifo = bool(queue and queue["is_fifo"])
        key = _dedup_key(queue, message_group_id, message_dedup_id) if fifo else ""
        if key and key in queue["dedup_cache"]:
            return
        before = len(queue["messages"]) if queue else 0
        original(
            endpoint,
            *args,
            message_group_id=message_group_id,
            message_dedup_id=message_dedup_id,
            **kwargs,
        )
        if not fifo or len(queue["messages"]) == before:  # no FIFO queue, or refused by its policy
            return
        message = queue["messages"][-1]
        queue["fifo_seq"] += 1
        message["seq"] = str(queue["fifo_seq"]).zfill(20)
        message["dedup_cache_key"] = key
        if key:
            queue["dedup_cache"][key] = {
                "expire": time.time() + _WINDOW,
                "id": message["id"],
                "md5": message.get("md5_body"),
                "md5a": message.get("md5_attrs"),
                "seq": message["seq"],
            }
    esm_wake.set()


def _dedup_key(queue: dict[str, Any], group: str, dedup_id: str) -> str:
    sqs._prune_dedup(queue)
    if not dedup_id:
        return ""
    return (
        f"{group}:{dedup_id}"
        if queue["attributes"].get("DeduplicationScope") == "messageGroup"
        else dedup_id
    )
