"""The smoke test of a real account, tried on the emulator: it passes what works and names what does
not.
"""

import boto3

from tests.integration.deploy.conftest import Deployment
from tests.smoke import aws as smoke

NAME = "listingSearch"


def test_a_message_goes_the_whole_way(deployment: Deployment) -> None:
    stack = deployment.stack
    consumer = stack.settings.consumers[NAME]
    assert smoke.topic_is_ordered_and_encrypted(stack) == ""
    assert smoke.queues_are_ordered_and_encrypted(stack, NAME) == ""
    assert smoke.mapping_is_enabled(stack, NAME, seconds=5) == ""
    assert smoke.message_arrives(stack, consumer, seconds=20) == ""


def test_a_relay_that_does_not_run_is_named(deployment: Deployment) -> None:
    assert "no relay renews the lease" in smoke.relay_runs(deployment.stack, "shop", seconds=0)


def test_a_switched_off_mapping_is_named(deployment: Deployment) -> None:
    functions = boto3.client("lambda")
    (mapping,) = functions.list_event_source_mappings(
        FunctionName=deployment.stack.consume_function(NAME)
    )["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    try:
        assert "event source mapping says" in smoke.mapping_is_enabled(
            deployment.stack, NAME, seconds=0
        )
        consumer = deployment.stack.settings.consumers[NAME]
        answers = (smoke.message_arrives(deployment.stack, consumer, seconds=1) for _ in range(20))
        assert any("has written no metrics" in each for each in answers)  # a poll may be under way
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)


def test_messages_in_a_dlq_are_named(deployment: Deployment) -> None:
    sqs, url = boto3.client("sqs"), deployment.stack.undelivered_url(NAME)
    sqs.send_message(
        QueueUrl=url, MessageBody="x", MessageGroupId="g", MessageDeduplicationId="smoke"
    )
    assert "1 messages in " in smoke.nothing_is_set_aside(deployment.stack, NAME)
    sqs.purge_queue(QueueUrl=url)
