"""The smoke test of an account where the emulator has nothing to show: a relay that runs as a
container.
"""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import DynamoStreams
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import Lineage
from shared.values.position import Position
from shared.values.settings import ConsumerSettings, SourceSettings, StageSettings, TableSettings
from tests.aws_setup import create_state_table
from tests.smoke import aws as smoke

ARN = "arn:aws:ecs:eu-west-1:123456789012:service/rowline-dev-relayShop"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        client = boto3.client("dynamodb")
        create_state_table("state", client)
        yield client


def test_a_relay_in_a_container_that_does_not_run_is_named_and_one_that_runs_is_not(
    dynamodb: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SourceSettings("shop", "secret", {"shop.listings": TableSettings()}, run="fargate")
    settings = StageSettings("rowline", "dev", {"shop": source}, {})
    stack = Stack(
        "rowline-dev", "UPDATE_COMPLETE", settings, {"StateTable": "state", "ShopRelayService": ARN}
    )
    assert (
        smoke.relay_runs(stack, "shop", seconds=0)
        == f"no relay renews the lease: see the log group of service {ARN}"
    )

    streams = DynamoStreams(dynamodb, "state")
    lease = streams.acquire(source.stream, streams.load(source.stream)[0], "container")
    assert lease
    renewed: list[Any] = []

    def pause(_: float) -> None:
        renewed.append(
            streams.renew(
                source.stream,
                renewed[-1] if renewed else lease,
                Checkpoint(Position("bin.000001", 4), 0, 1, Lineage("s"), "{}"),
            )
        )

    monkeypatch.setattr(smoke.time, "sleep", pause)
    assert smoke.relay_runs(stack, "shop") == ""


def test_a_consumer_that_a_schedule_drains_needs_no_mapping() -> None:
    kinds = {"archiveShop": "archive", "search": "elasticsearch"}
    consumers = {
        name: ConsumerSettings(name, "shop", ("shop.*",), {"kind": kind})
        for name, kind in kinds.items()
    }
    settings = StageSettings("rowline", "dev", {}, consumers)
    named = smoke.checks(Stack("rowline-dev", "UPDATE_COMPLETE", settings, {}))
    assert "search: event source mapping works" in named
    assert "archiveShop: event source mapping works" not in named
    assert "archiveShop: a message arrives" in named
