"""A command of the stage `local` finds its servers, or says how to start them."""

import json
from pathlib import Path

import pytest

from cli import local_record
from shared.values.errors import ConfigError, RowlineError


def test_no_stage_names_the_command_that_starts_one(tmp_path: Path) -> None:
    with pytest.raises(RowlineError, match="rowline local up"):
        local_record.environment(tmp_path / "stage.json")


def test_a_record_of_a_former_version_names_it_too(tmp_path: Path) -> None:
    record = tmp_path / "stage.json"
    record.write_text(json.dumps({"base": "/b", "ports": {}, "elsewhere": {}}))
    with pytest.raises(RowlineError, match="rowline local up"):
        local_record.environment(record)


VARIABLES = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "ROWLINE_SOURCE": "mysql://rowline@127.0.0.1:1",
}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    made = tmp_path / "stage.json"
    made.write_text(json.dumps({"environment": VARIABLES}))
    return made


def test_a_fresh_shell_finds_the_local_stage_and_real_credentials_stay_unused(
    record: Path,
) -> None:
    shell = {
        "AWS_PROFILE": "prod",
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_ENDPOINT_URL_SQS": "https://sqs.eu-west-1.amazonaws.com",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "ROWLINE_SOURCE": "mysql://mine@127.0.0.1:2",
    }
    local_record.enter(shell, record)
    assert shell == {**VARIABLES, "ROWLINE_SOURCE": "mysql://mine@127.0.0.1:2"}


@pytest.mark.parametrize("host", ["sqs.eu-west-1.amazonaws.com", "sns.eu-west-1.api.aws"])
def test_the_local_stage_never_reaches_aws(host: str, record: Path) -> None:
    with pytest.raises(ConfigError, match="which is AWS"):
        local_record.enter({"AWS_ENDPOINT_URL": f"https://{host}"}, record)


def test_another_emulator_keeps_its_own_credentials(tmp_path: Path) -> None:
    shell = {"AWS_ENDPOINT_URL": "http://emulator:4566", "AWS_ACCESS_KEY_ID": "x"}
    before = dict(shell)
    local_record.enter(shell, tmp_path / "none")
    assert shell == before
