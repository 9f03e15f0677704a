"""What a FIFO topic and its queues must do, on the emulator with its gaps closed."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.integration.local.conftest import drain, fifo_queue
from tests.integration.local.emulator_script import run_in_emulator


@pytest.fixture
def topic(deploy, name):
    """A FIFO topic with one FIFO queue behind it, filtered by table: (topic ARN, queue URL)."""
    resources = {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "TopicName": f"{name}.fifo",
                "FifoTopic": True,
                "FifoThroughputScope": "MessageGroup",
                "KmsMasterKeyId": "alias/aws/sns",
            },
        },
        "Queue": fifo_queue(
            name, DeduplicationScope="messageGroup", FifoThroughputLimit="perMessageGroupId"
        ),
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sns.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                            "Condition": {"ArnEquals": {"aws:SourceArn": {"Ref": "Topic"}}},
                        }
                    ]
                },
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                "RawMessageDelivery": True,
                "FilterPolicy": {"table": ["shop.listings"]},
            },
        },
    }
    ids = deploy(resources)
    return ids["Topic"], ids["Queue"]


def entry(number, body="{}", group="g", table="shop.listings", dedup=None):
    attribute = {"DataType": "String", "StringValue": table}
    return {
        "Id": str(number),
        "Message": body,
        "MessageGroupId": group,
        "MessageDeduplicationId": dedup or str(number),
        "MessageAttributes": {"table": attribute},
    }


def test_topic_of_a_stack_keeps_its_attributes(topic):
    attributes = boto3.client("sns").get_topic_attributes(TopicArn=topic[0])["Attributes"]
    assert {
        key: attributes.get(key)
        for key in (
            "FifoTopic",
            "FifoThroughputScope",
            "KmsMasterKeyId",
            "ContentBasedDeduplication",
        )
    } == {
        "FifoTopic": "true",
        "FifoThroughputScope": "MessageGroup",
        "KmsMasterKeyId": "alias/aws/sns",
        "ContentBasedDeduplication": "false",
    }


def test_fifo_topic_to_fifo_queue(topic):
    arn, url = topic
    client = boto3.client("sns")
    client.publish_batch(
        TopicArn=arn,
        PublishBatchRequestEntries=[
            entry(n, json.dumps({"n": n}), group=f"g{n % 2}") for n in range(6)
        ],
    )
    client.publish_batch(
        TopicArn=arn,
        PublishBatchRequestEntries=[
            entry(2, "again", group="g0"),
            entry(9, "other", table="shop.users"),
        ],
    )
    received = drain(url, 7, seconds=4)
    even = [json.loads(one["Body"])["n"] for one in received if "g0" in one["Attributes"].values()]
    assert even == [0, 2, 4]  # in order within a group; SQS promises none between groups
    messages = sorted(received, key=lambda one: one["Attributes"]["SequenceNumber"])
    assert [json.loads(message["Body"])["n"] for message in messages] == list(range(6))
    assert [message["Attributes"]["MessageGroupId"] for message in messages] == ["g0", "g1"] * 3
    assert len({message["Attributes"]["SequenceNumber"] for message in messages}) == 6
    assert messages[0]["MessageAttributes"]["table"]["StringValue"] == "shop.listings"


def test_queue_drops_what_another_topic_message_brought_before(topic):
    """The topic's table of ids is its own: the queue's deduplication is what stops a message that
    was sent to it directly.
    """
    arn, url = topic
    boto3.client("sqs").send_message(
        QueueUrl=url, MessageBody="direct", MessageGroupId="g", MessageDeduplicationId="same"
    )
    boto3.client("sns").publish_batch(
        TopicArn=arn, PublishBatchRequestEntries=[entry(1, "by the topic", dedup="same")]
    )
    assert [message["Body"] for message in drain(url, 2, seconds=3)] == ["direct"]


def test_a_batch_that_is_too_large_is_refused(topic):
    entries = [entry(n, "x" * 90_000, group=str(n)) for n in range(3)]
    with pytest.raises(ClientError, match="BatchRequestTooLong"):
        boto3.client("sns").publish_batch(TopicArn=topic[0], PublishBatchRequestEntries=entries)
    assert (
        len(
            boto3.client("sns").publish_batch(
                TopicArn=topic[0], PublishBatchRequestEntries=entries[:2]
            )["Successful"]
        )
        == 2
    )


def test_one_entry_may_fail_alone(topic):
    arn, url = topic
    bad = entry("bad", "x" * 262_145)
    answer = boto3.client("sns").publish_batch(
        TopicArn=arn, PublishBatchRequestEntries=[{**entry(1), "MessageGroupId": ""}, entry(2)]
    )
    assert (
        [item["Id"] for item in answer["Failed"]],
        [item["Id"] for item in answer["Successful"]],
    ) == (["1"], ["2"])
    with pytest.raises(ClientError):
        boto3.client("sns").publish_batch(TopicArn=arn, PublishBatchRequestEntries=[bad])
    assert len(drain(url, 2, seconds=2)) == 1


PRUNE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from ministack.services import sns, sqs
import local.emulator.dedup_pruning

def cost(prune, entries):
    held = {"dedup_cache": {str(n): {"expire": time.time() + 300} for n in range(entries)}}
    began = time.perf_counter()
    for _ in range(100):
        prune(held)
    assert len(held["dedup_cache"]) == entries
    return time.perf_counter() - began

for prune in (sns._prune_sns_dedup, sqs._prune_dedup):
    assert cost(prune, 100_000) < 20 * cost(prune, 100) + 0.001
    held = {"dedup_cache": {"old": {"expire": time.time() - 1}, "new": {"expire": time.time() + 300}}}
    prune(held)
    assert list(held["dedup_cache"]) == ["new"]
"""  # noqa: E501


