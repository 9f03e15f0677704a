"""A consumer is three lines in the stanza: added, it receives; removed, its DLQ stays; added again,
it works.
"""

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from shared.adapters.state.dynamodb import open_state
from tests.integration.deploy.conftest import Deployment
from tests.waiting import wait_for

NAME = "sellerSearch"
PLACE = "\nalerts:"
LINES = f"""  {NAME}:
    tables: [market.sellers]
    elasticsearch: {{secret: "${{param:searchSecret}}", alias: sellers}}
"""


def add(deployment: Deployment) -> None:
    """A test that is repeated may find it there."""
    if LINES not in (deployment.project.folder / "serverless.yml").read_text():
        deployment.project.edit("serverless.yml", PLACE, f"{LINES}{PLACE}")
    deployment.sls("deploy")


def remove(deployment: Deployment) -> None:
    deployment.project.edit("serverless.yml", LINES, "")
    deployment.sls("deploy")


def depth(url: str) -> int:
    """Messages in the queue, in flight too."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found: Any = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return sum(int(found[name]) for name in names)


def publish(deployment: Deployment, table: str) -> None:
    attributes = {"source": "shop", "table": table, "lane": "live"}
    boto3.client("sns").publish(
        TopicArn=deployment.stack.topic_arn,
        Message="not ours",
        MessageGroupId="g",
        MessageDeduplicationId=uuid.uuid4().hex,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )


def parked(deployment: Deployment) -> int:
    """How many messages that are not ours the function has parked."""
    state = open_state(boto3.client("dynamodb"), deployment.stack.state_table)
    return len(list(state.parked.all(NAME)))


def exists(url: str) -> bool:
    try:
        return depth(url) >= 0
    except ClientError:
        return False


def test_a_consumer_comes_and_goes_and_its_dlq_stays(deployment: Deployment) -> None:
    add(deployment)
    first, former = deployment.stack, parked(deployment)
    publish(deployment, "market.sellers")
    publish(deployment, "market.listings")  # not one of its tables
    wait_for(lambda: parked(deployment) == former + 1, 120)

    with pytest.raises(AssertionError, match="could not be redriven"):
        remove(deployment)
    assert exists(first.queue_url(NAME))
    deployment.forget_parked(NAME)
    deployment.sls("deploy")
    assert NAME not in deployment.stack.settings.consumers
    assert not exists(first.queue_url(NAME))
    boto3.client("sqs").send_message(  # only now: the watch settles what it knows of
        QueueUrl=first.dlq_url(NAME),
        MessageBody="moved here",
        MessageGroupId="g",
        MessageDeduplicationId="moved",
    )
    assert depth(first.dlq_url(NAME)) == 1

    add(deployment)
    again = deployment.stack
    assert again.dlq_url(NAME) != first.dlq_url(NAME)
    publish(deployment, "market.sellers")
    wait_for(lambda: parked(deployment) == 1, 120)
    assert depth(first.dlq_url(NAME)) == 1
