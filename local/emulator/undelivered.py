"""Gap: a message that a topic may not deliver is gone, whatever the subscription's RedrivePolicy.

On AWS it goes to the DLQ of the subscription, with the reason as its attributes. Source: SNS
developer guide, "Amazon SNS dead-letter queues (DLQs)". Shown by
test_topics.py::test_what_cannot_be_delivered_goes_to_the_dlq_of_the_subscription. Needs
`topic_delivery` before it: the DLQ is a FIFO queue as well.
"""

import json
from typing import Any

from ministack.services import sns, sqs

from local.emulator.patch import Function, around


@around(sns, "_deliver_to_sqs")
def deliver(
    original: Function,
    endpoint: str,
    *args: Any,
    message_attributes: dict[str, Any] | None = None,
    topic_arn: str = "",
    **kwargs: Any,
) -> None:
    """Deliver, or put the message into the DLQ of the subscription."""
    attributes = message_attributes or {}
    if code := _refusal(endpoint, topic_arn):
        target = _dlq(topic_arn, endpoint)
        if not target or _refusal(target, topic_arn):
            return
        endpoint = target
        attributes = {**attributes, "ErrorCode": {"DataType": "String", "StringValue": code}}
    original(endpoint, *args, message_attributes=attributes, topic_arn=topic_arn, **kwargs)


def _refusal(queue_arn: str, topic_arn: str) -> str:
    """Why a queue takes nothing from the topic; empty when it does."""
    if not sqs._queue_by_arn(queue_arn):
        return "AWS.SimpleQueueService.NonExistentQueue"
    account = topic_arn.split(":")[4] if topic_arn else ""
    allowed = sqs.queue_policy_allows(queue_arn, "sns.amazonaws.com", topic_arn, account)
    return "" if allowed else "AccessDenied"


def _dlq(topic_arn: str, endpoint: str) -> str:
    """The ARN of the DLQ of the topic's subscription of this queue; empty for none."""
    for each in (sns._topics.get(topic_arn) or {}).get("subscriptions", []):
        if each["endpoint"] == endpoint:
            policy = json.loads(each["attributes"].get("RedrivePolicy") or "{}")
            return str(policy.get("deadLetterTargetArn", ""))
    return ""
