"""Queues: the twin and SQS obey the same contract."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.topic.contract import Entry
from shared.values.errors import StackError
from tests.worlds.twins.queue import MemoryQueue


def entry(number: int) -> Entry:
    return Entry(
        "{}",
        f"group-{number}",
        f"dedup-{number}",
        {"source": "shop", "table": "shop.listings", "lane": "backfill"},
    )


@pytest.fixture(params=["memory", "sqs"])
def queue(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    if request.param == "memory":
        yield MemoryQueue()
        return
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("sqs", region_name="eu-west-1")
        url = client.create_queue(QueueName="search.fifo", Attributes={"FifoQueue": "true"})[
            "QueueUrl"
        ]
        yield SqsQueue(client, url)


def test_sent_messages_wait_in_the_queue(queue: Any) -> None:
    assert queue.depth() == (0, 0)
    assert queue.send([entry(1), entry(2)]) == [None, None]
    assert queue.depth() == (2, 0)


def test_the_same_deduplication_id_is_sent_once(queue: Any) -> None:
    queue.send([entry(1)])
    assert queue.send([entry(1)]) == [None]
    assert queue.depth() == (1, 0)


def test_delaying_what_is_not_in_flight_is_no_error(queue: Any) -> None:
    queue.delay(["no-such-handle"] * 12, 30)


def test_a_delayed_message_stays_invisible(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("sqs", region_name="eu-west-1")
        url = client.create_queue(
            QueueName="search.fifo", Attributes={"FifoQueue": "true", "VisibilityTimeout": "0"}
        )["QueueUrl"]
        queue = SqsQueue(client, url)
        queue.send([entry(1)])
        received = client.receive_message(QueueUrl=url)["Messages"][0]
        queue.delay([received["ReceiptHandle"]], 60)
        assert queue.depth() == (0, 1)


def test_a_queue_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        queue = SqsQueue(
            boto3.client("sqs", region_name="eu-west-1"),
            "https://sqs.eu-west-1.amazonaws.com/123456789012/none.fifo",
        )
        with pytest.raises(StackError, match=r"none\.fifo"):
            queue.send([entry(1)])
        with pytest.raises(StackError, match=r"none\.fifo"):
            queue.depth()
