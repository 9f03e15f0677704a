"""AWS resources that tests make by hand, where no stack is deployed."""

import json
from typing import Any

import boto3
import pytest


def pretend_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials and a region that moto accepts, and no endpoint of a local stage."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def create_state_table(name: str, dynamodb: Any = None) -> None:
    """The state table as resources/state.yml declares it, except for its TTL."""
    (dynamodb or boto3.client("dynamodb")).create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk")
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def create_topic_and_queue(name: str) -> tuple[str, str]:
    """A FIFO topic and a FIFO queue that is subscribed to it: (topic ARN, queue URL)."""
    topic = boto3.client("sns").create_topic(
        Name=f"{name}.fifo",
        Attributes={"FifoTopic": "true", "FifoThroughputScope": "MessageGroup"},
    )["TopicArn"]
    return topic, create_subscribed_queue(topic, name)


def create_subscribed_queue(topic: str, name: str) -> str:
    """A FIFO queue that gets every message of the topic; its URL."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    queue = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    return queue


def create_bucket(name: str) -> None:
    """A bucket in the region of the tests."""
    boto3.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
