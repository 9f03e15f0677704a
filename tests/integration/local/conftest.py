"""Resources of a test's own in the emulator, made through CloudFormation as a deploy makes them."""

import io
import json
import textwrap
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def deploy(aws: dict[str, str], name: str) -> Iterator[Callable[[dict[str, Any]], dict[str, str]]]:
    """`deploy(resources)` makes or changes the test's stack; the physical ids by logical id.
    Removed afterwards.
    """
    client = boto3.client("cloudformation")

    def run(resources: dict[str, Any]) -> dict[str, str]:
        template = json.dumps({"Resources": resources})
        known = [stack["StackName"] for stack in client.describe_stacks()["Stacks"]]
        verb = "update" if name in known else "create"
        getattr(client, f"{verb}_stack")(
            StackName=name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        )
        client.get_waiter(f"stack_{verb}_complete").wait(
            StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        found = client.describe_stack_resources(StackName=name)["StackResources"]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found}

    yield run
    client.delete_stack(StackName=name)


def fifo_queue(queue_name: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SQS::Queue",
        "Properties": {"QueueName": f"{queue_name}.fifo", "FifoQueue": True, **properties},
    }


def function(
    function_name: str,
    actions: Sequence[str] = ("sqs:*",),
    **properties: Any,
) -> dict[str, Any]:
    """Resources `Role` and `Function`; the code comes by `upload`."""
    assume = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    role = {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [assume]},
        "Policies": [
            {"PolicyName": "all", "PolicyDocument": {"Version": "2012-10-17", "Statement": [allow]}}
        ],
    }
    code = {"ZipFile": "def handle(event, context): pass"}
    given = {
        "FunctionName": function_name,
        "Runtime": "python3.13",
        "Handler": "index.handle",
        "Code": code,
        "Timeout": 30,
        **properties,
    }
    return {
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Role": {"Fn::GetAtt": ["Role", "Arn"]}, **given},
        },
    }


def mapping(**properties: Any) -> dict[str, Any]:
    """Resource that gives the messages of `Queue` to `Function`."""
    source = {
        "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
        "FunctionName": {"Ref": "Function"},
    }
    return {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {**source, "BatchSize": 10, **properties},
    }


def upload(function_name: str, code: str, **others: str) -> None:
    """Give the function its code, a module `index` with `handle(event, context)`.

    others: The code of more modules.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for module, text in {"index": code, **others}.items():
            zipped.writestr(f"{module}.py", textwrap.dedent(text))
    boto3.client("lambda").update_function_code(
        FunctionName=function_name, ZipFile=buffer.getvalue()
    )


def drain(queue_url: str, count: int, seconds: float = 90.0) -> list[dict[str, Any]]:
    """Receive and delete `count` messages, in the order they came."""
    client, messages = boto3.client("sqs"), []
    deadline = time.monotonic() + seconds
    while len(messages) < count and time.monotonic() < deadline:
        got = client.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=1,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        for message in got:
            client.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        messages += got
    return messages