def test_dropping_old_deduplication_ids_does_not_grow_with_their_number(emulator):
    run_in_emulator(PRUNE)


def test_what_cannot_be_delivered_goes_to_the_dlq_of_the_subscription(topic, deploy, name):
    arn, queue = topic
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    dlq = sqs.create_queue(QueueName=f"{name}-dlq.fifo", Attributes={"FifoQueue": "true"})
    attributes = sqs.get_queue_attributes(QueueUrl=dlq["QueueUrl"], AttributeNames=["All"])
    dlq_arn = attributes["Attributes"]["QueueArn"]
    policy = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["Policy"])["Attributes"]
    for each in (queue, dlq["QueueUrl"]):
        open_to_sns = {**json.loads(policy["Policy"])["Statement"][0], "Resource": "*"}
        sqs.set_queue_attributes(
            QueueUrl=each, Attributes={"Policy": json.dumps({"Statement": [open_to_sns]})}
        )
    (subscription,) = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": dlq_arn}),
    )

    def publish(text):
        sns.publish(
            TopicArn=arn,
            Message=text,
            MessageGroupId="g",
            MessageDeduplicationId=text,
            MessageAttributes={"table": {"DataType": "String", "StringValue": "shop.listings"}},
        )

    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    sqs.set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Statement": [deny]})}
    )
    publish("lost?")
    assert drain(queue, 1, seconds=2) == []
    (found,) = sqs.receive_message(QueueUrl=dlq["QueueUrl"], MessageAttributeNames=["All"])[
        "Messages"
    ]
    assert found["Body"] == "lost?"
    assert found["MessageAttributes"]["ErrorCode"]["StringValue"] == "AccessDenied"
    assert found["MessageAttributes"]["table"]["StringValue"] == "shop.listings"

    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy["Policy"]})
    publish("again")
    assert [message["Body"] for message in drain(queue, 1)] == ["again"]
    sqs.delete_queue(QueueUrl=dlq["QueueUrl"])


FORMS = """
import random, sys
from urllib import parse
sys.path.insert(0, sys.argv[1])
stock = parse.unquote_to_bytes
import local.emulator.form_decoding

dice = random.Random(1)
parts = ["a", "%41", "%0A", "%3D", "%", "%2", "%zz", "=", "\\t", "_", "é", "%25", "\\n", "\\r"]
for _ in range(20_000):
    text = "".join(dice.choice(parts) for _ in range(dice.randrange(9)))
    assert parse.unquote_to_bytes(text) == stock(text), repr(text)
    assert parse.unquote_to_bytes(text.encode()) == stock(text.encode()), repr(text)
assert parse.unquote_to_bytes is not stock
"""


def test_a_form_is_decoded_as_by_the_standard_library(emulator):
    run_in_emulator(FORMS)
