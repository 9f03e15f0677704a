"""`make aws-smoke`: deploys a stage to a real account and checks there what an emulator cannot
prove. Changes no row and no document.

`python -m tests.smoke.aws --stage STAGE [--service SERVICE] [--no-deploy]`; credentials and region
as for the AWS command line.
"""

import argparse
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import DynamoStreams
from shared.values.errors import RowlineError
from shared.values.message import Message, attributes, encode
from shared.values.settings import ConsumerSettings

ROOT = Path(__file__).resolve().parents[2]
Problem = str
"""What is wrong, or empty."""


def eventually(problem: Callable[[], Problem], seconds: float) -> Problem:
    """Asks until there is no problem, or the time is over."""
    end = time.monotonic() + seconds
    while (found := problem()) and time.monotonic() < end:
        time.sleep(2)
    return found


def relay_runs(stack: Stack, source: str, seconds: float = 150) -> Problem:
    """The relay renews its lease and has a checkpoint: it reached state table, secret and
    source.
    """
    settings, streams = (
        stack.settings.sources[source],
        DynamoStreams(boto3.client("dynamodb"), stack.state_table),
    )
    first, _ = streams.load(settings.stream)
    name = source[:1].upper() + source[1:]
    runner = (
        f"service {stack.outputs[f'{name}RelayService']}"
        if settings.run == "fargate"
        else f"function {stack.outputs[f'{name}RelayFunction']}"
    )

    def problem() -> Problem:
        lease, checkpoint = streams.load(settings.stream)
        if (lease.token, lease.beat) == (first.token, first.beat):
            return f"no relay renews the lease: see the log group of {runner}"
        return "" if checkpoint else "the relay runs but has no checkpoint yet"

    return eventually(problem, seconds)


def topic_is_ordered_and_encrypted(stack: Stack) -> Problem:
    found: Any = boto3.client("sns").get_topic_attributes(TopicArn=stack.topic_arn)["Attributes"]
    wanted = {
        "FifoTopic": "true",
        "FifoThroughputScope": "MessageGroup",
        "ContentBasedDeduplication": "false",
    }
    wrong = [
        f"{name} is {found.get(name)}" for name, value in wanted.items() if found.get(name) != value
    ]
    return ", ".join([*wrong, *([] if found.get("KmsMasterKeyId") else ["no key"])])


def queues_are_ordered_and_encrypted(stack: Stack, consumer: str) -> Problem:
    wrong = []
    for url in (
        stack.queue_url(consumer),
        stack.dlq_url(consumer),
        stack.undelivered_url(consumer),
    ):
        found: Any = boto3.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])[
            "Attributes"
        ]
        wrong += [
            f"{url} lacks {name}"
            for name in ("FifoQueue", "KmsMasterKeyId", "FifoThroughputLimit")
            if name not in found
        ]
    return ", ".join(wrong)


def mapping_is_enabled(stack: Stack, consumer: str, seconds: float = 60) -> Problem:
    def problem() -> Problem:
        name = stack.consume_function(consumer)
        (mapping,) = boto3.client("lambda").list_event_source_mappings(FunctionName=name)[
            "EventSourceMappings"
        ]
        state = (
            mapping["State"],
            mapping.get("LastProcessingResult", ""),
            mapping.get("StateTransitionReason", ""),
        )
        return (
            ""
            if mapping["State"] == "Enabled" and "PROBLEM" not in state[1]
            else f"the event source mapping says {state}"
        )

    return eventually(problem, seconds)


def message_arrives(stack: Stack, consumer: ConsumerSettings, seconds: float = 90) -> Problem:
    """A message without changes goes the whole way: topic, key policy, subscription, queue, poller,
    function, metrics in its log group.
    """
    source = stack.settings.sources[consumer.source]
    table = next(
        name
        for name in source.tables
        if name in consumer.tables or f"{name.split('.')[0]}.*" in consumer.tables
    )
    database, name = table.split(".")
    body = encode(
        Message(
            stream=source.name,
            source=source.name,
            database=database,
            table=name,
            schema_version=1,
            group="smoke",
            traceparent=None,
            changes=[],
        )
    )
    since = int(time.time() * 1000)
    boto3.client("sns").publish(
        TopicArn=stack.topic_arn,
        Message=body,
        MessageGroupId="smoke",
        MessageDeduplicationId=uuid.uuid4().hex,
        MessageAttributes={
            key: {"DataType": "String", "StringValue": value}
            for key, value in attributes(source.name, table, "live").items()
        },
    )
    group = "/aws/lambda/" + stack.consume_function(consumer.name)
    logs: Any = boto3.client("logs")

    def problem() -> Problem:
        found = logs.filter_log_events(
            logGroupName=group, startTime=since, filterPattern='"ChangesApplied"'
        )["events"]
        return "" if found else f"the function has written no metrics to {group}"

    return eventually(problem, seconds)


def nothing_is_set_aside(stack: Stack, consumer: str) -> Problem:
    wrong = []
    for url in (stack.dlq_url(consumer), stack.undelivered_url(consumer)):
        found: Any = boto3.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        if int(found["ApproximateNumberOfMessages"]):
            wrong.append(f"{found['ApproximateNumberOfMessages']} messages in {url}")
    return ", ".join(wrong)


def checks(stack: Stack) -> dict[str, Callable[[], Problem]]:
    """All of them, by what they show, in the order in which they are worth reading."""
    made: dict[str, Callable[[], Problem]] = {
        "topic is FIFO by message group, encrypted": lambda: topic_is_ordered_and_encrypted(stack)
    }
    for source in stack.settings.sources:
        made[f"relay of {source} reads and keeps its checkpoint"] = lambda source=source: (
            relay_runs(stack, source)
        )  # type: ignore[misc]
    for name, consumer in stack.settings.consumers.items():
        parts: dict[str, Callable[[], Problem]] = {
            "queues are FIFO, encrypted": lambda name=name: queues_are_ordered_and_encrypted(
                stack, name
            ),  # type: ignore[misc]
            "event source mapping works": lambda name=name: mapping_is_enabled(stack, name),  # type: ignore[misc]
            "a message arrives": lambda consumer=consumer: message_arrives(
                stack, consumer, 240 if consumer.is_drained else 90
            ),  # type: ignore[misc]
            "nothing is set aside or undelivered": lambda name=name: nothing_is_set_aside(
                stack, name
            ),  # type: ignore[misc]
        }
        if consumer.is_drained:  # by a schedule
            del parts["event source mapping works"]
        made |= {f"{name}: {what}": check for what, check in parts.items()}
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--stage", required=True)
    parser.add_argument("--service", default="rowline")
    parser.add_argument("--no-deploy", action="store_true", help="look at what is deployed already")
    options = parser.parse_args()
    caller, region = boto3.client("sts").get_caller_identity(), boto3.session.Session().region_name
    print(f"account {caller['Account']}, region {region}, as {caller['Arn']}")
    if not options.no_deploy:
        subprocess.run(
            ["npx", "sls", "deploy", "--stage", options.stage, "--region", str(region)],
            cwd=ROOT,
            check=True,
        )
    stack = Stack.open(options.service, options.stage)
    failed = 0
    for what, check in checks(stack).items():
        problem = check()
        failed += bool(problem)
        print(f"{'✗' if problem else '✓'} {what}{': ' + problem if problem else ''}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RowlineError as error:
        sys.exit(f"error: {error}")
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
