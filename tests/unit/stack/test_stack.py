"""Reading a deployed stack, on an emulated CloudFormation."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from shared.adapters.stack import Stack
from shared.flows.consume import sinks
from shared.values.errors import ConfigError, StackError
from shared.values.settings import StageSettings, TableSettings

METADATA: dict[str, Any] = {
    "service": "rowline",
    "stage": "dev",
    "sources": {
        "shop": {
            "name": "shop",
            "secret": "rowline/dev/source",
            "tables": {"market.photos": {"shardBy": ["listing_id"], "shards": 8}},
        }
    },
    "consumers": {
        "listingSearch": {
            "name": "listingSearch",
            "source": "shop",
            "tables": ["market.photos"],
            "sink": {"kind": "elasticsearch", "secret": "search"},
        }
    },
}


def template(metadata: dict[str, Any] | None) -> str:
    queue = {
        "Type": "AWS::SQS::Queue",
        "Properties": {"FifoQueue": True, "QueueName": "listing.fifo"},
    }
    return json.dumps(
        {
            "Metadata": {"Rowline": metadata} if metadata else {},
            "Resources": {"Queue": queue},
            "Outputs": {
                "ListingSearchQueueUrl": {"Value": {"Ref": "Queue"}},
                "StateTable": {"Value": "table-1"},
            },
        }
    )


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.client("cloudformation")


def test_settings_come_from_the_template_and_names_from_the_outputs(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="rowline-dev", TemplateBody=template(METADATA))
    stack = Stack.open("rowline", "dev")
    assert stack.settings.sources["shop"].tables == {
        "market.photos": TableSettings(shards=8, shard_by=("listing_id",))
    }
    assert stack.settings.consumers["listingSearch"].kind == "elasticsearch"
    assert stack.queue_url("listingSearch").endswith("/listing.fifo")
    assert stack.state_table == "table-1"
    with pytest.raises(StackError, match="stack rowline-dev: has no output ListingSearchDlqUrl"):
        stack.dlq_url("listingSearch")


def test_a_stack_deployed_before_sinks_had_a_kind_is_read(cloudformation: Any) -> None:
    now = METADATA["consumers"]["listingSearch"]
    former = {key: value for key, value in now.items() if key != "sink"}
    former["elasticsearch"] = {"secret": "search"}
    metadata = {**METADATA, "consumers": {"listingSearch": former}}
    cloudformation.create_stack(StackName="rowline-dev", TemplateBody=template(METADATA))
    cloudformation.create_stack(StackName="rowline-old", TemplateBody=template(metadata))
    assert Stack.open("rowline", "old").settings == Stack.open("rowline", "dev").settings


def test_a_sink_of_another_version_is_named(cloudformation: Any) -> None:
    consumer = {**METADATA["consumers"]["listingSearch"], "sink": {"kind": "kafka"}}
    cloudformation.create_stack(
        StackName="rowline-dev",
        TemplateBody=template({**METADATA, "consumers": {"listingSearch": consumer}}),
    )
    consumer = Stack.open("rowline", "dev").settings.consumers["listingSearch"]
    with pytest.raises(ConfigError, match=r"consumers\.listingSearch\.kafka: is no sink"):
        sinks.settings_of(consumer)


def test_a_stack_that_is_not_there_says_how_to_deploy_it(cloudformation: Any) -> None:
    with pytest.raises(
        StackError, match=r"stack rowline-dev: is not deployed. Deploy it: sls deploy --stage dev"
    ):
        Stack.open("rowline", "dev")


def test_a_stack_of_something_else_is_named(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="rowline-dev", TemplateBody=template(None))
    with pytest.raises(StackError, match="stack rowline-dev: holds no Rowline"):
        Stack.open("rowline", "dev")


def test_settings_of_another_version_are_named(cloudformation: Any) -> None:
    cloudformation.create_stack(
        StackName="rowline-dev", TemplateBody=template({**METADATA, "unheard": {}})
    )
    with pytest.raises(
        StackError, match=r"stack rowline-dev: was deployed by another version: .*unheard"
    ):
        Stack.open("rowline", "dev")


def test_an_endpoint_that_does_not_answer_is_one_paragraph(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with pytest.raises(StackError, match="stack rowline-dev: cannot be read: Could not connect"):
        Stack.open("rowline", "dev")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredToken", "have expired: log in again"),
        ("InvalidClientTokenId", "does not accept these credentials"),
        ("AccessDenied", "perform this. Credentials need cloudformation:DescribeStacks and"),
    ],
)
def test_a_stack_that_may_not_be_read_says_why(cloudformation: Any, code: str, hint: str) -> None:
    cloudformation.get_template = lambda **_: {}  # asked at the same time
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stacks", code, "You may not perform this")
        with pytest.raises(StackError) as caught:
            Stack.open("rowline", "dev", cloudformation)
    assert f"stack rowline-dev: cannot be read ({code}): You may not perform" in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        ("CREATE_IN_PROGRESS", "wait until that is over"),
        ("ROLLBACK_COMPLETE", "Its first deployment failed"),
        ("UPDATE_COMPLETE", "Deploy it again with this version"),
    ],
)
def test_a_stack_that_is_half_deployed_says_so(status: str, hint: str) -> None:
    half = Stack("rowline-dev", status, StageSettings("rowline", "dev", {}, {}), {})
    with pytest.raises(StackError, match=f"no output StateTable; its status is {status}.*{hint}"):
        _ = half.state_table
