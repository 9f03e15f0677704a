"""Gap: the server's event loop and the mappings' threads change queues without a common lock.

Both may receive the same message, and one may bring back a message that the other has deleted.
Shown by test_queues.py::test_calls_and_mappings_share_a_queue_safely.
"""

import functools
import threading
from typing import Any

from ministack.services import sqs

LOCK = threading.RLock()
sqs._queues_lock = LOCK


def locked(function: Any) -> Any:
    """`function` under the lock of all queues."""

    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with LOCK:
            return function(*args, **kwargs)

    return inner


for _name in ("_dlq_sweep", "_collect_msgs", "_expire_retained", "_refresh_counts"):
    setattr(sqs, _name, locked(getattr(sqs, _name)))
for _action, _handler in list(sqs._HANDLERS.items()):
    if _action != "ReceiveMessage":  # a coroutine that may wait; its steps are locked above
        sqs._HANDLERS[_action] = locked(_handler)
