"""Gap: a batch request needs an action of its own, such as `sns:PublishBatch`.

On AWS it needs the action of the single request, and the batch actions do not exist.
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html and
list_amazonsqs.html. Shown by
test_functions.py::test_a_batch_needs_the_action_of_the_single_request.
"""

from typing import Any

from ministack.core import iam_actions

from local.emulator.patch import Function, around

SINGLE = {
    "sns:PublishBatch": "sns:Publish",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}


@around(iam_actions, "extract_iam_action")
def name_the_single_action(original: Function, *args: Any, **kwargs: Any) -> str | None:
    """The action that the request needs, as AWS names it."""
    action = original(*args, **kwargs)
    return SINGLE.get(action, action)
