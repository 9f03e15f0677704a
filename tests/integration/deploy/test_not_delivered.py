"""A broken queue policy: SNS cannot deliver. The alarm's figure shows it, and nothing is gone."""

import datetime
import json
from typing import Any

import boto3

from shared.adapters.queue.sqs import SqsQueue
from tests.integration.deploy.conftest import Deployment
from tests.integration.deploy.test_consumers import depth, publish
from tests.waiting import wait_for

CONSUMER = "listingSearch"
DENY = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


def policy_of(url: str) -> str:
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return str(found["Attributes"]["Policy"])


def put_policy(url: str, policy: str) -> None:
    boto3.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def figure(deployment: Deployment) -> float:
    """`UndeliveredMessages` as the watch writes it now, and the alarm reads it."""
    service = f"{deployment.service}-local"
    deployment.invoke(f"{service}-watch", {})
    now = datetime.datetime.now(datetime.UTC)
    dimensions = {"service": service, "consumer": CONSUMER}
    points: Any = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="Rowline",
        MetricName="UndeliveredMessages",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - datetime.timedelta(minutes=3),
        EndTime=now + datetime.timedelta(minutes=1),
        Period=180,
        Statistics=["Maximum"],
    )["Datapoints"]
    return max((float(point["Maximum"]) for point in points), default=-1.0)


def test_a_broken_queue_policy_raises_the_alarm_and_loses_nothing(deployment: Deployment) -> None:
    stack = deployment.stack
    queue, undelivered = stack.queue_url(CONSUMER), stack.undelivered_url(CONSUMER)
    whole = policy_of(queue)
    put_policy(queue, json.dumps({"Version": "2012-10-17", "Statement": [DENY]}))
    try:
        for _ in range(3):
            publish(deployment, "market.listings")
        assert depth(undelivered) == 3
        assert wait_for(lambda: figure(deployment) == 3.0)
    finally:
        put_policy(queue, whole)
    publish(deployment, "market.listings")
    assert depth(undelivered) == 3  # the fourth was delivered, and the others are kept
    kept = SqsQueue(boto3.client("sqs"), undelivered).receive()
    assert [one.body for one in kept] == ["not ours"] * 3
    assert kept[0].attributes["ErrorCode"] == "AccessDenied"
