"""Queues: the twin, moto's SQS and the emulator's obey the same contract."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters.queue.contract import Queue
from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.topic.contract import Entry
from shared.values.delivery import Delivery
from shared.values.errors import StackError, StateUnavailable
from tests.aws_setup import pretend_login
from tests.worlds.twins.queue import RETENTION, MemoryQueue

VISIBILITY = 1
MOST_RECEIVES = 3

not_moto = pytest.mark.parametrize("queues", ["memory", "emulator"], indirect=True)
"""What moto does otherwise than SQS: it forgets the id of a deleted message, gives a later message
of a group before an earlier one, and accepts expired handles."""


def entry(number: int, group: int | None = None) -> Entry:
    return Entry(
        f'{{"n": {number}}}',
        f"group-{number if group is None else group}",
        f"dedup-{number}",
        {"source": "shop", "table": "shop.listings", "lane": "backfill"},
    )


@dataclass
class QueuesHere:
    """A queue whose messages are invisible for 1 s and may be received 3 times, and its DLQ."""

    queue: Any
    dlq: Any
    wait: Callable[[float], None]


@pytest.fixture(params=["memory", "moto", "emulator"])
def queues(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[QueuesHere]:
    if request.param == "memory":
        now = [1_700_000_000.0]
        dlq = MemoryQueue(lambda: now[0])
        queue = MemoryQueue(
            lambda: now[0], visibility=VISIBILITY, most_receives=MOST_RECEIVES, dlq=dlq
        )
        yield QueuesHere(queue, dlq, lambda seconds: now.__setitem__(0, now[0] + seconds))
    elif request.param == "moto":
        pretend_login(monkeypatch)
        with mock_aws():
            yield deployed()
    else:
        request.getfixturevalue("aws")
        yield deployed()


def deployed() -> QueuesHere:
    client, name = boto3.client("sqs"), uuid.uuid4().hex[:12]
    fifo = {
        "FifoQueue": "true",
        "DeduplicationScope": "messageGroup",
        "FifoThroughputLimit": "perMessageGroupId",
    }
    dlq = client.create_queue(QueueName=f"{name}-dlq.fifo", Attributes=fifo)["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dlq, AttributeNames=["QueueArn"])["Attributes"]
    policy = f'{{"deadLetterTargetArn": "{arn["QueueArn"]}", "maxReceiveCount": {MOST_RECEIVES}}}'
    own = {**fifo, "VisibilityTimeout": str(VISIBILITY), "RedrivePolicy": policy}
    url = client.create_queue(QueueName=f"{name}.fifo", Attributes=own)["QueueUrl"]
    return QueuesHere(
        SqsQueue(client, url), SqsQueue(client, dlq), lambda seconds: time.sleep(seconds)
    )


def numbers(received: list[Delivery]) -> list[int]:
    return [int(one.deduplication_id.removeprefix("dedup-")) for one in received]


def handles(received: list[Delivery]) -> list[str]:
    return [one.receipt_handle for one in received]


def send(queue: Queue, *entries: Entry) -> None:
    for each in entries:
        assert queue.send([each]) == [None]


def test_sent_messages_wait_in_the_queue(queues: QueuesHere) -> None:
    assert queues.queue.depth() == (0, 0)
    assert queues.queue.send([entry(1), entry(2)]) == [None, None]
    assert queues.queue.depth() == (2, 0)


def test_the_same_deduplication_id_is_sent_once(queues: QueuesHere) -> None:
    queues.queue.send([entry(1)])
    assert queues.queue.send([entry(1)]) == [None]
    assert queues.queue.depth() == (1, 0)


@not_moto
def test_a_deleted_message_is_remembered(queues: QueuesHere) -> None:
    send(queues.queue, entry(1))
    assert queues.queue.delete(handles(queues.queue.receive())) == set()
    send(queues.queue, entry(1))
    assert queues.queue.depth() == (0, 0)


def test_a_message_is_received_with_all_that_it_has(queues: QueuesHere) -> None:
    assert queues.queue.receive() == []
    send(queues.queue, entry(1))
    (one,) = queues.queue.receive()
    assert (one.body, one.group, one.deduplication_id) == ('{"n": 1}', "group-1", "dedup-1")
    assert one.attributes == {"source": "shop", "table": "shop.listings", "lane": "backfill"}
    assert one.attempt == 1
    assert one.sent_ms > 1_600_000_000_000


def test_a_group_is_received_in_order_and_locked_until_it_is_deleted(queues: QueuesHere) -> None:
    send(queues.queue, entry(1, 0), entry(2, 0), entry(3, 0), entry(4, 1))
    first = queues.queue.receive(2)
    assert numbers(first) == [1, 2]
    assert numbers(queues.queue.receive()) == [4], "the group of 3 is locked"
    assert queues.queue.receive() == []
    assert queues.queue.depth() == (1, 3)
    assert queues.queue.delete(handles(first[:1])) == set()
    assert queues.queue.receive() == [], "2 is still in flight"
    assert queues.queue.delete(handles(first[1:])) == set()
    assert numbers(queues.queue.receive()) == [3]


@not_moto
def test_what_is_not_deleted_comes_again_in_order(queues: QueuesHere) -> None:
    send(queues.queue, entry(1, 0), entry(2, 0))
    queues.queue.receive()
    queues.wait(VISIBILITY + 0.3)
    again = queues.queue.receive()
    assert (numbers(again), [one.attempt for one in again]) == ([1, 2], [2, 2])


def test_hidden_messages_stay_invisible_for_so_long(queues: QueuesHere) -> None:
    send(queues.queue, entry(1, 0), entry(2, 0))
    received = queues.queue.receive(1)
    assert queues.queue.hide(handles(received), 60) == set()
    queues.wait(VISIBILITY + 0.3)
    assert queues.queue.receive() == []
    assert queues.queue.depth() == (1, 1)
    assert queues.queue.hide(handles(received), 0) == set()
    assert numbers(queues.queue.receive()) == [1, 2]


def test_a_receive_may_ask_for_a_time_out_of_its_own(queues: QueuesHere) -> None:
    send(queues.queue, entry(1))
    queues.queue.receive(visibility=60)
    queues.wait(VISIBILITY + 0.3)
    assert queues.queue.receive() == []


@not_moto
def test_an_expired_handle_is_refused_and_touches_nothing(queues: QueuesHere) -> None:
    send(queues.queue, entry(1))
    old = handles(queues.queue.receive())
    queues.wait(VISIBILITY + 0.3)
    new = handles(queues.queue.receive(visibility=60))
    assert queues.queue.hide(old, 0) == set(old)
    assert queues.queue.receive() == [], "the message still belongs to who received it last"
    assert queues.queue.delete(old) == set(old)
    assert queues.queue.delete(new) == set()
    assert queues.queue.depth() == (0, 0)


def test_a_handle_that_never_was_is_refused(queues: QueuesHere) -> None:
    unknown = [f"no-such-handle-{number}" for number in range(12)]
    assert queues.queue.hide(unknown, 30) == set(unknown)


def test_what_was_received_too_often_goes_to_the_dlq(queues: QueuesHere) -> None:
    send(queues.queue, entry(1, 0), entry(2, 0))
    for attempt in range(1, MOST_RECEIVES + 1):
        (one,) = queues.queue.receive(1)
        assert (numbers([one]), one.attempt) == ([1], attempt)
        queues.queue.hide(handles([one]), 0)
    assert numbers(queues.queue.receive(1)) == [2], "the group goes on without it"
    (moved,) = queues.dlq.receive()
    assert (moved.body, moved.group, moved.deduplication_id) == ('{"n": 1}', "group-0", "dedup-1")
    assert moved.attributes["table"] == "shop.listings"


def test_messages_expire_after_fourteen_days() -> None:
    now = [0.0]
    queue = MemoryQueue(lambda: now[0])
    send(queue, entry(1))
    now[0] = RETENTION - 1
    assert queue.depth() == (1, 0)
    now[0] = RETENTION
    assert (queue.receive(), queue.expired) == ([], 1)


def test_a_queue_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_login(monkeypatch)
    with mock_aws():
        queue = SqsQueue(
            boto3.client("sqs"), "https://sqs.eu-west-1.amazonaws.com/123456789012/none.fifo"
        )
        asked: list[Callable[[], Any]] = [
            lambda: queue.send([entry(1)]),
            queue.depth,
            queue.receive,
            lambda: queue.hide(["handle"], 1),
            lambda: queue.delete(["handle"]),
        ]
        for ask in asked:
            with pytest.raises(StackError, match=r"none\.fifo"):
                ask()


def test_an_entry_that_failed_for_the_moment_is_an_outage_and_no_expired_handle() -> None:
    class Client:
        def delete_message_batch(self, **_: Any) -> dict[str, Any]:
            failed = {"Id": "0", "Code": "InternalError", "SenderFault": False}
            return {"Successful": [], "Failed": [failed]}

    with pytest.raises(StateUnavailable, match="InternalError"):
        SqsQueue(Client(), "queue").delete(["handle"])  # type: ignore[arg-type]
