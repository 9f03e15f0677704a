"""What functions must do, on the emulator with its gaps closed."""

import json
import textwrap
import threading
import time

import boto3
import pytest

from tests.integration.local.conftest import drain, function, upload
from tests.waiting import wait_for


@pytest.fixture
def run(deploy, name):
    """`run(code, event, actions)` → the answer of a function of that code."""

    def invoke(code, event=None, actions=("sqs:*",)):
        deploy(function(name, actions=list(actions)))
        upload(name, code)
        return call(name, event)

    return invoke


def call(name, event=None, **how):
    answer = boto3.client("lambda").invoke(
        FunctionName=name, Payload=json.dumps(event or {}), **how
    )
    return json.loads(answer["Payload"].read() or "null")


def test_environment_points_at_this_emulator_and_leaks_nothing(run, emulator, monkeypatch):
    found = run("import os\ndef handle(event, context): return dict(os.environ)")
    assert (found["AWS_ENDPOINT_URL"], found["AWS_REGION"]) == (emulator.url, "eu-west-1")
    assert not [key for key in found if key.startswith(("ROWLINE", "PYTHONPATH", "AWS_PROFILE"))]


def test_checkout_is_not_importable(run):
    assert (
        run(
            "import importlib.util as u\ndef handle(event, context): return "
            "[bool(u.find_spec(n)) for n in ('local', 'shared', 'pymysql')]"
        )
        == [False] * 3
    )


def test_role_is_enforced(run, name):
    code = """
    import boto3
    def handle(event, context):
        try:
            return boto3.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"]
        except Exception as error:
            return error.response["Error"]["Code"]
    """
    assert "AccessDenied" in run(code, actions=["sns:Publish"])


def test_role_that_allows_it(run):
    assert (
        run(
            "import boto3\ndef handle(e, c): return "
            'boto3.client("sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"]'
        )
        == 200
    )


def test_a_raised_error_keeps_its_name_and_the_process(run, name):
    code = """
    import os
    class Odd(Exception): pass
    def handle(event, context):
        if event.get("raise"):
            raise Odd(str(os.getpid()))
        return os.getpid()
    """
    pid = run(code)
    error = call(name, {"raise": True})
    assert (error["errorType"], error["errorMessage"]) == ("Odd", str(pid))
    assert "in handle" in "".join(error["stackTrace"])
    assert call(name) == pid


def test_deadline_is_known_and_kept(deploy, name):
    deploy(function(name, Timeout=2))
    upload(
        name,
        "import time\ndef handle(event, context):\n    left = "
        "context.get_remaining_time_in_millis()\n    time.sleep(event['s'])\n    return left",
    )
    assert 1000 < call(name, {"s": 0}) <= 2000
    began = time.monotonic()
    assert "imed out" in json.dumps(call(name, {"s": 30}))
    assert time.monotonic() - began < 25


def test_asynchronous_call_returns_at_once(deploy, name):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    ids = deploy(
        {"Queue": queue, **function(name, Environment={"Variables": {"QUEUE": {"Ref": "Queue"}}})}
    )
    upload(
        name,
        """
        import boto3, os, time
        def handle(event, context):
            time.sleep(8)
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="ran")
        """,
    )
    began = time.monotonic()
    call(name, InvocationType="Event")
    assert time.monotonic() - began < 7
    assert [message["Body"] for message in drain(ids["Queue"], 1)] == ["ran"]


@pytest.mark.timeout(180)
def test_schedule_of_a_minute_fires(deploy, name):
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    target = {"Id": "function", "Arn": {"Fn::GetAtt": ["Function", "Arn"]}}
    resources = {
        "Queue": queue,
        **function(name, Environment={"Variables": {"QUEUE": {"Ref": "Queue"}}}),
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Action": "lambda:InvokeFunction",
                "Principal": "events.amazonaws.com",
            },
        },
    }
    ids = deploy(resources)
    upload(
        name,
        "import boto3, os\ndef handle(e, c): "
        'boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=e["source"])',
    )
    rule = {
        "Type": "AWS::Events::Rule",
        "Properties": {"ScheduleExpression": "rate(1 minute)", "Targets": [target]},
    }
    deploy({**resources, "Rule": rule})
    assert [message["Body"] for message in drain(ids["Queue"], 1, seconds=90)] == ["aws.events"]


def test_log_reaches_its_group(run, name):
    run('def handle(event, context): print("a line of its own")')
    logs = boto3.client("logs")
    wait_for(
        lambda: any(
            "a line of its own" in e["message"]
            for e in logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
        )
    )


def test_a_batch_needs_the_action_of_the_single_request(run, name):
    code = f"""
    import boto3, botocore.exceptions
    def handle(event, context):
        clients = boto3.client("sqs"), boto3.client("sns")
        queue = clients[0].create_queue(QueueName="{name}")["QueueUrl"]
        topic = clients[1].create_topic(Name="{name}")["TopicArn"]
        clients[0].send_message_batch(QueueUrl=queue, Entries=[dict(Id="0", MessageBody="x")])
        try:
            clients[1].publish_batch(TopicArn=topic, PublishBatchRequestEntries=[dict(Id="0", Message="x")])
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Message"]
    """  # noqa: E501
    assert "sns:Publish " in run(
        code, actions=["sqs:CreateQueue", "sqs:SendMessage", "sns:CreateTopic"]
    )
    assert (
        run(code, actions=["sqs:CreateQueue", "sqs:SendMessage", "sns:CreateTopic", "sns:Publish"])
        is None
    )


def test_an_update_lets_a_running_invocation_end(run, name):
    slow = (
        "import time\ndef handle(event, context):\n    time.sleep(event['seconds'])\n    "
        "return 'old'"
    )
    assert run(slow, {"seconds": 0}) == "old"
    answers = []
    thread = threading.Thread(target=lambda: answers.append(call(name, {"seconds": 4})))
    thread.start()
    time.sleep(1.5)
    upload(name, "def handle(event, context): return 'new'")
    assert call(name, {"seconds": 0}) == "new"
    thread.join()
    assert answers == ["old"]


def test_processes_share_the_code_and_an_update_replaces_it(run, name):
    code = """
    import os, index, other
    def handle(event, context):
        return {"says": [SAYS, other.SAYS], "folder": os.path.dirname(os.path.realpath(__file__))}
    """
    run("def handle(event, context): pass")

    def updated(index: str, other: str) -> dict:
        upload(name, f"{textwrap.dedent(code)}\nSAYS = {index!r}", other=f"SAYS = {other!r}")
        return call(name)

    first = updated("one", "one")
    assert first["says"] == ["one", "one"]
    assert updated("one", "one") == first
    later = updated("two", "one")
    assert later["says"] == ["two", "one"]
    assert later["folder"] != first["folder"]
    assert updated("two", "two")["says"] == ["two", "two"]
