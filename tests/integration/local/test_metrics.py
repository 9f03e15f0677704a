"""Metrics that alarms and `rowline status` look at, on the emulator with its gaps closed."""

import boto3
import pytest

from tests.integration.local.conftest import function, upload
from tests.metric import highest
from tests.waiting import wait_for

EMBEDDED = """
import json, time
def handle(event, context):
    print(json.dumps({"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [
        {"Namespace": "Rowline", "Dimensions": [["consumer"]], "Metrics": [{"Name": "lag", "Unit": "Seconds"}]}]},
        "consumer": event["consumer"], "lag": 1.5}))
"""  # noqa: E501


def total(namespace, metric, **dimensions):
    return highest(boto3.client("cloudwatch"), namespace, metric, **dimensions)


def test_metrics_in_a_log_are_kept(deploy, name):
    deploy(function(name))
    upload(name, EMBEDDED)
    boto3.client("lambda").invoke(FunctionName=name, Payload=f'{{"consumer": "{name}"}}')
    assert wait_for(lambda: total("Rowline", "lag", consumer=name)) == 1.5
    assert total("AWS/Lambda", "Invocations", FunctionName=name)


@pytest.mark.timeout(90)
def test_length_and_age_of_a_queue_are_measured(deploy, name):
    url = deploy({"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}})["Queue"]
    for body in "abc":
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    assert (
        wait_for(lambda: total("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=name), 40)
        == 3
    )
    assert total("AWS/SQS", "ApproximateAgeOfOldestMessage", QueueName=name) > 0
