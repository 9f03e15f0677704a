"""Gap: there is no StartMessageMoveTask, which empties a dead-letter queue into its source queue.

Shown by test_queues.py::test_dead_letters_move_back. Needs `queue_lock` before it.
"""

import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.services import sqs

from local.emulator.queue_lock import locked

_tasks: dict[str, list[dict[str, Any]]] = {}


def start(data: dict[str, Any], _url: str) -> dict[str, str]:
    """Move all visible messages at once; AWS takes a while (at most 500 a second)."""
    source = sqs._queue_by_arn(data["SourceArn"])
    if source is None:
        raise sqs._Err(
            "ResourceNotFoundException",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        )
    moved = 0
    for message in [
        message for message in source["messages"] if message["visible_at"] <= time.time()
    ]:
        target = sqs._queue_by_arn(
            data.get("DestinationArn") or message["sys"].get("DeadLetterQueueSourceArn", "")
        )
        if target is not None:
            source["messages"].remove(message)
            target["messages"].append(_fresh(message, target))
            moved += 1
    task = {
        "TaskHandle": sqs.new_uuid(),
        "Status": "COMPLETED",
        "SourceArn": data["SourceArn"],
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": moved,
        "StartedTimestamp": int(time.time() * 1000),
    }
    if data.get("DestinationArn"):
        task["DestinationArn"] = data["DestinationArn"]
    _tasks.setdefault(data["SourceArn"], []).insert(0, task)
    esm_wake.set()
    return {"TaskHandle": str(task["TaskHandle"])}


def list_tasks(data: dict[str, Any], _url: str) -> dict[str, Any]:
    """The latest tasks of a queue."""
    return {"Results": _tasks.get(data["SourceArn"], [])[: int(data.get("MaxResults", 1))]}


def _fresh(message: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """The message as if it had just been sent to `target`; its group stays."""
    now = time.time()
    system = {
        name: value for name, value in message["sys"].items() if name != "DeadLetterQueueSourceArn"
    }
    fresh = {
        **message,
        "receipt_handle": None,
        "receive_count": 0,
        "first_receive_at": None,
        "visible_at": now,
        "sys": system,
    }
    if target["is_fifo"]:
        target["fifo_seq"] += 1
        fresh["seq"] = str(target["fifo_seq"]).zfill(20)
    return fresh


sqs._HANDLERS["StartMessageMoveTask"] = locked(start)
sqs._HANDLERS["ListMessageMoveTasks"] = locked(list_tasks)
