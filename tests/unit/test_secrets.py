"""Secrets by name, on an emulated Secrets Manager: what is wrong is named, and never the
content.
"""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from botocore.stub import Stubber
from moto import mock_aws

from shared.adapters.secrets import secret_json
from shared.values.errors import ConfigError, SecretUnavailable

PROVIDERS = parameters.base.DEFAULT_PROVIDERS


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_a_secret_is_read_once_until_asked_afresh(manager: Any) -> None:
    manager.create_secret(Name="source", SecretString=json.dumps({"host": "a"}))
    assert secret_json("source") == {"host": "a"}
    manager.put_secret_value(SecretId="source", SecretString=json.dumps({"host": "b"}))
    assert secret_json("source") == {"host": "a"}
    assert secret_json("source", fresh=True) == {"host": "b"}


def test_a_missing_secret_is_named(manager: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"secret nowhere: cannot be read: ResourceNotFoundException\. Create it"
    ):
        secret_json("nowhere")


def test_a_denied_secret_says_what_to_allow(manager: Any) -> None:
    provider = parameters.SecretsProvider(boto3_client=manager)
    PROVIDERS["secrets"] = provider
    with Stubber(manager) as stub:
        stub.add_client_error("get_secret_value", "AccessDeniedException")
        with pytest.raises(
            ConfigError,
            match=(
                r"secret source: cannot be read: AccessDeniedException\. Allow "
                r"secretsmanager:GetSecretValue"
            ),
        ):
            secret_json("source")


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("ExpiredTokenException", "credentials have expired"),
        ("UnrecognizedClientException", "does not accept these credentials"),
        ("ValidationException", "Secrets Manager says: Invalid name"),
    ],
)
def test_what_is_wrong_with_the_credentials_is_said(manager: Any, code: str, hint: str) -> None:
    PROVIDERS["secrets"] = parameters.SecretsProvider(boto3_client=manager)
    with Stubber(manager) as stub:
        stub.add_client_error("get_secret_value", code, "Invalid name")
        with pytest.raises(SecretUnavailable, match=f"cannot be read: {code}.*{hint}"):
            secret_json("source")


def test_a_secret_that_is_no_object_is_not_quoted(manager: Any) -> None:
    manager.create_secret(Name="source", SecretString="hunter2")
    with pytest.raises(ConfigError) as caught:
        secret_json("source")
    assert "is not a JSON object" in str(caught.value)
    assert "hunter2" not in str(caught.value)
