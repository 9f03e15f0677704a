"""Real servers for the tests (long: a fixture each), started when a test asks for one.

See docs/local.md, "In tests".

All workers and runs of one checkout share the stage `test`. The last run that used it stops it,
unless ROWLINE_KEEP=1.
"""

import contextlib
import gc
import itertools
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pymysql
import pytest
from aws_lambda_powertools.utilities.parameters import base
from filelock import FileLock, ReadWriteLock, Timeout
from hypothesis.internal.conjecture import providers
from xdist.scheduler.loadfile import LoadFileScheduling

from local.home import home
from local.local_stage import LocalStage
from local.servers.database_server import DatabaseServer
from local.servers.elasticsearch_server import ElasticsearchServer
from local.servers.emulator import Emulator
from local.servers.local_server import LocalServer
from local.servers.mariadb import MariaDB
from local.servers.mysql import MySQL
from local.servers.opensearch_server import OpenSearchServer
from shared.values.errors import RowlineError

# Hypothesis tries constants of all modules that a worker has loaded by chance: then no run repeats
# another. Source: hypothesis/internal/conjecture/providers.py of the pinned version.
providers._get_local_constants = lambda: providers._local_constants

STAGE = "test"
USERS = "users.lock"
D = TypeVar("D", bound=DatabaseServer)
T = TypeVar("T")


class Shared:
    """The stage `test` as one process sees it: starts a server once, and holds a shared lock on the
    stage while it may use it.
    """

    def __init__(self) -> None:
        self.home = home()
        self.stage = LocalStage(STAGE, self.home)
        self.stage.record.mkdir(exist_ok=True)
        self.servers: dict[str, LocalServer] = {
            **self.stage.servers,
            "mysql": self._mysql(),
            "opensearch": OpenSearchServer(
                self.home.base / STAGE / "opensearch", log=self.stage.record / "log/opensearch.log"
            ),
            "secured": ElasticsearchServer(
                self.home.base / STAGE / "secured",
                secured=True,
                log=self.stage.record / "log/secured.log",
            ),
        }
        self._users = ReadWriteLock(self.stage.record / USERS)
        self._users.acquire_read()

    def start(self, part: str) -> Any:
        with FileLock(self.stage.record / f"{part}.lock"):
            return self.servers[part].start()

    def close(self) -> None:
        self._users.release()

    def stop_unless_used(self) -> None:
        self.close()
        with contextlib.suppress(Timeout), self._users.write_lock(blocking=False):
            for server in self.servers.values():
                server.stop()

    def _mysql(self) -> MySQL:
        return MySQL(self.home.base / STAGE / "mysql", log=self.stage.record / "log/mysql.log")


STACK = "tests/integration/stack/"
ITS_OWN = f"{STACK}test_upgrade.py"
DEPLOYED = "tests/integration/deploy/"
OF_THE_ARCHIVE = tuple(
    f"{STACK}{name}.py" for name in ("test_archive", "test_replay", "test_snapshots")
)

# Files whose tests take a minute together: they begin first, so that none is left over at the end.
LONG = (
    "tests/integration/stack/test_main_job.py",
    "tests/integration/stack/",
    DEPLOYED,
    "tests/integration/local/test_functions.py",
    "tests/integration/relay_faults/",
    "tests/integration/test_relay.py",
    "tests/integration/test_fail_over.py",
    "tests/integration/test_restore.py",
    "tests/integration/binlog/test_faults.py",
    "tests/unit/stack/",
    "tests/unit/relay/",
    "tests/unit/test_verify_property.py",
)


