"""What SQS must do, on the emulator with its gaps closed."""

import boto3

from tests.integration.local.conftest import drain, fifo_queue
from tests.integration.local.emulator_script import run_in_emulator


def dead_letter_pair(name, receives=2):
    policy = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": receives}
    return {
        "Dead": fifo_queue(f"{name}-dead"),
        "Queue": fifo_queue(name, RedrivePolicy=policy, VisibilityTimeout=0),
    }


def send(url, number, group="g"):
    boto3.client("sqs").send_message(
        QueueUrl=url,
        MessageBody=str(number),
        MessageGroupId=group,
        MessageDeduplicationId=str(number),
    )


def test_a_group_is_locked_while_one_of_its_messages_is_in_flight(deploy, name):
    url = deploy({"Queue": fifo_queue(name, VisibilityTimeout=30)})["Queue"]
    for number, group in ((1, "a"), (2, "a"), (3, "b")):
        send(url, number, group)
    client = boto3.client("sqs")
    first = client.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"][0]
    others = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert (first["Body"], [message["Body"] for message in others]) == ("1", ["3"])
    client.change_message_visibility(
        QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0
    )
    assert [
        message["Body"]
        for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ] == ["1", "2"]


def test_what_was_received_too_often_goes_to_the_dead_letters(deploy, name):
    urls = deploy(dead_letter_pair(name))
    send(urls["Queue"], 1)
    send(urls["Queue"], 2)
    client = boto3.client("sqs")
    for _ in range(2):
        got = client.receive_message(QueueUrl=urls["Queue"], MaxNumberOfMessages=1)["Messages"]
        assert got[0]["Body"] == "1"
    assert [message["Body"] for message in drain(urls["Queue"], 1)] == ["2"]
    assert [message["Body"] for message in drain(urls["Dead"], 1)] == ["1"]


def test_dead_letters_move_back(deploy, name):
    urls = deploy(dead_letter_pair(name, receives=1))
    client = boto3.client("sqs")
    for number in range(3):
        send(urls["Queue"], number, group=f"g{number}")
    client.receive_message(QueueUrl=urls["Queue"], MaxNumberOfMessages=10)
    client.receive_message(QueueUrl=urls["Queue"])  # moves them
    arn = client.get_queue_attributes(QueueUrl=urls["Dead"], AttributeNames=["QueueArn"])[
        "Attributes"
    ]["QueueArn"]
    client.start_message_move_task(SourceArn=arn)
    task = client.list_message_move_tasks(SourceArn=arn)["Results"][0]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 3)
    back = drain(urls["Queue"], 3)
    assert [(message["Body"], message["Attributes"]["MessageGroupId"]) for message in back] == [
        ("0", "g0"),
        ("1", "g1"),
        ("2", "g2"),
    ]
    assert {message["Attributes"]["ApproximateReceiveCount"] for message in back} == {"1"}


RACE = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from ministack.services import sqs
import local.emulator.queue_lock

sys.setswitchinterval(1e-6)
url = sqs._HANDLERS["CreateQueue"]({"QueueName": "q"}, "")["QueueUrl"]
queue = sqs._queues.get(url)
for n in range(2000):
    sqs._HANDLERS["SendMessage"]({"QueueUrl": url, "MessageBody": str(n)}, url)
got = []

def by_mapping():
    while batch := sqs._receive_messages_for_esm(url, 10):
        got.extend(message["id"] for message in batch)
        sqs._delete_messages_for_esm(url, {message["receipt_handle"] for message in batch})

def by_call():
    while batch := sqs._collect_msgs(queue, 10, 30):
        got.extend(message["id"] for message in batch)
        for message in batch:
            try:
                sqs._HANDLERS["DeleteMessage"]({"QueueUrl": url, "ReceiptHandle": message["receipt_handle"]}, url)
            except sqs._Err:
                pass  # delivered twice and deleted by the other: counted below

