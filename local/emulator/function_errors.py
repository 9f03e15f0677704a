"""Gap: a function that raises loses its warm process.

The caller sees HandlerError instead of the exception's own name. Shown by
test_functions.py::test_a_raised_error_keeps_its_name_and_the_process.
"""

from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.patch import Function, around

_STOCK = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
_MARK = "__rowline_raised__"
if lambda_runtime._PYTHON_WORKER_SCRIPT.count(_STOCK) != 1:
    raise AttributeError("the emulator's worker script has changed")
# The process reports the exception as an answer, which keeps it; below the answer becomes an error
# again.
lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(
    _STOCK,
    f'{{"status": "ok", "result": {{"{_MARK}": [type(e).__name__, str(e), traceback.format_exc()]}}}}',  # noqa: E501
)


@around(lambda_svc, "_execute_function_warm")
def execute(original: Function, function: Any, event: Any, request_id: str) -> dict[str, Any]:
    """Run the function; what it raised becomes the error that AWS answers."""
    answer: dict[str, Any] = original(function, event, request_id)
    body = answer.get("body")
    if not isinstance(body, dict) or _MARK not in body:
        return answer
    kind, message, trace = body[_MARK]
    error = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace.splitlines()[1:-1],
    }
    return {
        "body": error,
        "error": True,
        "log": "\n".join(filter(None, [answer.get("log", ""), f"[ERROR] {trace}"])),
    }
