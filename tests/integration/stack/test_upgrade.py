"""`sls deploy` over a running stage of a former version: numbering and order continue.

The stage is deployed from the commit before the house was rebuilt. While changes flow, the present
code is deployed over it.
"""

import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.demo import marketplace
from local.demo.workload import Workload
from shared.stage import Stage
from shared.values import source_endpoint
from shared.values.seq import split_seq
from tests.aws_setup import create_subscribed_queue
from tests.integration.relay_faults.received import Received, check_numbers
from tests.integration.stack.project import ROOT, Project
from tests.tier import ONLY_SOAK, TIER
from tests.waiting import wait_for

FORMER = "c5e4ece"
CONSUMER = "listingSearch"


@pytest.fixture
def revision() -> str:
    """The former version, if this clone has it."""
    found = subprocess.run(
        ["git", "cat-file", "-e", f"{FORMER}^{{commit}}"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if found.returncode:
        pytest.skip(f"NOT TESTED: this clone does not reach back to {FORMER}; fetch its history")
    return FORMER


class Upgraded:
    """A service that is deployed from two versions of the project.

    source, search: URLs of the servers that it reads and writes.
    """

    def __init__(self, folder: Path, source: str, search: str, revision: str) -> None:
        self.service = f"u{uuid.uuid4().hex[:8]}"
        environment = {"ROWLINE_SOURCE": source, "ROWLINE_ELASTICSEARCH": search}
        self.former = Project(folder / "former", environment, revision)
        self.present = Project(folder / "present", environment)
        for project in (self.former, self.present):
            project.edit("serverless.yml", "service: rowline", f"service: {self.service}")
            project.edit(
                "serverless.yml",
                "elasticsearch: {",
                f'elasticsearch: {{alias: "{self.service}-{{table}}", ',
            )
        reader = source_endpoint.parse(source)
        login = {
            "host": reader.host,
            "port": reader.port,
            "username": reader.user,
            "password": reader.password,
            "tls": "off",
        }
        for name, content in {"source": login, "search": {"url": search}}.items():
            boto3.client("secretsmanager").create_secret(
                Name=f"{self.service}/{name}", SecretString=json.dumps(content)
            )

    def sls(self, project: Project, word: str) -> None:
        """Run the framework as a user of that version does."""
        names = {"sourceSecret": "source", "searchSecret": "search"}
        given = [
            part
            for parameter, name in names.items()
            for part in ("--param", f"{parameter}={self.service}/{name}")
        ]
        project.run("sls", word, "--stage", "local", *given)

    def former_rowline(self, *words: str) -> None:
        """The command of the former version: `-m` finds it in the project's own folder."""
        self.former.run(str(ROOT / ".venv/bin/python"), "-m", "cli.main", *words)

    @property
    def stage(self) -> Stage:
        """The deployed stage, read by the present code."""
        return Stage.from_stack(self.service, "local")


@pytest.fixture
def upgraded(
    aws: dict[str, str], mariadb: Any, elasticsearch: Any, revision: str, tmp_path: Path
) -> Iterator[Upgraded]:
    made = Upgraded(tmp_path, mariadb.reader_url, elasticsearch.url, revision)
    with mariadb.connect() as connection:
        marketplace.create(connection)
        connection.autocommit(False)
        for _ in marketplace.seed(connection, 1_500):
            pass
    yield made
    made.sls(made.present, "remove")
    for index in elasticsearch.request("GET", f"/{made.service}-*"):
        elasticsearch.request("DELETE", f"/{index}")


@pytest.mark.soak
@ONLY_SOAK
def test_a_deploy_over_a_former_version_loses_and_repeats_no_number(
    request: pytest.FixtureRequest, upgraded: Upgraded, mariadb: Any
) -> None:
    upgraded.sls(upgraded.former, "deploy")
    stage = upgraded.stage
    wait_for(lambda: stage.state.streams.load("shop")[1])
    queue = create_subscribed_queue(stage.resources.topic_arn, upgraded.service)
    upgraded.former_rowline("backfill", CONSUMER, "--from", "source")
    with Received(queue) as received:
        workload = Workload(
            mariadb.connect, changes=10**9, number=1, per_second=TIER.changes_per_second
        ).start()
        request.addfinalizer(workload.stop)
        wait_for(lambda: len(received.messages) > 20)
        former = stage.state.streams.load("shop")[0].token
        upgraded.sls(upgraded.present, "deploy")
        wait_for(lambda: stage.state.streams.load("shop")[0].token > former)
        present = len(received.messages)
        wait_for(lambda: len(received.messages) > present + 100)
        time.sleep(2)
        workload.stop()
        committed = workload.join()
        done = upgraded.present.run("rowline", "verify", CONSUMER, "--service", upgraded.service)
        assert "0 differences" in done.stdout
        wait_for(lambda: len(live(received)) == numbers_of(upgraded.stage))
    changes = live(received)
    check_numbers(changes)
    for seqs in of_groups(received).values():
        assert seqs == sorted(seqs), "a group goes back in time"
    assert len({split_seq(change.seq)[0] for change in changes}) == 1, "one epoch"
    assert len(changes) >= committed


def live(received: Received) -> list[Any]:
    """The changes that are numbered; rows of the backfill have the numbers of their time."""
    return [change for change in received.changes() if change.op != "r"]


def of_groups(received: Received) -> dict[str, list[int]]:
    """The numbers of each group in the order of their first arrival."""
    groups: dict[str, dict[int, None]] = {}
    for message in received.messages:
        for change in message.changes:
            if change.op != "r":
                groups.setdefault(message.group, {})[change.seq] = None
    return {group: list(seqs) for group, seqs in groups.items()}


def numbers_of(stage: Stage) -> int:
    """How many numbers the stream has given."""
    _, checkpoint = stage.state.streams.load("shop")
    assert checkpoint is not None
    return split_seq(checkpoint.seq + checkpoint.rows)[1]
