"""Each role has what its function needs, and an action taken away is missed."""

import time
import uuid
from typing import Any

import boto3
import pytest

from shared.stage import Stage
from tests.integration.deploy.conftest import Deployment
from tests.waiting import wait_for

CONSUMER = "listingSearch"


def event() -> dict[str, Any]:
    """A batch of one message that is no message of ours: it is set aside without Elasticsearch."""
    attributes = {
        "MessageGroupId": "g",
        "MessageDeduplicationId": uuid.uuid4().hex,
        "SequenceNumber": "1",
        "ApproximateReceiveCount": "1",
    }
    record = {
        "messageId": "m1",
        "receiptHandle": "none",
        "body": "{}",
        "attributes": {**attributes, "SentTimestamp": "1"},
        "messageAttributes": {"lane": {"dataType": "String", "stringValue": "live"}},
    }
    return {"Records": [record]}


# The first one needs a process that has not read its secret yet, so it comes first.
@pytest.mark.parametrize(
    "action", ["secretsmanager:GetSecretValue", "dynamodb:BatchGetItem", "sqs:SendMessage"]
)
def test_consumer_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.consume_function(CONSUMER)
    with deployment.without(function, action):
        answer = deployment.invoke(function, event())
    assert answer["errorType"] in ("StackError", "ConfigError"), answer
    assert "AccessDenied" in answer["errorMessage"]


def test_consumer_works_with_its_whole_role(deployment: Deployment) -> None:
    stack = deployment.stack
    assert deployment.invoke(stack.consume_function(CONSUMER), event()) == {"batchItemFailures": []}
    (message,) = boto3.client("sqs").receive_message(
        QueueUrl=stack.dlq_url(CONSUMER), WaitTimeSeconds=5
    )["Messages"]
    assert message["Body"] == "{}"


@pytest.mark.parametrize(
    "action", ["secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:UpdateItem"]
)
def test_relay_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.relay_function("shop")
    with deployment.without(function, action):
        answer = deployment.invoke(function, {})
    assert answer["errorType"] in ("StackError", "ConfigError"), answer
    assert "AccessDenied" in answer["errorMessage"]


@pytest.mark.parametrize(
    "action", ["cloudformation:DescribeStacks", "dynamodb:UpdateItem", "sqs:GetQueueAttributes"]
)
def test_watch_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.watch_function
    with deployment.without(function, action):
        answer = deployment.invoke(function, {})
    said = answer.get("errorMessage") or str(answer["problems"])
    assert "AccessDenied" in said


def test_watch_works_with_its_whole_role_and_says_when(deployment: Deployment) -> None:
    stack = deployment.stack
    wait_for(lambda: deployment.invoke(stack.watch_function, {}) == {"done": True, "problems": {}})
    stage = Stage(deployment.service, "local", stack.settings, stack)
    assert time.time() - stage.state.pulses.read().at_ms / 1000 < 30
