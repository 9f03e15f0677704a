"""Clients of AWS: where they find their region, and what they know of services."""

import socket
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

from shared.adapters import aws
from shared.adapters.aws_models import quick_session
from shared.adapters.functions.awslambda import LONGEST_SECONDS


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_DEFAULT_REGION": "eu-south-1"}, "eu-south-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-south-1"}, "eu-north-1"),
    ],
)
def test_both_variables_of_the_region_are_read(
    variables: dict[str, str], region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert aws.client("sqs").meta.region_name == region


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
@pytest.mark.parametrize("service", ["sqs", "s3", "secretsmanager"])
def test_descriptions_are_read_as_botocore_reads_them(service: str, kind: str) -> None:
    loader = quick_session().get_component("data_loader")
    assert loader.load_service_model(service, kind) == Loader().load_service_model(service, kind)


def test_a_service_that_does_not_exist_and_a_description_that_is_missing_are_errors() -> None:
    loader = quick_session().get_component("data_loader")
    with pytest.raises(UnknownServiceError):
        loader.load_service_model("sqsx", "service-2")
    with pytest.raises(DataNotFoundError):
        loader.load_service_model("sqs", "waiters-2")


def test_own_descriptions_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "own/2026-11-28"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text('{"version": "2.0"}')
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    loader = quick_session().get_component("data_loader")
    assert loader.load_service_model("own", "service-2") == {"version": "2.0"}


def test_every_client_is_made_by_such_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    made = list[bool]()

    def noted() -> Any:
        made.append(True)
        return quick_session()

    monkeypatch.setattr(aws, "quick_session", noted)
    for _ in range(2):
        aws.client("sqs")
    assert made == [True]


def test_a_connection_that_waits_for_minutes_shows_that_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A gateway forgets one that is silent for 350 s: the answer of a function never comes."""
    monkeypatch.setenv("AWS_REGION", "eu-north-1")

    def options(**settings: Any) -> set[tuple[int, int, Any]]:
        manager = aws.client("lambda", **settings)._endpoint.http_session._manager
        pool = manager.connection_from_url("https://lambda.eu-west-1.amazonaws.com")
        return set(pool._new_conn().socket_options)

    long = options(read_seconds=LONGEST_SECONDS)
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in long
    assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60) in long
    assert (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60) not in options()
