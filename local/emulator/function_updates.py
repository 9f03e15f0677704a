"""Gap: an update of a function kills the invocations that are running.

On AWS they end with the old code. The messages of a killed batch stay invisible for the queue's
whole visibility time-out, and a relay cannot hand over.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html.
Shown by test_functions.py::test_an_update_lets_a_running_invocation_end.
"""

import contextvars
import threading
import time
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.patch import Function, around

_LOOK = 0.2
_LONGEST = 900.0  # seconds; no invocation lasts longer
_updating = contextvars.ContextVar("updating", default=False)


def _gently(original: Function, *args: Any, **kwargs: Any) -> Any:
    token = _updating.set(True)
    try:
        return original(*args, **kwargs)
    finally:
        _updating.reset(token)


around(lambda_svc, "_update_code")(_gently)
around(lambda_svc, "_update_config")(_gently)


@around(lambda_runtime, "kill_workers")
def spare_the_busy(original: Function, workers: Any) -> None:
    """While a function is updated, kill only the processes that are idle; the others when they are
    done.
    """
    given = [worker for worker in workers if worker is not None]
    busy = [worker for worker in given if _updating.get() and worker.in_use]
    if busy:
        threading.Thread(
            target=_retire, args=(original, busy), name="retire-workers", daemon=True
        ).start()
    original([worker for worker in given if worker not in busy])


def _retire(kill: Function, workers: list[Any]) -> None:
    end = time.monotonic() + _LONGEST
    while workers and time.monotonic() < end:
        done = [worker for worker in workers if not worker.in_use]
        kill(done)
        workers = [worker for worker in workers if worker not in done]
        time.sleep(_LOOK)
    kill(workers)
