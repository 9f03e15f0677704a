"""A real Elasticsearch: the distribution for integration tests, from Maven."""

import base64
import json
import shutil
import ssl
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.install.java import java_home
from local.install.maven import Artifact
from local.servers import certificate
from local.servers.local_server import HOST, LocalServer
from shared.values.errors import RowlineError

VERSION = "8.19.21"
_ARTIFACT = Artifact(
    name="elasticsearch",
    version=VERSION,
    coordinate=f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip",
    sha256="215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a",
    megabytes=107,
    below=f"elasticsearch-{VERSION}/",
)
_OLDEST_JAVA = 17
_USER = "elastic"


class ElasticsearchServer(LocalServer):
    """One node.

    secured: With TLS, a certificate of its own authority, and a login (user `elastic`).
    options: As for every `LocalServer`.

    This distribution lacks the module analysis-common, without which Elasticsearch cannot make the
    index that holds API keys.
    """

    kind = "elasticsearch"
    start_timeout = 120.0

    def __init__(self, folder: Path, *, secured: bool = False, **options: Any) -> None:
        super().__init__(folder, **options)
        self.secured = secured
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
        """The decoded answer to one call of the REST API as administrator.

        Raises urllib.error.URLError.
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
        self._java_home = java_home(_OLDEST_JAVA)
        self._program = _ARTIFACT.unpacked(self.dist, _make_plugins, self._announce)
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
            # possible. It leaves a folder `final-flags…` in its temporary folder.
            "CLI_JAVA_OPTS": f"-XX:TieredStopAtLevel=1 -Djava.io.tmpdir={self._files / 'tmp'}",
            "HOME": str(self._files),
        }

    def _command(self) -> list[str]:
        return [str(self._program / "bin/elasticsearch")]


def _make_plugins(folder: Path) -> None:
    (folder / "plugins").mkdir(exist_ok=True)  # the server wants the folder, though empty
