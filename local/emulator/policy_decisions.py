"""Gaps: each delivery evaluates its queue's policy, and each request parses its caller's policies.

Both happen twice. The answers depend on policy and topic alone, and on the policy's text. Shown by
test_emulator_internals.py::test_a_policy_is_evaluated_once and test_a_policy_is_parsed_once. Must
come before `undelivered`.
"""

from functools import lru_cache
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import sqs

from local.emulator.patch import Function, around

_MOST = 1_000
_decisions: dict[tuple[Any, ...], bool] = {}
_statements = lru_cache(_MOST)(lambda text, stock: tuple(stock(text)))


@around(iam_evaluator, "parse_policy_document")
def parse(original: Function, document: str | dict[str, Any]) -> list[Any]:
    """The statements of a policy, in a list of the caller's own; nobody changes a statement."""
    if isinstance(document, str):
        return list(_statements(document, original))
    return list(original(document))


@around(sqs, "queue_policy_allows")
def allows(original: Function, queue_arn: str, *caller: str) -> bool:
    """Whether the policy, as it is now, lets the service send."""
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        return bool(original(queue_arn, *caller))
    asked = queue_arn, queue["attributes"].get("Policy"), *caller
    if asked not in _decisions:
        if len(_decisions) == _MOST:
            _decisions.clear()
        _decisions[asked] = bool(original(queue_arn, *caller))
    return _decisions[asked]
