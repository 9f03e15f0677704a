"""Gap: an answer to ReportBatchItemFailures with a wrong itemIdentifier counts as success.

The messages are deleted when it is empty, null or misspelt. AWS takes it for the failure of the
whole batch (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html). An id
that is not in the batch fails it here too: that page does not say, and nothing is lost that way.
Shown by test_mappings.py::test_answer_that_names_no_message_fails_the_batch.
"""

import json
from contextvars import ContextVar
from typing import Any

from ministack.services import lambda_svc

from local.emulator.patch import Function, around

_ids: ContextVar[frozenset[str] | None] = ContextVar("ids of the batch in hand", default=None)


@around(lambda_svc, "_run_sqs_batch")
def run_batch(
    original: Function,
    mapping: Any,
    function: Any,
    event: Any,
    batch: list[dict[str, Any]],
    *queue: Any,
) -> None:
    """Let `execute` know which ids the answer may name."""
    reports = "ReportBatchItemFailures" in mapping.get("FunctionResponseTypes", [])
    token = _ids.set(frozenset(message["id"] for message in batch) if reports else None)
    try:
        original(mapping, function, event, batch, *queue)
    finally:
        _ids.reset(token)


@around(lambda_svc, "_execute_function")
def execute(
    original: Function, function: Any, event: Any, *args: Any, **kwargs: Any
) -> dict[str, Any]:
    """Run the function; an answer that cannot be read is its failure."""
    ids = _ids.get()
    answer: dict[str, Any] = original(function, event, *args, **kwargs)
    if ids is None or answer.get("error") or _names_only(ids, answer.get("body")):
        return answer
    error = {
        "errorType": "InvalidBatchItemFailures",
        "errorMessage": "batchItemFailures names no message of the batch",
    }
    return {**answer, "error": True, "body": error}


def _names_only(ids: frozenset[str], body: Any) -> bool:
    if isinstance(body, str) and body:
        try:
            body = json.loads(body)
        except ValueError:
            return False
    if not isinstance(body, dict):
        return not body  # nothing, or an empty answer: complete success
    failures = body.get("batchItemFailures") or []
    return isinstance(failures, list) and all(
        isinstance(item, dict) and item.get("itemIdentifier") in ids for item in failures
    )
