"""The stack on the emulator alone: what `sls deploy` makes, without a database or Elasticsearch
behind it.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.servers.emulator import Emulator
from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import open_state
from tests.integration.stack.project import Project

STAGE = "local"
NOWHERE = {"host": "127.0.0.1", "port": 9, "username": "nobody", "password": "none", "tls": "off"}


class Deployment:
    """A service of this test run's own name, and how to deploy, look at and use it."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.service = f"t{uuid.uuid4().hex[:8]}"
        self.project = Project(folder, environment)
        self.project.edit("serverless.yml", "service: rowline", f"service: {self.service}")
        secrets = boto3.client("secretsmanager")
        for name, content in {"source": NOWHERE, "search": {"url": "http://127.0.0.1:9"}}.items():
            secrets.create_secret(Name=f"{self.service}/{name}", SecretString=json.dumps(content))

    def sls(self, *words: str) -> str:
        """Run the framework with a relay that nothing starts; returns what it said."""
        parameters = {
            "relay": "off",
            "sourceSecret": f"{self.service}/source",
            "searchSecret": f"{self.service}/search",
        }
        given = [
            word for name, value in parameters.items() for word in ("--param", f"{name}={value}")
        ]
        done = self.project.run("sls", *words, "--stage", STAGE, *given)
        return str(done.stdout + done.stderr)

    def forget_parked(self, consumer: str) -> None:
        """Let nothing of a consumer be parked: otherwise it cannot be removed."""
        parks = open_state(boto3.client("dynamodb"), self.stack.state_table).parked
        parks.remove(consumer, list(parks.all(consumer)))

    @property
    def stack(self) -> Stack:
        return Stack.open(self.service, STAGE)

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """The function's answer, or what its error says."""
        answer = boto3.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        return dict(json.loads(answer["Payload"].read()))

    @contextmanager
    def without(self, function: str, action: str) -> Iterator[None]:
        """Takes an action away from the function's role, and gives it back."""
        role = (
            boto3.client("lambda")
            .get_function_configuration(FunctionName=function)["Role"]
            .split("/")[-1]
        )
        iam = boto3.client("iam")
        whole = iam.get_role_policy(RoleName=role, PolicyName="rowline")["PolicyDocument"]
        kept = [
            {**statement, "Action": [one for one in statement["Action"] if one != action]}
            for statement in whole["Statement"]
        ]
        assert kept != whole["Statement"], f"{role} does not have {action}"
        put: Callable[[Any], Any] = lambda statements: iam.put_role_policy(  # noqa: E731
            RoleName=role,
            PolicyName="rowline",
            PolicyDocument=json.dumps({**whole, "Statement": statements}),
        )
        put([statement for statement in kept if statement["Action"]])
        try:
            yield
        finally:
            put(whole["Statement"])


@pytest.fixture(scope="package")
def addresses(emulator: Emulator) -> Iterator[None]:
    """Those of the emulator, for all files of this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        for name, value in emulator.environment().items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="package")
def deployment(addresses: None, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """One for the folder: a worker runs all its files."""
    made = Deployment(tmp_path_factory.mktemp("deploy") / "rowline", dict(os.environ))
    made.sls("deploy")
    return made