class FileScheduling(LoadFileScheduling):
    """A worker runs whole files, and one worker all files that share a deployment.

    Each worker has a deployed stack of its own; it is deployed twice at most.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        if file.startswith(DEPLOYED):
            return DEPLOYED
        if not file.startswith(STACK) or file == ITS_OWN:
            return file
        return "stack of the archive" if file in OF_THE_ARCHIVE else "stack"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FileScheduling:
    """Instead of `--dist loadfile`."""
    return FileScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files begin first, and a test against real servers that fails runs once more.

    The summary names such a test under RERUN, and somebody should look.
    """
    items.sort(
        key=lambda item: next(
            (number for number, name in enumerate(LONG) if item.nodeid.startswith(name)), len(LONG)
        )
    )
    for item in items:
        if item.nodeid.startswith(("tests/integration/", "tests/contract/")):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish() -> None:
    """From here on the collector leaves out what was imported: a tenth of a worker's time."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Shows why a test that passed, or failed otherwise, at its second run had failed before."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.section(f"first run of {report.nodeid}")
        terminalreporter.write_line(report.longreprtext[-6000:])


def pytest_unconfigure(config: pytest.Config) -> None:
    """After the workers of this run are done: stop the servers unless another run uses them."""
    if (
        not hasattr(config, "workerinput")
        and os.environ.get("ROWLINE_KEEP") != "1"
        and (home().record / STAGE / USERS).exists()
    ):
        Shared().stop_unless_used()


@pytest.fixture(autouse=True)
def forget_secrets() -> None:
    """Powertools keeps its client, and the secrets it read, for the life of the process."""
    base.DEFAULT_PROVIDERS.clear()


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[Shared]:
    """What the fixtures below start their servers with."""
    shared = Shared()
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def mariadb(shared_stage: Shared) -> MariaDB:
    """A running MariaDB, as `local.servers.mariadb.MariaDB` describes it.

    Shared by all tests: make a database of your own in it (fixture `database`), and look only at
    its changes.
    """
    return _or_skip(lambda: shared_stage.start("mariadb"))


class ServerByUrl:
    """A MySQL that somebody else runs, by ROWLINE_TEST_MYSQL: the attributes of `mysql` that do not
    start or stop it.
    """

    kind = "mysql"

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port, self.user = (
            parts.hostname or "",
            parts.port or 3306,
            unquote(parts.username or ""),
        )
        self.password, self.url, self.reader_url = unquote(parts.password or ""), url, url

    def connect(self, database: str | None = None, **options: Any) -> Any:
        login = {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "autocommit": True,
            "charset": "utf8mb4",
        }
        return pymysql.connect(database=database, **{**login, **options})


@pytest.fixture(scope="session")
def mysql(shared_stage: Shared) -> MySQL | ServerByUrl:
    """A running MySQL: as `mariadb`. ROWLINE_TEST_MYSQL=mysql://… takes another server; without
    both the test is skipped, saying so.
    """
    if url := os.environ.get("ROWLINE_TEST_MYSQL"):
        return ServerByUrl(url)
    return _or_skip(lambda: shared_stage.start("mysql"))


@pytest.fixture(scope="session")
def elasticsearch(shared_stage: Shared) -> ElasticsearchServer:
    """A running Elasticsearch without security: `.url`, `.request(method, path, body)`, `.stop()
    .start() .kill()`. Name your own indices.
    """
    return shared_stage.start("elasticsearch")


@pytest.fixture(scope="session")
def opensearch(shared_stage: Shared) -> OpenSearchServer:
    """A running OpenSearch: as `elasticsearch`."""
    return shared_stage.start("opensearch")


@pytest.fixture(scope="session")
def emulator(shared_stage: Shared) -> Emulator:
    """The running AWS emulator, IAM enforced: `.url`, `.environment()` (endpoint, region, root
    credentials). Name your own resources.
    """
    return shared_stage.start("emulator")


@pytest.fixture
def aws(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The emulator's environment, set for this test: `boto3.client("sqs")` talks to it as the
    account's root.
    """
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    environment = emulator.environment()
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def database(request: pytest.FixtureRequest, mariadb: MariaDB) -> Iterator[str]:
    """The name of an empty database of this test's own in `mariadb`; dropped afterwards."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")


_numbers = itertools.count()


@pytest.fixture
def start_mariadb() -> Iterator[Callable[..., MariaDB]]:
    """`start_mariadb("--skip-log-bin", …)`: a MariaDB of this test's own with these arguments;
    stopped and removed afterwards.
    """
    yield from _own_servers(MariaDB)


@pytest.fixture
def start_mysql() -> Iterator[Callable[..., MySQL]]:
    """`start_mysql("--gtid-mode=OFF", …)`: a MySQL of this test's own; skipped where there is none
    for this machine.
    """
    yield from _own_servers(MySQL)


@pytest.fixture(scope="session")
def quiet_mariadb() -> Iterator[MariaDB]:
    """A MariaDB to which nobody writes but the tests of this fixture: for those that look at the
    end of the binlog. Put them into the xdist group `binlog`.
    """
    for start in _own_servers(MariaDB):
        yield start()


@pytest.fixture(scope="session")
def quiet_mysql() -> Iterator[MySQL]:
    """As `quiet_mariadb`; skipped where there is no MySQL for this machine."""
    for start in _own_servers(MySQL):
        yield start()


@pytest.fixture(scope="session")
def secured_elasticsearch(shared_stage: Shared) -> ElasticsearchServer:
    """A running Elasticsearch with TLS and login: `.url` (https), `.user`, `.password`,
    `.ca_certificate` (PEM text).
    """
    return shared_stage.start("secured")


def _own_servers(kind: type[D]) -> Iterator[Callable[..., D]]:
    servers: list[D] = []

    def start(*extra_args: str) -> D:
        server = kind(_own_folder(), extra_args=extra_args)
        servers.append(server)
        return _or_skip(server.start)

    yield start
    for server in servers:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


def _own_folder() -> Any:
    folder = home().base / STAGE / "own" / f"{os.getpid()}-{next(_numbers)}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def _or_skip(start: Callable[[], T]) -> T:
    """A machine that the database has no build for skips its tests, aloud; anything else that goes
    wrong fails them.
    """
    try:
        return start()
    except RowlineError as error:
        if error.thing in ("the embedded database", "MySQL for the tests", "mysql-server-core"):
            pytest.skip(
                f"NOT TESTED against this server: {error} Or set ROWLINE_TEST_MYSQL=mysql://USER:PASSWORD@HOST:PORT."
            )
        raise
