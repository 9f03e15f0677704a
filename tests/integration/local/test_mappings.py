"""What the mapping of a FIFO queue to a function must do, on the emulator with its gaps closed."""

import itertools
import json
import threading
import time

import boto3
import pytest

from tests.integration.local.conftest import drain, fifo_queue, function, mapping, upload
from tests.waiting import wait_for


@pytest.fixture
def wired(deploy, name):
    """`wired(code, **mapping properties)` → URLs of a FIFO queue whose messages go to the code, and
    of a queue it may report to.
    """

    def build(code, visibility=30, queue=None, **properties):
        report = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-report"}}
        environment = {"Variables": {"REPORT": {"Ref": "Report"}, "QUEUE": {"Ref": "Queue"}}}
        resources = {
            "Report": report,
            "Queue": fifo_queue(name, VisibilityTimeout=visibility, **(queue or {})),
            **function(name, Environment=environment),
        }
        ids = deploy(resources)
        upload(name, PREAMBLE + code)
        deploy({**resources, "Mapping": mapping(**properties)})
        return ids["Queue"], ids["Report"]

    return build


PREAMBLE = """
import boto3, json, os, time
sqs = boto3.client("sqs")
def report(**what):
    sqs.send_message(QueueUrl=os.environ["REPORT"], MessageBody=json.dumps({"at": time.time(), **what}))
"""  # noqa: E501


def send(url, bodies, group="g"):
    for body in bodies:
        boto3.client("sqs").send_message(
            QueueUrl=url,
            MessageBody=str(body),
            MessageGroupId=group,
            MessageDeduplicationId=f"{group}{body}",
        )


def left(url):
    attributes = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
        "Attributes"
    ]
    return int(attributes["ApproximateNumberOfMessages"]) + int(
        attributes["ApproximateNumberOfMessagesNotVisible"]
    )


def reports(url, count, seconds=20.0):
    return sorted(
        (json.loads(message["Body"]) for message in drain(url, count, seconds)),
        key=lambda item: item["at"],
    )


def test_groups_run_beside_each_other_and_each_in_order(wired):
    queue, report = wired(
        """
def handle(event, context):
    began = time.time()
    time.sleep(1.0)
    report(began=began, got=[(r["attributes"]["MessageGroupId"], r["body"]) for r in event["Records"]])
""",  # noqa: E501
        BatchSize=1,
        ScalingConfig={"MaximumConcurrency": 5},
    )
    for group in "abc":
        send(queue, [1, 2], group)
    seen = reports(report, 6)
    assert len(seen) == 6
    spans = sorted((item["began"], item["at"]) for item in seen)
    assert any(later[0] < earlier[1] for earlier, later in itertools.pairwise(spans))
    for group in "abc":
        assert [item["got"][0][1] for item in seen if item["got"][0][0] == group] == ["1", "2"]


def test_a_long_run_holds_nobody_else_up(wired, deploy, name):
    queue, report = wired(
        """
def handle(event, context):
    if event["Records"][0]["body"] == "slow":
        time.sleep(8)
    report(got=event["Records"][0]["body"])
""",
        BatchSize=1,
    )
    send(queue, ["slow"], "a")
    time.sleep(1)
    send(queue, ["quick"], "b")
    assert [item["got"] for item in reports(report, 2)] == ["quick", "slow"]


def test_reported_failures_come_again_when_the_function_says(wired):
    queue, report = wired(
        """
def handle(event, context):
    records = event["Records"]
    report(got=[(r["body"], r["attributes"]["ApproximateReceiveCount"]) for r in records])
    if records[0]["attributes"]["ApproximateReceiveCount"] == "1":
        sqs.change_message_visibility(QueueUrl=os.environ["QUEUE"], ReceiptHandle=records[-1]["receiptHandle"], VisibilityTimeout=2)
        return {"batchItemFailures": [{"itemIdentifier": records[-1]["messageId"]}]}
""",  # noqa: E501
        visibility=600,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    send(queue, [1])
    first, second = reports(report, 2)
    assert (first["got"], second["got"]) == ([["1", "1"]], [["1", "2"]])
    assert 1.5 < second["at"] - first["at"] < 8
    wait_for(lambda: left(queue) == 0)


def test_successful_part_of_a_batch_is_deleted(wired):
    queue, report = wired(
        """
def handle(event, context):
    report(got=[r["body"] for r in event["Records"]])
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]}
""",  # noqa: E501
        visibility=600,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    send(queue, ["good"], "a")
    send(queue, ["bad"], "b")
    got = [body for item in reports(report, 2, seconds=5) for body in item["got"]]
    assert sorted(got) == ["bad", "good"]
    wait_for(lambda: left(queue) == 1)


@pytest.mark.parametrize(
    "failure",
    [
        '{"itemIdentifier": ""}',
        '{"itemIdentifier": None}',
        '{"id": event["Records"][0]["messageId"]}',
    ],
)
def test_answer_that_names_no_message_fails_the_batch(wired, failure):
    queue, report = wired(
        f"""
def handle(event, context):
    report()
    return {{"batchItemFailures": [{failure}]}}
""",
        visibility=600,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    send(queue, [1])
    assert len(reports(report, 1)) == 1
    time.sleep(1)
    assert left(queue) == 1


def test_messages_of_a_function_that_raises_stay(wired):
    queue, report = wired(
        """
def handle(event, context):
    report(got=event["Records"][0]["body"])
    raise ValueError("no")
""",
        visibility=600,
    )
    send(queue, [1, 2])
    assert len(reports(report, 1)) == 1
    time.sleep(1)
    assert left(queue) == 2


def test_nothing_is_lost_between_sending_and_deleting(wired, tmp_path):
    """What a mapping deletes and what is sent at the same moment meet in one list of messages."""
    seen, senders, count = tmp_path / "seen", 4, 500
    queue, _ = wired(
        f"""
def handle(event, context):
    with open({str(seen)!r}, "a") as file:
        file.write("".join(record["body"] + "\\n" for record in event["Records"]))
"""
    )
    clients = [boto3.client("sqs") for _ in range(senders)]

    def run(sender):
        for step in range(0, count, 10):
            ids = [f"{sender}-{step + n}" for n in range(10)]
            entries = [
                {
                    "Id": one,
                    "MessageBody": one,
                    "MessageGroupId": one,
                    "MessageDeduplicationId": one,
                }
                for one in ids
            ]
            clients[sender].send_message_batch(QueueUrl=queue, Entries=entries)

    threads = [threading.Thread(target=run, args=(sender,)) for sender in range(senders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_for(lambda: left(queue) == 0, 60)
    assert sorted(seen.read_text().split()) == sorted(
        f"{sender}-{n}" for sender in range(senders) for n in range(count)
    )


def test_disabled_mapping_of_a_stack_is_disabled(wired, name):
    queue, report = wired("def handle(event, context): report()", Enabled=False)
    send(queue, [1])
    (found,) = boto3.client("lambda").list_event_source_mappings(FunctionName=name)[
        "EventSourceMappings"
    ]
    assert found["State"] == "Disabled"
    assert reports(report, 1, seconds=3) == []
    boto3.client("lambda").update_event_source_mapping(UUID=found["UUID"], Enabled=True)
    assert len(reports(report, 1)) == 1


def test_reserved_concurrency_of_a_stack_is_kept(deploy, name):
    deploy(function(name, ReservedConcurrentExecutions=1))
    assert (
        boto3.client("lambda").get_function_concurrency(FunctionName=name)[
            "ReservedConcurrentExecutions"
        ]
        == 1
    )
