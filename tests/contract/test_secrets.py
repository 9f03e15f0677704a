"""Secrets by name, on Secrets Manager by moto."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from shared.adapters.secrets import secret_json
from shared.values.errors import ConfigError, SecretUnavailable
from tests.aws_setup import pretend_login


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    pretend_login(monkeypatch)
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_a_secret_is_kept_and_read_afresh_when_asked(manager: Any) -> None:
    manager.create_secret(Name="s", SecretString='{"password": "old"}')
    assert secret_json("s") == {"password": "old"}
    manager.put_secret_value(SecretId="s", SecretString='{"password": "new"}')
    assert secret_json("s") == {"password": "old"}
    assert secret_json("s", fresh=True) == {"password": "new"}
    assert secret_json("s") == {"password": "new"}


def test_a_missing_secret_is_named(manager: Any) -> None:
    with pytest.raises(
        ConfigError, match="secret rowline/x: cannot be read: ResourceNotFoundException"
    ):
        secret_json("rowline/x")


@pytest.mark.parametrize("content", ["s3cr3t", '["s3cr3t"]'])
def test_a_secret_that_is_no_object_is_not_quoted(manager: Any, content: str) -> None:
    manager.create_secret(Name="s", SecretString=content)
    with pytest.raises(ConfigError, match="is not a JSON object") as refused:
        secret_json("s")
    assert "s3cr3t" not in str(refused.value)


def test_secrets_manager_that_does_not_answer_is_no_error_of_the_stanza(
    manager: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(SecretUnavailable, match="does not answer"):
        secret_json("s")
