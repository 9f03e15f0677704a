"""A broken queue policy: SNS cannot deliver. The alarm's figure shows it, and nothing is gone."""

import json

import boto3

from shared.adapters.queue.sqs import SqsQueue
from tests.integration.deploy.conftest import Deployment
from tests.integration.deploy.test_consumers import depth, publish
from tests.metric import highest
from tests.waiting import wait_for

CONSUMER = "listingSearch"
FIGURES = ("UndeliveredMessages", "TablesDue")
DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


def policy_of(url: str) -> str:
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return str(found["Attributes"]["Policy"])


def put_policy(url: str, policy: str) -> None:
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def figure(deployment: Deployment, name: str) -> float:
    """A figure as the watch writes it now, and an alarm reads it."""
    service = f"{deployment.service}-local"
    deployment.invoke(f"{service}-watch", {})
    found = highest(boto3.client("cloudwatch"), "Rowline", name, service=service, consumer=CONSUMER)
    return -1.0 if found is None else found


def test_a_broken_queue_policy_raises_the_alarm_and_loses_nothing(deployment: Deployment) -> None:
    stack = deployment.stack
    queue, undelivered = stack.queue_url(CONSUMER), stack.undelivered_url(CONSUMER)
    whole = policy_of(queue)
    put_policy(queue, json.dumps({"Version": "2012-10-17", "Statement": [DENY]}))
    try:
        for _ in range(3):
            publish(deployment, "market.listings")
        assert depth(undelivered) == 3
        wait_for(lambda: any(figure(deployment, name) > 0 for name in FIGURES))
    finally:
        put_policy(queue, whole)
    kept = SqsQueue(boto3.client("sqs"), undelivered).receive()
    assert [one.attributes["ErrorCode"] for one in kept] == ["AccessDenied"] * len(kept)
    # Either the messages are still there, or the watch has made their table due.
    assert len(kept) == 3 or figure(deployment, "TablesDue") > 0
    before = depth(undelivered)
    publish(deployment, "market.listings")
    assert depth(undelivered) <= before  # this one was delivered
