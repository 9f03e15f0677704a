"""One server of the local stage: its folder, its record, and start, health check, stop."""

import os
import secrets
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

import msgspec

from local import ports, process
from local.account import Account
from local.distribution import Progress
from local.process import Identity
from shared.values.errors import RowlineError

HOST = "127.0.0.1"
_LOOK = 0.1  # seconds between health checks of a server that starts
_LOG_LINES = 8  # of a dead server, shown in the error


class Record(msgspec.Struct, frozen=True):
    """What outlives the command: kept in `server.json` of the server's folder, readable by its
    owner only.
    """

    port: int
    password: str
    process: Identity | None = None


class Interrupted(RowlineError):
    """Somebody stopped the start of the servers."""

    exit_code = 130


class Server(ABC):
    """A server in `folder`, on one port of 127.0.0.1 that it keeps, with a password made for it.

    `folder` must be reachable for the account (as root: for others). Its data survive `stop`;
    nothing else is shared with other servers.
    """

    kind: ClassVar[str]
    start_timeout: ClassVar[float] = 90.0
    stop_timeout: ClassVar[float] = 30.0
    host = HOST

    def __init__(
        self,
        folder: Path,
        *,
        account: Account,
        log: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.folder, self.account = folder, account
        self.log = log or folder / "server.log"
        self._progress = progress

    # What a kind of server says about itself.
    @abstractmethod
    def _prepare(self) -> None:
        """Install the program and make the data folder; quick and harmless where that is done
        already.
        """

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether the server answers; never raises."""

    @property
    @abstractmethod
    def url(self) -> str:
        """Where and how to log in as its administrator."""

    def _environment(self) -> dict[str, str]:
        return {}

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
        return identity.pid if identity and process.is_alive(identity) else None

    def start(self, cancel: threading.Event | None = None) -> Self:
        """Start the server unless it runs, and wait until it answers.

        Raises RowlineError with the last lines of its log if it ends or does not answer in
        `start_timeout` seconds, Interrupted when `cancel` is set meanwhile; then it does not run.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.pid is not None and self.is_ready():
            return self
        began = time.monotonic()
        self.kill()
        self._choose_port()
        self._prepare()
        self._say("starting")
        for _ in range(
            3
        ):  # the chosen port may be taken between the choice and the server's own attempt
            if self._run(cancel):
                self._say(f"ready on {HOST}:{self.port} after {time.monotonic() - began:.1f} s")
                return self
            self._choose_port()
        raise RowlineError(
            "finds its port taken each time.", thing=self.kind, hint=f"See {self.log}."
        )

    def stop(self) -> None:
        """Shut the server down in order; kills it if that takes longer than `stop_timeout` seconds.
        Its data stay.
        """
        record = self._read()
        if record and record.process:
            process.stop(record.process, self.stop_timeout)
            self._write(msgspec.structs.replace(record, process=None))

    def kill(self) -> None:
        """kill -9: what a crash does to it. Its data stay as they are."""
        record = self._read()
        if record and record.process:
            process.kill(record.process)
            self._write(msgspec.structs.replace(record, process=None))

    def _run(self, cancel: threading.Event | None) -> bool:
        """Start the process and wait; False if it ended because another process holds its port."""
        identity = process.spawn(
            self._command(),
            log=self.log,
            env=self._clean_environment(),
            cwd=self.folder,
            account=self.account,
        )
        self._write(msgspec.structs.replace(self._state, process=identity))
        deadline = time.monotonic() + self.start_timeout
        while not self.is_ready():
            if self.pid is None:
                if not ports.is_free(self.port):
                    return False
                raise RowlineError(
                    f"ended while it started. Its last lines: {self._last_lines()}",
                    thing=self.kind,
                    hint=f"All of it: {self.log}",
                )
            if time.monotonic() > deadline or (cancel is not None and cancel.is_set()):
                self.kill()
                if cancel is not None and cancel.is_set():
                    raise Interrupted("was interrupted while it started.", thing=self.kind)
                raise RowlineError(
                    f"did not answer within {self.start_timeout:.0f} s. Its last lines: "
                    f"{self._last_lines()}",
                    thing=self.kind,
                    hint=f"All of it: {self.log}",
                )
            time.sleep(_LOOK)
        if (
            cancel is not None and cancel.is_set()
        ):  # it came while the server was asked for the last time
            self.kill()
            raise Interrupted("was interrupted while it started.", thing=self.kind)
        return True

    def _clean_environment(self) -> dict[str, str]:
        # Nothing of ours beyond what programs need to run: AWS_*, ROWLINE_* and PYTHON* would leak
        # into servers and functions.
        kept = {
            name: os.environ[name]
            for name in ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE")
            if name in os.environ
        }
        return {**kept, **self._environment()}

    def _choose_port(self) -> None:
        record = self._read()
        port = ports.choose(str(self.folder), record.port if record else None)
        self._write(
            Record(port=port, password=record.password if record else secrets.token_hex(12))
        )

    @property
    def _state(self) -> Record:
        record = self._read()
        if record is None:
            raise RowlineError("has never been started.", thing=f"{self.kind} in {self.folder}")
        return record

    def _read(self) -> Record | None:
        # Read each time: another process may have started, stopped or moved the server since.
        try:
            return msgspec.json.decode((self.folder / "server.json").read_bytes(), type=Record)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def _write(self, record: Record) -> None:
        path = self.folder / f"server.json.{os.getpid()}.{threading.get_ident()}"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(record))
        path.rename(self.folder / "server.json")

    def _last_lines(self) -> str:
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "(no log)"
        return (
            " | ".join(line.strip() for line in lines if line.strip())
            if len(lines) <= _LOG_LINES
            else " | ".join(lines[-_LOG_LINES:])
        )

    def _say(self, text: str) -> None:
        if self._progress:
            self._progress(f"{self.kind}: {text}")
