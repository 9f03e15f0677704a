"""The local stage: database, Elasticsearch and AWS, started together, stopped together.

stage = up("stage", announce=print)
os.environ.update(stage.environment())
stage.server("elasticsearch").stop()
stage.down()
"""

import os
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from filelock import FileLock

from local import elsewhere, stage_record
from local.home import CHECKOUT, Home, checked_name, home
from local.install.distribution import Announce
from local.servers.database_server import DatabaseServer
from local.servers.elasticsearch_server import ElasticsearchServer
from local.servers.emulator import Emulator, client_environment
from local.servers.local_server import LocalServer
from local.servers.mariadb import MariaDB
from local.stage_record import StageRecord
from shared.values.errors import ConfigError

DEFAULT_NAME = "stage"
_TURN = 0.2  # seconds
KINDS: dict[str, type[LocalServer]] = {
    kind.kind: kind for kind in (MariaDB, ElasticsearchServer, Emulator)
}


class PartStatus(msgspec.Struct, frozen=True):
    """One part of a stage as `rowline local status` shows it.

    state: running, stopped or external.
    url: Without a password.
    """

    part: str
    state: str
    url: str = ""
    pid: int | None = None
    log: str = ""


@dataclass
class LocalStage:
    """The parts of one stage: servers of ours, and URLs of parts that its user runs elsewhere.

    elsewhere: These URLs, by part.
    announce: Called with a line when something takes time.
    """

    name: str
    home: Home
    elsewhere: dict[str, str] = field(default_factory=dict)
    announce: Announce | None = None

    def __post_init__(self) -> None:
        self.servers: dict[str, LocalServer] = {
            part: kind(
                self.home.base / self.name / part,
                dist=self.home.dist,
                log=self.record / f"log/{part}.log",
                announce=self.announce,
            )
            for part, kind in KINDS.items()
        }

    @classmethod
    def load(cls, name: str = DEFAULT_NAME, checkout: Path = CHECKOUT) -> "LocalStage":
        """The stage `name` as `up` left it. Raises RowlineError if there is none."""
        saved = stage_record.read(name, checkout)
        return cls(name, Home(checkout / ".local", Path(saved.base)), dict(saved.elsewhere))

    @property
    def record(self) -> Path:
        """Folder of stage.json and the logs."""
        return self.home.record / self.name

    def server(self, part: str) -> LocalServer:
        """One of our servers: mariadb, elasticsearch or emulator.

        Raises ConfigError for a part that runs elsewhere.
        """
        if part not in self.servers:
            raise ConfigError(
                "is no part of the local stage.",
                thing=part,
                hint=f"Parts are {', '.join(self.servers)}.",
            )
        if part in self.elsewhere:
            raise ConfigError(f"runs elsewhere: {elsewhere.VARIABLES[part]} is set.", thing=part)
        return self.servers[part]

    @property
    def source_url(self) -> str:
        """URL of the source with the account that Rowline uses."""
        server = self.servers["mariadb"]
        assert isinstance(server, DatabaseServer)
        return self.elsewhere.get("mariadb") or server.reader_url

    @property
    def search_url(self) -> str:
        """URL of Elasticsearch."""
        return self.elsewhere.get("elasticsearch") or self.servers["elasticsearch"].url

    def environment(self) -> dict[str, str]:
        """Variables that point the command, the deploy and any AWS client at this stage.

        They hold a password and are not for output.
        """
        endpoint = self.elsewhere.get("emulator")
        clients = client_environment(endpoint or self.servers["emulator"].url)
        if endpoint:  # its user has credentials for it, perhaps
            clients = {name: os.environ.get(name) or value for name, value in clients.items()}
            clients["AWS_ENDPOINT_URL"] = endpoint
        emulator = self.servers["emulator"]
        assert isinstance(emulator, Emulator)
        traces = {
            "AWS_XRAY_DAEMON_ADDRESS": emulator.daemon_address,
            "ROWLINE_TRACES": str(emulator.traces),
        }
        return {
            **clients,
            **({} if endpoint else traces),
            "ROWLINE_SOURCE": self.source_url,
            "ROWLINE_ELASTICSEARCH": self.search_url,
        }

    def status(self) -> list[PartStatus]:
        """Every part, in the order of `KINDS`."""
        found = []
        for part, server in self.servers.items():
            if part in self.elsewhere:
                found.append(PartStatus(part, "external", elsewhere.shown(self.elsewhere[part])))
            elif (pid := server.pid) is None:
                found.append(PartStatus(part, "stopped", log=str(server.log)))
            else:
                url = elsewhere.shown(server.url)
                found.append(PartStatus(part, "running", url, pid, str(server.log)))
        return found

    def down(self, purge: bool = False) -> None:
        """Stop the servers.

        purge: Also remove the data of this stage. The unpacked programs stay while another stage
            may use them.
        """
        with self.lock():
            with ThreadPoolExecutor(len(self.servers)) as pool:
                list(pool.map(LocalServer.stop, self.servers.values()))
            if purge:
                shutil.rmtree(self.home.base / self.name, ignore_errors=True)
                shutil.rmtree(self.record, ignore_errors=True)
                Path(self.lock().lock_file).unlink()
                if self.home.is_elsewhere and not stage_record.read_all(self.home.record.parent):
                    shutil.rmtree(self.home.base, ignore_errors=True)

    def lock(self) -> FileLock:
        """The lock of a command that starts or stops servers of the stage."""
        return FileLock(self.home.record / f"{self.name}.lock")

    def start(self) -> None:
        """Start our servers and ask those elsewhere, all at once.

        One that fails, or Ctrl-C, ends the start of the others.
        """
        cancel = threading.Event()
        with ThreadPoolExecutor(len(self.servers)) as pool:
            try:
                tasks: list[Future[object]] = [
                    pool.submit(elsewhere.check, part, self.elsewhere[part])
                    if part in self.elsewhere
                    else pool.submit(server.start, cancel)
                    for part, server in self.servers.items()
                ]
                pending = set(tasks)
                # In short turns: a signal that comes just before the main thread falls asleep does
                # not wake it.
                while pending:
                    done, pending = wait(pending, timeout=_TURN, return_when=FIRST_EXCEPTION)
                    for task in done:
                        task.result()
            except BaseException:
                cancel.set()  # leaving the pool waits for the others, which look at this
                raise


def up(
    name: str = DEFAULT_NAME,
    *,
    announce: Announce | None = None,
    environ: Mapping[str, str] | None = None,
) -> LocalStage:
    """Start the stage `name` and put the secrets of a stack into its Secrets Manager.

    environ: Variables that may point parts elsewhere (`elsewhere.VARIABLES`), ours if not given.
        Such a part is not started, only asked whether it answers.

    Quick where the stage runs already. Raises RowlineError; the servers that were started stay up,
    so the next attempt is short.
    """
    from local import stage_secrets  # boto3 is half the start-up time of the other commands

    folders = home()
    checked_name(name)
    (folders.record / name).mkdir(exist_ok=True)
    if folders.is_elsewhere:
        (folders.base / name).mkdir(exist_ok=True)
    stage = LocalStage(name, folders, announce=announce)
    with stage.lock():
        stage.elsewhere = elsewhere.chosen(
            os.environ if environ is None else environ, stage_record.read_all(), announce
        )
        stage.start()
        variables = stage.environment()
        StageRecord(str(folders.base), stage.elsewhere, variables).write(stage.record)
        stage_secrets.put_secrets(variables, stage.source_url, stage.search_url)
    return stage
