"""A real MySQL, for the tests of its dialect.

It has GTID sets, `caching_sha2_password`, binary JSON and compressed transactions.
"""

import sys
from pathlib import Path

from local.install import debian
from local.install.distribution import Announce, install
from local.servers.database_server import DatabaseServer
from shared.values.errors import RowlineError

# The only Debian release that has MySQL. It moves on, so the version that came is kept beside the
# program and shown.
_RELEASE, _PACKAGE = "sid", "mysql-server-core"


class MySQL(DatabaseServer):
    """MySQL with GTIDs and a row-based binlog with full metadata, on small buffers.

    It makes its own TLS certificate.
    """

    kind = "mysql"

    @property
    def ca_certificate(self) -> str:
        """PEM text of the authority that signed the server's certificate.

        The certificate's name is MySQL's own, not the host's.
        """
        return (self._files / "data/ca.pem").read_text()

    def _prepare(self) -> None:
        self._program = distribution(self.dist, self._announce)
        self.account.own(self._files)
        # MySQL takes this setting for good when it makes its data folder.
        lasting = [each for each in self.extra_args if each.startswith("--lower-case-table-names")]
        version = (self._program / "VERSION").read_text().strip()
        name = "".join(("mysql-data-", version, *lasting)).replace("=", "-")
        self._initialise(
            self._files / "data",
            name,
            lambda data: [
                *self._mysqld(data),
                "--initialize-insecure",
                "--innodb-redo-log-capacity=32M",
                *lasting,
            ],
        )
        self._accounts()
        self.account.own(self._files)

    def _not_copied(self, data: Path) -> list[Path]:
        """The files that name a server among replicas, and its keys."""
        return [data / "auto.cnf", *data.glob("*.pem")]

    def _mysqld(self, data: Path) -> list[str]:
        usr = self._program / "usr"
        return [
            *debian.command(self._program, "usr/sbin/mysqld"),
            "--no-defaults",
            f"--basedir={usr}",
            f"--datadir={data}",
            f"--lc-messages-dir={usr / 'share/mysql'}",
            f"--character-sets-dir={usr / 'share/mysql/charsets'}",
            f"--plugin-dir={usr / 'lib/mysql/plugin'}",
            "--secure-file-priv=NULL",
        ]

    def _environment(self) -> dict[str, str]:
        return {"HOME": str(self._files), "TMPDIR": str(self._files)}

    def _command(self) -> list[str]:
        return [
            *self._mysqld(self._files / "data"),
            f"--init-file={self._files / 'accounts.sql'}",
            "--socket=mysqld.sock",
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            "--mysqlx=OFF",
            "--skip-name-resolve",
            "--server-id=1",
            "--log-bin=bin",
            "--binlog-row-metadata=FULL",
            "--gtid-mode=ON",
            "--enforce-gtid-consistency=ON",
            "--max-allowed-packet=1G",
            "--innodb-buffer-pool-size=128M",
            "--innodb-redo-log-capacity=32M",
            "--performance-schema=OFF",
            # As for MariaDB: a killed server loses nothing, only a power cut could.
            "--innodb-flush-log-at-trx-commit=2",
            "--sync-binlog=0",
            *self.extra_args,
        ]


def distribution(dist: Path, announce: Announce | None = None) -> Path:
    """The folder of the unpacked server with its libraries, fetched the first time (60 MB).

    Raises RowlineError if there is none for this machine.
    """
    if sys.platform != "linux":
        raise RowlineError(
            "is unpacked from Debian packages, on Linux only.",
            thing="MySQL for the tests",
            hint="Set ROWLINE_TEST_MYSQL.",
        )

    def fill(folder: Path) -> None:
        if announce:
            announce(f"mysql: fetching {_PACKAGE} of Debian {_RELEASE} (60 MB)")
        version = debian.unpack(_PACKAGE, _RELEASE, folder)
        (folder / "VERSION").write_text(version)

    place = install(dist, "mysql", fill)
    if announce:
        announce(f"mysql: version {(place / 'VERSION').read_text()}")
    return place
