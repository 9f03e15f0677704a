"""Gap: each delivery parses and evaluates the policy of its queue, twice with `undelivered`.

The answer depends on policy and topic alone. Shown by
test_emulator_internals.py::test_a_policy_is_evaluated_once. Must come before `undelivered`.
"""

from typing import Any

from ministack.services import sqs

from local.emulator.patch import Function, around

_MOST = 1_000
_decisions: dict[tuple[Any, ...], bool] = {}


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
