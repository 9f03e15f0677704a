"""The local stage as a whole: database, Elasticsearch and AWS, started together, stopped together.

stage = up("stage", progress=print)
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

from local import aws, external, seed
from local.account import Account, server_account
from local.aws import Emulator
from local.database import Database
from local.distribution import Progress
from local.elasticsearch import Elasticsearch
from local.home import CHECKOUT, Home, checked_name, home
from local.lock import exclusive
from local.mariadb import MariaDB
from local.server import Server
from shared.values.errors import ConfigError, RowlineError

DEFAULT_NAME = "stage"
_TURN = 0.2  # seconds
# Each part, and the variable by which its user points it elsewhere.
VARIABLES = {
    "mariadb": "ROWLINE_SOURCE",
    "elasticsearch": "ROWLINE_ELASTICSEARCH",
    "emulator": "AWS_ENDPOINT_URL",
}


class PartStatus(msgspec.Struct, frozen=True):
    """One part of a stage as `rowline local status` shows it. `url` holds no password."""

    part: str
    state: str  # running | stopped | external
    url: str = ""
    pid: int | None = None
    log: str = ""


@dataclass
class Stage:
    """The parts of one stage: servers of ours, and URLs of what its user runs elsewhere."""

    name: str
    home: Home
    elsewhere: dict[str, str] = field(default_factory=dict)
    progress: Progress | None = None

    def __post_init__(self) -> None:
        folder, log, account = self.home.base / self.name, self.record / "log", server_account()
        dist, progress = self.home.dist, self.progress
        self.servers: dict[str, Server] = {
            "mariadb": MariaDB(
                folder / "mariadb",
                account=account,
                dist=dist,
                log=log / "mariadb.log",
                progress=progress,
            ),
            "elasticsearch": Elasticsearch(
                folder / "elasticsearch",
                account=account,
                dist=dist,
                log=log / "elasticsearch.log",
                progress=progress,
            ),
            "emulator": Emulator(
                folder / "emulator",
                account=Account(None),
                dist=dist,
                log=log / "emulator.log",
                progress=progress,
            ),
        }

    @classmethod
    def load(cls, name: str = DEFAULT_NAME, checkout: Path = CHECKOUT) -> "Stage":
        """The stage `name` as `up` left it. Raises RowlineError where there is none."""
        record = checkout / ".local" / checked_name(name) / "stage.json"
        try:
            saved = msgspec.json.decode(record.read_bytes(), type=_Saved)
        except FileNotFoundError:
            raise RowlineError(
                "is not up.", thing=f"local stage {name}", hint="Start it with `rowline local up`."
            ) from None
        return cls(name, Home(checkout / ".local", Path(saved.base)), dict(saved.elsewhere))

    @property
    def record(self) -> Path:
        """Folder of stage.json and the logs."""
        return self.home.record / self.name

    def server(self, part: str) -> Server:
        """One of our servers: mariadb, elasticsearch or emulator. Raises ConfigError for what runs
        elsewhere.
        """
        if part not in self.servers:
            raise ConfigError(
                "is no part of the local stage.",
                thing=part,
                hint=f"Parts are {', '.join(self.servers)}.",
            )
        if part in self.elsewhere:
            raise ConfigError(f"runs elsewhere: {VARIABLES[part]} is set.", thing=part)
        return self.servers[part]

    @property
    def source_url(self) -> str:
        """URL of the source with the account that Rowline uses."""
        return self.elsewhere.get("mariadb") or self._database().reader_url

    @property
    def search_url(self) -> str:
        """URL of Elasticsearch."""
        return self.elsewhere.get("elasticsearch") or self.servers["elasticsearch"].url

    def environment(self) -> dict[str, str]:
        """Variables that point the command, the deploy and any AWS client at this stage. Holds a
        password: not for output.
        """
        if "emulator" in self.elsewhere:
            given = aws.client_environment(self.elsewhere["emulator"])
            clients = {name: os.environ.get(name) or value for name, value in given.items()} | {
                "AWS_ENDPOINT_URL": given["AWS_ENDPOINT_URL"]
            }
        else:
            clients = aws.client_environment(self.servers["emulator"].url)
        return {
            **clients,
            "ROWLINE_SOURCE": self.source_url,
            "ROWLINE_ELASTICSEARCH": self.search_url,
        }

    def status(self) -> list[PartStatus]:
        """What runs, in the order of `VARIABLES`."""
        found = []
        for part, server in self.servers.items():
            if part in self.elsewhere:
                found.append(PartStatus(part, "external", external.shown(self.elsewhere[part])))
            elif server.pid is None:
                found.append(PartStatus(part, "stopped", log=str(server.log)))
            else:
                found.append(
                    PartStatus(
                        part, "running", external.shown(server.url), server.pid, str(server.log)
                    )
                )
        return found

    def down(self, purge: bool = False) -> None:
        """Stop what runs; `purge` also removes the data of this stage (the unpacked programs stay
        while another stage may use them).
        """
        with exclusive(_lock_of(self.home, self.name)):
            self._stop()
            if purge:
                shutil.rmtree(self.home.base / self.name, ignore_errors=True)
                shutil.rmtree(self.record, ignore_errors=True)
                _lock_of(self.home, self.name).unlink()
                if self.home.is_elsewhere and not any(self.home.record.glob("*/stage.json")):
                    shutil.rmtree(self.home.base, ignore_errors=True)

    def _stop(self) -> None:
        with ThreadPoolExecutor(len(self.servers)) as pool:
            list(pool.map(Server.stop, self.servers.values()))

    def _database(self) -> Database:
        server = self.servers["mariadb"]
        assert isinstance(server, Database)
        return server

    def _start(self) -> None:
        """Start our servers and look at those elsewhere, all at once; one that fails or Ctrl-C ends
        the start of the others.
        """
        cancel = threading.Event()
        checks = {
            "mariadb": external.check_source,
            "elasticsearch": external.check_search,
            "emulator": external.check_aws,
        }
        with ThreadPoolExecutor(len(self.servers)) as pool:
            try:
                tasks: list[Future[object]] = [
                    pool.submit(checks[part], self.elsewhere[part])
                    if part in self.elsewhere
                    else pool.submit(server.start, cancel)
                    for part, server in self.servers.items()
                ]
                pending = set(tasks)
                # in short turns: a signal that comes just before the main thread falls asleep does
                # not wake it
                while pending:
                    done, pending = wait(pending, timeout=_TURN, return_when=FIRST_EXCEPTION)
                    for task in done:
                        task.result()
            except BaseException:
                cancel.set()  # leaving the pool waits for the others, which look at this
                raise

    def _save(self) -> None:
        ports = {
            part: server.port for part, server in self.servers.items() if part not in self.elsewhere
        }
        saved = _Saved(base=str(self.home.base), ports=ports, elsewhere=self.elsewhere)
        path = self.record / "stage.json"
        with open(
            os.open(path.with_suffix(".new"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb"
        ) as file:
            file.write(msgspec.json.format(msgspec.json.encode(saved)) + b"\n")
        path.with_suffix(".new").rename(path)


class _Saved(msgspec.Struct):
    """stage.json: where the servers' folders are, which ports they took, and what runs
    elsewhere.
    """

    base: str
    ports: dict[str, int]
    elsewhere: dict[str, str]


def up(
    name: str = DEFAULT_NAME,
    *,
    progress: Progress | None = None,
    environ: Mapping[str, str] | None = None,
) -> Stage:
    """Start the stage `name` and put the secrets that a stack needs into its Secrets Manager; quick
    where it runs already.

    A part whose variable (`VARIABLES`) is set in `environ` (default: ours) is not started, only
    asked whether it answers. Raises RowlineError; what was started stays up, so that the next
    attempt is short.
    """
    folders = home()
    checked_name(name)
    (folders.record / name).mkdir(exist_ok=True)
    if folders.is_elsewhere:
        (folders.base / name).mkdir(exist_ok=True)
    with exclusive(_lock_of(folders, name)):
        stage = Stage(name, folders, progress=progress)
        stage.elsewhere = _elsewhere(stage, os.environ if environ is None else environ)
        stage._start()
        stage._save()
        seed.put_secrets(stage.environment(), stage.source_url, stage.search_url)
    return stage


def _elsewhere(stage: Stage, environ: Mapping[str, str]) -> dict[str, str]:
    """Parts that the user points elsewhere. Variables that hold this stage's own addresses, from
    `environment()`, do not count.
    """
    try:
        own = Stage.load(stage.name).environment()
    except RowlineError:
        own = {}
    given = {part: environ.get(variable, "") for part, variable in VARIABLES.items()}
    return {part: url for part, url in given.items() if url and url != own.get(VARIABLES[part])}


def _lock_of(folders: Home, name: str) -> Path:
    return folders.record / f"{name}.lock"
