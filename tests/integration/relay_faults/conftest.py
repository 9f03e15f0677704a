import json
import uuid
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from .process import Stack


@pytest.fixture
def stack(aws: dict[str, str]) -> Callable[..., Stack]:
    """`stack(url, "shop.items")`: a topic, a queue subscribed to it and a state table of this
    test's own, for a source and its captured tables.
    """

    def made(url: str, *tables: str, **settings: Any) -> Stack:
        name = f"faults-{uuid.uuid4().hex[:8]}"
        sns, sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(
            Name=f"{name}.fifo",
            Attributes={"FifoTopic": "true", "FifoThroughputScope": "MessageGroup"},
        )["TopicArn"]
        queue = sqs.create_queue(QueueName=f"{name}.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        sqs.set_queue_attributes(
            QueueUrl=queue,
            Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allow]})},
        )
        sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        boto3.client("dynamodb").create_table(
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
        return Stack(
            url, {table: {"shards": 16, **settings} for table in tables}, topic, queue, name
        )

    return made
