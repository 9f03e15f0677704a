"""Each role has what its function needs, and an action taken away is missed."""

import time
import uuid
from typing import Any

import boto3
import pytest
from msgspec.structs import replace

from shared.adapters.state.dynamodb import open_state
from shared.stage import Stage
from shared.values.gate import Gate
from tests.integration.deploy.conftest import Deployment
from tests.waiting import wait_for

CONSUMER = "listingSearch"


def event() -> dict[str, Any]:
    """A batch of one message that is no message of ours: it is parked without Elasticsearch."""
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
@pytest.mark.parametrize("action", ["secretsmanager:GetSecretValue", "dynamodb:BatchGetItem"])
def test_consumer_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.consume_function(CONSUMER)
    with deployment.without(function, action):
        answer = deployment.invoke(function, event())
    assert answer["errorType"] in ("StackError", "ConfigError"), answer
    assert "AccessDenied" in answer["errorMessage"]


def test_consumer_works_with_its_whole_role(deployment: Deployment) -> None:
    function = deployment.stack.consume_function(CONSUMER)
    parked = open_state(boto3.client("dynamodb"), deployment.stack.state_table).parked
    former = {change.id for change in parked.all(CONSUMER)}
    with deployment.without(function, "dynamodb:BatchWriteItem"):
        answer = deployment.invoke(function, event())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}]}, "nothing is parked"
    assert deployment.invoke(function, event()) == {"batchItemFailures": []}
    (change,) = (each for each in parked.all(CONSUMER) if each.id not in former)
    assert parked.body(CONSUMER, change) == "{}"


@pytest.mark.parametrize(
    "action", ["secretsmanager:GetSecretValue", "dynamodb:GetItem", "dynamodb:UpdateItem"]
)
def test_relay_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.outputs["ShopRelayFunction"]
    with deployment.without(function, action):
        answer = deployment.invoke(function, {})
    assert answer["errorType"] in ("StackError", "ConfigError"), answer
    assert "AccessDenied" in answer["errorMessage"]


@pytest.mark.parametrize(
    "action", ["cloudformation:DescribeStacks", "dynamodb:UpdateItem", "sqs:GetQueueAttributes"]
)
def test_watch_misses_an_action(deployment: Deployment, action: str) -> None:
    function = deployment.stack.outputs["WatchFunction"]
    with deployment.without(function, action):
        answer = deployment.invoke(function, {})
    said = answer.get("errorMessage") or str(answer["problems"])
    assert "AccessDenied" in said


def test_watch_works_with_its_whole_role_and_says_when(deployment: Deployment) -> None:
    stack = deployment.stack
    wait_for(
        lambda: (
            deployment.invoke(stack.outputs["WatchFunction"], {}) == {"done": True, "problems": {}}
        )
    )
    stage = Stage(deployment.service, "local", stack.settings, stack)
    assert time.time() - stage.state.pulses.read().at_ms / 1000 < 30


def test_watch_may_start_a_probe_and_switch_a_mapping(deployment: Deployment) -> None:
    stack = deployment.stack
    stage = Stage(deployment.service, "local", stack.settings, stack)
    closed = Gate(cause="outage", since_ms=1, next_ms=1 << 50, version=0)
    function = stack.consume_function(CONSUMER)
    assert stage.state.gates.write(CONSUMER, closed)
    wait_for(
        lambda: (
            deployment.invoke(stack.outputs["WatchFunction"], {}) == {"done": True, "problems": {}}
        )
    )
    assert stage.functions.mapping(function) == "off"
    gate = stage.state.gates.read(CONSUMER)
    assert stage.state.gates.write(CONSUMER, replace(gate, next_ms=1))
    wait_for(
        lambda: (
            deployment.invoke(stack.outputs["WatchFunction"], {}) == {"done": True, "problems": {}}
        )
    )
    wait_for(lambda: stage.state.gates.read(CONSUMER).is_open)  # its queue is empty
    assert stage.functions.mapping(function) == "on"
