"""A real Elasticsearch: the distribution that its project packs for integration tests, from
Maven.
"""

import base64
import json
import re
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local import certificate, maven
from local.account import Account, server_account
from local.distribution import Progress, install, unzip
from local.home import home
from local.lock import exclusive
from local.server import HOST, Server
from shared.values.errors import RowlineError

VERSION = "8.19.21"
COORDINATE = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
_SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
_JAVA = 17  # the oldest that Elasticsearch 8 runs on
_USER = "elastic"


class Elasticsearch(Server):
    """One node. `secured`: TLS with a certificate of its own authority, and a login (user
    `elastic`).

    This distribution lacks the module analysis-common, without which Elasticsearch cannot make the
    index that holds API keys.
    """

    kind = "elasticsearch"
    start_timeout = 120.0

    def __init__(
        self,
        folder: Path,
        *,
        account: Account,
        dist: Path,
        secured: bool = False,
        log: Path | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(folder, account=account, log=log, progress=progress)
        self.secured, self._dist = secured, dist
        self._files = folder / "files"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, or https when secured; credentials are apart."""
        return f"{'https' if self.secured else 'http'}://{HOST}:{self.port}"

    @property
    def user(self) -> str:
        return _USER

    @property
    def ca_certificate(self) -> str:
        """PEM text of the authority that signed the certificate of a secured server."""
        return (self.folder / "ca.pem").read_text()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the REST API as administrator; the decoded answer. Raises
        urllib.error.URLError.
        """
        request = urllib.request.Request(  # noqa: S310
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        if self.secured:
            request.add_header(
                "Authorization",
                "Basic " + base64.b64encode(f"{_USER}:{self.password}".encode()).decode(),
            )
        context = ssl.create_default_context(cadata=self.ca_certificate) if self.secured else None
        # No proxy of the environment may come between: the server is on this machine.
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        try:
            return self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s")[
                "status"
            ] in ("yellow", "green")
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def _prepare(self) -> None:
        self._java_home = java_home()
        self._program = distribution(self._dist, self._progress)
        for name in ("config", "tmp"):
            shutil.rmtree(self._files / name, ignore_errors=True)
        (self._files / "tmp").mkdir(parents=True)
        shutil.copytree(self._program / "config", self._files / "config")
        settings = self._settings()
        if self.secured:
            settings |= self._secure()
        # YAML takes JSON for its values.
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        (self._files / "config/elasticsearch.yml").write_text(text)
        self.account.own(self._files)
        if self.secured:
            self._set_password()

    def _settings(self) -> dict[str, Any]:
        return {
            "cluster.name": "rowline",
            "node.name": "local",
            "path.data": str(self._files / "data"),
            "path.logs": str(self._files / "log"),
            "http.host": HOST,
            "http.port": self.port,
            "transport.host": HOST,
            "transport.port": 0,
            "discovery.type": "single-node",
            "xpack.security.enabled": self.secured,
            # A full disk of the developer's machine is no reason to make indices read-only.
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }

    def _secure(self) -> dict[str, Any]:
        certificate.place(HOST, self.folder, self._files / "config")
        return {
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.certificate": "server.pem",
            "xpack.security.http.ssl.key": "server.key",
        }

    def _set_password(self) -> None:
        for arguments, given in (("create", ""), ("add -x bootstrap.password", self.password)):
            done = subprocess.run(
                [str(self._program / "bin/elasticsearch-keystore"), *arguments.split()],
                input=given,
                cwd=self._files,
                env=self._clean_environment(),
                capture_output=True,
                text=True,
                check=False,
                **self.account.popen_options(),
            )
            if done.returncode:
                raise RowlineError(
                    f"could not set its password: {done.stderr.strip() or done.stdout.strip()}",
                    thing=self.kind,
                )

    def _environment(self) -> dict[str, str]:
        return {
            "ES_JAVA_HOME": str(self._java_home),
            "ES_PATH_CONF": str(self._files / "config"),
            "ES_TMPDIR": str(self._files / "tmp"),
            # The quick compiler alone: on two cores the server starts in half the time and indexes
            # faster for the first minutes.
            "ES_JAVA_OPTS": "-Xms512m -Xmx1g -XX:TieredStopAtLevel=1",
            # The launcher beside the server lives for a second's work: compile as little as
            # possible.
            "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
            "HOME": str(self._files),
        }

    def _command(self) -> list[str]:
        return [str(self._program / "bin/elasticsearch")]


def distribution(dist: Path, progress: Progress | None = None) -> Path:
    """The unpacked server, fetched the first time (107 MB)."""

    def fill(folder: Path) -> None:
        if progress:
            progress(f"elasticsearch: fetching {VERSION} (107 MB)")
        with exclusive(dist / "maven.lock"):
            archive = maven.fetch(COORDINATE, _SHA256, folder)
        if progress:
            progress("elasticsearch: unpacking")
        unzip(archive, folder, below=f"elasticsearch-{VERSION}/")
        archive.unlink()
        (folder / "plugins").mkdir(exist_ok=True)

    return install(dist, f"elasticsearch-{VERSION}", fill)


def java_home() -> Path:
    """The folder of a JDK 17 or newer: `JAVA_HOME`, or where `java` says it lives. Raises
    RowlineError.
    """
    hint = (
        "Install a JDK 17 or newer: apt install openjdk-17-jdk-headless, or brew install "
        "openjdk@17."
    )
    if not shutil.which("java"):
        raise RowlineError("is not installed.", thing="Java (java)", hint=hint)
    said = subprocess.run(
        ["java", "-XshowSettings:properties", "-version"],
        capture_output=True,
        text=True,
        check=False,
    ).stderr
    place, version = (
        re.search(r"java\.home = (.+)", said),
        re.search(r"java\.specification\.version = (\S+)", said),
    )
    if not place or not version:
        raise RowlineError("does not say where it is.", thing="Java (java)", hint=hint)
    if float(version[1]) < _JAVA:
        raise RowlineError(
            f"is version {version[1]}; Elasticsearch needs {_JAVA}.", thing="Java (java)", hint=hint
        )
    return Path(place[1].strip())


def start(
    folder: Path, *, secured: bool = False, progress: Progress | None = None
) -> Elasticsearch:
    """Start one Elasticsearch in `folder`; `secured` with TLS and a login."""
    server = Elasticsearch(
        folder, account=server_account(), dist=home().dist, secured=secured, progress=progress
    )
    return server.start()
