"""A deployed stack of its own: servers that tests may stop and kill, a project they may edit, the
marketplace as source.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import pymysql
import pytest

from cli.deployed import open_stage
from local import local_stage
from local.demo import marketplace
from local.demo.measured_pipeline import connect
from local.demo.workload import Workload
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.stage import Stage
from shared.values import source_endpoint
from shared.values.errors import RowlineError
from tests.command import run_here
from tests.integration.stack import poison_orders
from tests.integration.stack.project import Project

NAME = f"stack{os.environ.get('PYTEST_XDIST_WORKER', '')}"
"""Each worker that runs such tests has a stage of its own."""
CONSUMER = "listingSearch"


class Said(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class DeployedStack:
    """What a test of the deployed stack works with."""

    servers: local_stage.LocalStage
    project: Project

    def open(self) -> Stage:
        """The stage as deployed now."""
        return open_stage("local")

    def search(self) -> ElasticsearchSearch:
        """The cluster that the consumers write to."""
        return ElasticsearchSearch({"url": self.servers.server("elasticsearch").url})

    def connect(self) -> "pymysql.connections.Connection[Any]":
        """A connection that may write to the source."""
        return connect(source_endpoint.parse(self.servers.server("mariadb").url))

    def rowline(self, *words: str, check: bool = True, columns: int = 80) -> Said:
        """Run a command in this process: to start one for each would take half of their time.

        check: It must succeed. columns: Of the terminal.
        """
        environment = {**self.project.environment, "COLUMNS": str(columns)}
        with contextlib.chdir(self.project.folder):
            done = run_here(*words, environment=environment)
        said = Said(done.code, done.stdout.decode(), done.stderr.decode())
        assert not check or not said.returncode, (words, said)
        return said

    @contextlib.contextmanager
    def writing(self, number: int, per_second: float) -> Iterator[None]:
        """The marketplace's workload, until the block ends or fails: a test that is repeated must
        not find the writers of its first run.
        """
        workload = Workload(self.connect, changes=10**9, number=number, per_second=per_second)
        workload.start()
        try:
            yield
        finally:
            workload.stop()
            workload.join()

    def wait(self, what: str, done: Callable[[], bool], seconds: float = 150) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, (
                f"not within {seconds:.0f} s: {what}\n{self.rowline('status', check=False).stdout}"
            )
            time.sleep(0.3)  # each look asks several services

    def verified(self, consumer: str = CONSUMER) -> None:
        """Every row equals its document, and nothing is parked."""
        done = self.rowline("verify", consumer, check=False)
        assert done.returncode == 0, (
            done.stdout[-3000:] + done.stderr[-3000:] + self.rowline("status", check=False).stdout
        )
        assert list(self.open().state.parked.all(consumer)) == []
        assert self.open().dlq(consumer).depth() == (0, 0)


@pytest.fixture(scope="module")
def stack(deployed_stack: tuple[DeployedStack, dict[str, str]]) -> Iterator[DeployedStack]:
    """The deployed stack, and its environment. Later tests of the worker must not see that."""
    deployed, environment = deployed_stack
    with variables(environment):
        yield deployed


@contextlib.contextmanager
def variables(environment: dict[str, str]) -> Iterator[None]:
    """Environment variables for a while."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="package")  # it would work beside all other tests, up to their end
def deployed_stack(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[DeployedStack, dict[str, str]]]:
    """The project deployed with `sls deploy --stage local` on servers of its own, marketplace rows
    in place, relay running.
    """
    with contextlib.suppress(RowlineError):  # of a run that was killed
        local_stage.LocalStage.load(NAME).down(purge=True)
    servers = local_stage.up(NAME, environ={})
    environment = servers.environment()
    stack = DeployedStack(
        servers, Project(tmp_path_factory.mktemp("project") / "rowline", environment)
    )
    with variables(environment):
        deploy(stack)
    yield stack, environment
    if os.environ.get("ROWLINE_KEEP") != "1":
        servers.down(purge=True)


def deploy(stack: DeployedStack) -> None:
    """Rows, stanzas, the first deployment and a backfill."""
    stack.project.edit(
        "serverless.yml", "    start: latest\n", "    start: latest\n    compression: zstd\n"
    )
    stack.project.edit(
        "serverless.yml", '    archive: "off" ', '    archive: {retention: 400d, api: "on"} '
    )
    poison_orders.capture(stack.project)
    with stack.connect() as connection:
        poison_orders.create(connection)
        marketplace.create(connection)
        connection.autocommit(False)
        for _ in marketplace.seed(connection, 3_000):
            pass
    stack.project.run("sls", "deploy", "--stage", "local")
    stack.wait(
        "the first checkpoint", lambda: stack.open().state.streams.load("shop")[1] is not None, 90
    )
    stack.rowline("backfill", CONSUMER)
