"""Gap: after each call, the emulator looks every millisecond for 50 ms whether something is logged.

A consumer that logs nothing did nothing else for longer than its batch took. Here a Python process
ends its log of a call with a mark. Shown by
test_emulator_internals.py::test_a_silent_call_ends_at_once.
"""

import queue
import time
from typing import Any

from ministack.core import lambda_runtime

_MARK = "--- end of this call's log ---"
_CALL = "            result = handler_fn(event, context)\n"
_MOST_SECONDS = 1.0  # the mark is written before the answer; only a broken process lacks it
_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT
if _SCRIPT.count(_CALL) != 1:
    raise AttributeError("the emulator's worker script has changed")
lambda_runtime._PYTHON_WORKER_SCRIPT = _SCRIPT.replace(
    _CALL,
    f"""            try:
    {_CALL}            finally:
                print({_MARK!r}, file=sys.stderr, flush=True)
""",
)


_original = lambda_runtime.Worker._drain_stderr_bounded


def drain(worker: Any, *args: Any, **kwargs: Any) -> str:
    """What the call has logged."""
    is_python = str(worker.config.get("Runtime", "python")).startswith("python")
    if worker._proc is None or not is_python:
        return str(_original(worker, *args, **kwargs))
    lines: list[str] = []
    until = time.monotonic() + _MOST_SECONDS
    try:
        while True:
            line = worker._stderr_queue.get(timeout=max(0.0, until - time.monotonic()))
            if line.endswith(_MARK):  # behind what was printed without a line break
                lines += [line.removesuffix(_MARK)] if line != _MARK else []
                break
            lines.append(line)
    except queue.Empty:
        pass
    return "\n".join(lines)


lambda_runtime.Worker._drain_stderr_bounded = drain
