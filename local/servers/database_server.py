"""What MariaDB and MySQL have in common: accounts, connections, and a URL for each account."""

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection

from local.install.distribution import install
from local.servers.local_server import HOST, LocalServer
from shared.values.errors import RowlineError

ADMIN, READER = "root", "rowline"
# What the relay and the backfill need, no more: a read of the binlog, its positions, and the rows
# themselves. MariaDB calls REPLICATION CLIENT by the name BINLOG MONITOR since 10.5 and takes both.
READER_GRANTS = "SELECT, REPLICATION SLAVE, REPLICATION CLIENT"

# For the administrator's connections. PyMySQL would make a context for each, and read the machine's
# authorities into it though it verifies nothing: 20 milliseconds.
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_TLS.check_hostname = False
_TLS.verify_mode = ssl.CERT_NONE


class DatabaseServer(LocalServer):
    """A server of the MySQL dialect.

    extra_args: Arguments behind the server's own flags, so these win, such as `--skip-log-bin`.
    options: As for every `LocalServer`.
    """

    start_timeout = 60.0

    def __init__(self, folder: Path, *, extra_args: tuple[str, ...] = (), **options: Any) -> None:
        super().__init__(folder, **options)
        self.extra_args = extra_args
        self._files = folder / "files"  # all that belongs to the server's account

    @property
    def user(self) -> str:
        return ADMIN

    @property
    def url(self) -> str:
        """`mysql://root:…@127.0.0.1:PORT`: every right."""
        return f"mysql://{ADMIN}:{self.password}@{HOST}:{self.port}"

    @property
    def reader_url(self) -> str:
        """`mysql://rowline:…@127.0.0.1:PORT`: Rowline's account, with `READER_GRANTS` alone."""
        return f"mysql://{READER}:{self.password}@{HOST}:{self.port}"

    def connect(self, database: str | None = None, **options: Any) -> "Connection[Any]":
        """A PyMySQL connection as administrator with autocommit.

        options: For `pymysql.connect`.
        """
        defaults: dict[str, Any] = {
            "user": ADMIN,
            "password": self.password,
            "autocommit": True,
            "charset": "utf8mb4",
            "connect_timeout": 5,
            "ssl": _TLS,
        }
        return pymysql.connect(
            host=HOST, port=self.port, database=database, **{**defaults, **options}
        )

    @property
    def ca_certificate(self) -> str:
        """PEM text of the authority that signed the server's certificate."""
        return (self.folder / "ca.pem").read_text()

    def is_ready(self) -> bool:
        try:
            self.connect().close()
        except (pymysql.MySQLError, OSError):
            return False
        return True

    def restart(self, *extra_args: str) -> None:
        """Stop and start again, with other extra arguments if any are given."""
        self.stop()
        if extra_args:
            self.extra_args = extra_args
        self.start()

    def _accounts(self) -> Path:
        """Write the statements that the server runs at each start before it takes connections.

        So nobody ever finds an open account.
        """
        path = self._files / "accounts.sql"
        names = [(ADMIN, "localhost"), (ADMIN, HOST), (READER, HOST)]
        lines = [self._unlogged]
        for user, host in names:
            lines.append(
                f"CREATE USER IF NOT EXISTS '{user}'@'{host}' IDENTIFIED BY '{self.password}'"
            )
            lines.append(f"ALTER USER '{user}'@'{host}' IDENTIFIED BY '{self.password}'")
            rights = "ALL PRIVILEGES" if user == ADMIN else READER_GRANTS
            lines.append(
                f"GRANT {rights} ON *.* TO "
                f"'{user}'@'{host}'{' WITH GRANT OPTION' if user == ADMIN else ''}"
            )
        path.write_text("".join(f"{line};\n" for line in lines))
        path.chmod(0o600)
        return path

    # Accounts are this server's own: in its binlog they would be the first thing that a test or a
    # replica reads.
    _unlogged = "SET SESSION sql_log_bin = 0"

    def _initialise(self, data: Path, name: str, command: Callable[[Path], list[str]]) -> None:
        """Make the data folder the first time, as a copy of one that is made once for a checkout.

        data: The folder. One that an interrupted run left half made is made again.
        name: The name of the original among the unpacked programs.
        command: The command that fills the folder which it is given.
        """
        if data.exists():
            return
        original = install(self.dist, name, lambda folder: self._fill(folder, command))
        half = data.with_name(data.name + f".half-{time.time_ns()}")
        for left in data.parent.glob(f"{data.name}.half-*"):
            shutil.rmtree(left)
        # Most of its bytes are zeros that no disk has to hold.
        subprocess.run(["cp", "-r", "--sparse=always", original / "data", half], check=True)
        for parent, _, files in os.walk(half):
            os.chmod(parent, 0o700)
            for file in files:
                os.chmod(os.path.join(parent, file), 0o600)
        self.account.own(half)
        half.rename(data)

    def _fill(self, folder: Path, command: Callable[[Path], list[str]]) -> None:
        self._say("making a data folder")
        folder.chmod(0o755)
        made = folder / "made"  # the account's own, and made by the command
        self.account.own(made)
        done = subprocess.run(
            command(made / "data"),
            cwd=self._files,
            env=self._clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            **self.account.popen_options(),
        )
        if done.returncode:
            raise RowlineError(
                "could not make its data folder: "
                f"{' | '.join((done.stdout + done.stderr).splitlines()[-8:])}",
                thing=self.kind,
            )
        (made / "data").rename(folder / "data")
        for own in self._not_copied(folder / "data"):
            own.unlink()

    def _not_copied(self, data: Path) -> Iterable[Path]:
        """Files that two servers must not have in common; a server without them makes its own."""
        return ()