threads = [threading.Thread(target=target) for target in (by_mapping, by_call)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert (len(got), len(queue["messages"])) == (2000, 0), (len(got), len(set(got)), len(queue["messages"]))
"""  # noqa: E501


def test_calls_and_mappings_share_a_queue_safely(emulator):
    """On the emulator's own interpreter with threads that switch all the time; the stock one
    delivers some messages twice there.
    """
    run_in_emulator(RACE)


LOOKS = """
import sys, time
sys.path.insert(0, sys.argv[1])
from ministack.services import sqs
import local.emulator.queue_scans

class Looked(dict):
    looks = 0
    def __getitem__(self, name):
        Looked.looks += 1
        return super().__getitem__(name)
    def get(self, *args):
        Looked.looks += 1
        return super().get(*args)
    def setdefault(self, *args):
        Looked.looks += 1
        return super().setdefault(*args)
    def __contains__(self, name):
        Looked.looks += 1
        return super().__contains__(name)

def queue(number):
    now, messages = time.time(), []
    for n in range(number):
        one = Looked(id=str(n), body="", sent_at=now - 9, group_id=f"g{n % 7}", visible_at=now - 9)
        sqs._ensure_msg_fields(one)
        one.update(receive_count=n % 3, visible_at=now + (50 if n in (1, 8, 9) else -9))
        messages.append(one)
    policy = '{"maxReceiveCount": 1000, "deadLetterTargetArn": "arn:aws:sqs:eu-west-1:0:d.fifo"}'
    return {"messages": messages, "is_fifo": True, "attributes": {"RedrivePolicy": policy}}

"""

SCANS = f"""{LOOKS}
def receive(held):
    sqs._expire_retained(held)
    sqs._dlq_sweep(held)
    return [one["id"] for one in sqs._collect_msgs(held, 10, 30)]

ours = queue(5000)
Looked.looks = 0
found = receive(ours)
assert Looked.looks < 4 * 5000, Looked.looks
assert found == [str(n) for n in range(0, 70, 7)], found
few = queue(20)
assert receive(few) == ["0", "7", "14", "2", "16", "3", "10", "17", "4", "11"], few
old = queue(2)
old["messages"][0]["sent_at"] = 0
assert receive(old) == []  # one is too old, the other is in flight
assert [one["id"] for one in old["messages"]] == ["1"]
"""


def test_a_receive_costs_little_while_many_messages_wait(emulator):
    run_in_emulator(SCANS)


DELETIONS = f"""{LOOKS}
def call(action, **data):
    return sqs._HANDLERS[action](data, url)

def entries(messages, **more):
    return [{{"Id": one["id"], "ReceiptHandle": one["receipt_handle"], **more}} for one in messages]

url = ""
url = call("CreateQueue", QueueName="q.fifo", Attributes={{"FifoQueue": "true"}})["QueueUrl"]
held = sqs._queues.get(url)
held["messages"] += queue(5000)["messages"]
for one in held["messages"]:
    one.update(receive_count=0, visible_at=0)
found = sqs._collect_msgs(held, 10, 30)
Looked.looks = 0
assert len(call("DeleteMessageBatch", Entries=entries(found[:8]))["Successful"]) == 8
call("DeleteMessage", ReceiptHandle=found[8]["receipt_handle"])
again = call("ChangeMessageVisibilityBatch", Entries=entries(found, VisibilityTimeout=0))
assert [one["Id"] for one in again["Successful"]] == [found[9]["id"]], again
assert len(again["Failed"]) == 9, again
assert Looked.looks < 2 * 5000, Looked.looks  # one deletion by the stock emulator has as many
assert len(held["messages"]) == 4991
assert not {{one["id"] for one in found[:9]}} & {{one["id"] for one in held["messages"]}}
assert found[9]["id"] in {{one["id"] for one in sqs._collect_msgs(held, 5000, 30)}}
assert call("DeleteMessageBatch", Entries=entries(found[:1]))["Failed"]
"""


def test_a_deletion_costs_little_while_many_messages_wait(emulator):
    run_in_emulator(DELETIONS)
