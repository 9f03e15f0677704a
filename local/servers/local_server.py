"""One server of the local stage: its folder, its record, and start, health check, stop."""

import os
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Self

import msgspec

from local.home import home
from local.install.distribution import Announce
from local.servers import ports, server_process
from local.servers.server_account import ServerAccount, server_account
from local.servers.server_process import ProcessIdentity
from shared.values.errors import RowlineError

HOST = "127.0.0.1"
_LOOK = 0.1  # seconds between health checks of a server that starts
_STARTS = 3  # another program may take the chosen port before the server does
_LOG_LINES = 8  # of a dead server, shown in the error


class ServerRecord(msgspec.Struct, frozen=True):
    """What outlives the command: `server.json` of the server's folder, closed to other users.

    port: The port that the server keeps.
    password: Of its administrator, made for this server.
    process: The process that was started last, None after a stop.
    """

    port: int
    password: str
    process: ProcessIdentity | None = None


class Interrupted(RowlineError):
    """Somebody stopped the start of the servers."""

    exit_code = 130


class LocalServer(ABC):
    """A server with one port of 127.0.0.1, which it keeps, and a password made for it.

    folder: Its own folder, reachable for the account. Its data survive `stop`; nothing else is
        shared with other servers.
    account: The user that it runs as; not root where the program refuses that.
    dist: The folder of the unpacked programs.
    log: Its log, `server.log` of the folder if not given.
    announce: Called with a line when something takes time.
    """

    kind: ClassVar[str]
    start_timeout: ClassVar[float] = 90.0
    stop_timeout: ClassVar[float] = 30.0
    host = HOST

    def __init__(
        self,
        folder: Path,
        *,
        account: ServerAccount | None = None,
        dist: Path | None = None,
        log: Path | None = None,
        announce: Announce | None = None,
    ) -> None:
        self.folder = folder
        self.account = account or server_account()
        self.dist = dist or home().dist
        self.log = log or folder / "server.log"
        self._announce = announce

    # What a kind of server says about itself.
    @abstractmethod
    def _prepare(self) -> None:
        """Install the program and make the data folder; quick where both exist."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server answers; never raises."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where it is and how its administrator logs in."""

    def _environment(self) -> dict[str, str]:
        return {}

    def _met_a_leftover(self) -> bool:
        """Whether it ended because of what an earlier process of the same id has left."""
        return False

    # What all have in common.
    @property
    def port(self) -> int:
        return self._state.port

    @property
    def password(self) -> str:
        return self._state.password

    @property
    def pid(self) -> int | None:
        """Process id while the server runs."""
        record = self._read()
        identity = record.process if record else None
        return identity.pid if identity and server_process.is_alive(identity) else None

    def start(self, cancel: threading.Event | None = None) -> Self:
        """Start the server unless it runs, and wait until it answers.

        Raises RowlineError with the last lines of its log if it ends or does not answer in
        `start_timeout` seconds, Interrupted if `cancel` is set meanwhile. Then it does not run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.pid is not None and self.is_ready():
            return self
        began = time.monotonic()
        self.kill()
        self._choose_port()
        self._prepare()
        self._say("starting")
        for _ in range(_STARTS):
            if self._run(cancel):
                self._say(f"ready on {HOST}:{self.port} after {time.monotonic() - began:.1f} s")
                return self
            self._choose_port()
        raise RowlineError(
            "ended at each start; its port was taken, or a leftover was in the way.",
            thing=self.kind,
            hint=f"See {self.log}.",
        )

    def stop(self) -> None:
        """Shut the server down in order, or kill it after `stop_timeout` seconds; its data stay."""
        self._end(lambda process: server_process.stop(process, self.stop_timeout))

    def kill(self) -> None:
        """Kill the server as a crash does; its data stay as they are."""
        self._end(server_process.kill)

    def _end(self, how: Callable[[ProcessIdentity], None]) -> None:
        record = self._read()
        if record and record.process:
            how(record.process)
            self._write(msgspec.structs.replace(record, process=None))

    def _run(self, cancel: threading.Event | None) -> bool:
        """Start the process and wait; False if it ended for a reason that another start avoids."""
        identity = server_process.spawn(
            self._command(),
            log=self.log,
            env=self._clean_environment(),
            cwd=self.folder,
            account=self.account,
        )
        self._write(msgspec.structs.replace(self._state, process=identity))
        deadline = time.monotonic() + self.start_timeout
        while not self.is_ready():
            self._check_cancelled(cancel)
            if self.pid is None:
                if not ports.is_free(self.port) or self._met_a_leftover():
                    return False
                raise self._failed("ended while it started.")
            if time.monotonic() > deadline:
                self.kill()
                raise self._failed(f"did not answer within {self.start_timeout:.0f} s.")
            time.sleep(_LOOK)
        self._check_cancelled(cancel)
        return True

    def _check_cancelled(self, cancel: threading.Event | None) -> None:
        if cancel is not None and cancel.is_set():
            self.kill()
            raise Interrupted("was interrupted while it started.", thing=self.kind)

    def _failed(self, how: str) -> RowlineError:
        return RowlineError(
            f"{how} Its last lines: {self._last_lines()}",
            thing=self.kind,
            hint=f"All of it: {self.log}",
        )

    def _clean_environment(self) -> dict[str, str]:
        # Only what programs need to run: AWS_*, ROWLINE_* and PYTHON* would leak into servers and
        # functions.
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")
            if name in os.environ
        }
        return {**kept, **self._environment()}

    def _choose_port(self) -> None:
        record = self._read()
        port = ports.choose(str(self.folder), record.port if record else None)
        password = record.password if record else secrets.token_hex(12)
        self._write(ServerRecord(port=port, password=password))

    @property
    def _state(self) -> ServerRecord:
        record = self._read()
        if record is None:
            raise RowlineError("has never been started.", thing=f"{self.kind} in {self.folder}")
        return record

    def _read(self) -> ServerRecord | None:
        # Read each time: another process may have started, stopped or moved the server since.
        try:
            content = (self.folder / "server.json").read_bytes()
            return msgspec.json.decode(content, type=ServerRecord)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _write(self, record: ServerRecord) -> None:
        path = self.folder / f"server.json.{os.getpid()}.{threading.get_ident()}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(record))
        path.rename(self.folder / "server.json")

    def _last_lines(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return " | ".join([line.strip() for line in lines if line.strip()][-_LOG_LINES:])

    def _say(self, text: str) -> None:
        if self._announce:
            self._announce(f"{self.kind}: {text}")
