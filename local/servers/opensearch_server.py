"""A real OpenSearch: the distribution for integration tests, from Maven."""

import json
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from local.install.java import java_home
from local.install.maven import Artifact
from local.servers.local_server import HOST, LocalServer

VERSION = "2.19.6"
_ARTIFACT = Artifact(
    name="opensearch",
    version=VERSION,
    coordinate=f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip",
    sha256="71d6d8b1c637f3faecda0752b184b1cc526fc6eaad59ec1408c6327bb00b9293",
    megabytes=54,
    below=f"opensearch-{VERSION}/",
)
_OLDEST_JAVA = 17


class OpenSearchServer(LocalServer):
    """One node, without TLS and logins: the plugin for security is no part of this distribution."""

    kind = "opensearch"
    start_timeout = 120.0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer to one call of the REST API. Raises urllib.error.URLError."""
        request = urllib.request.Request(  # noqa: S310
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        # No proxy of the environment may come between: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        try:
            path = "/_cluster/health?wait_for_status=yellow&timeout=5s"
            return self.request("GET", path)["status"] in ("yellow", "green")
        except (urllib.error.URLError, OSError, ValueError):
            return False

    def _prepare(self) -> None:
        self._java_home = java_home(_OLDEST_JAVA)
        self._program = _ARTIFACT.unpacked(self.dist, _make_plugins, self._announce)
        for name in ("config", "tmp"):
            shutil.rmtree(self.folder / "files" / name, ignore_errors=True)
        (self.folder / "files/tmp").mkdir(parents=True)
        shutil.copytree(self._program / "config", self.folder / "files/config")
        # Its own options write log files into the folder of the program.
        (self.folder / "files/config/jvm.options").write_text(
            "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
            "org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory\n"
            "18-:-Djava.security.manager=allow\n"
        )
        settings = {
            "cluster.name": "rowline",
            "node.name": "local",
            "path.data": str(self.folder / "files/data"),
            "path.logs": str(self.folder / "files/log"),
            "http.host": HOST,
            "http.port": self.port,
            "transport.host": HOST,
            "transport.port": 0,
            "discovery.type": "single-node",
            # A full disk of the developer's machine is no reason to make indices read-only.
            "cluster.routing.allocation.disk.threshold_enabled": False,
        }
        # YAML takes JSON for its values.
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        (self.folder / "files/config/opensearch.yml").write_text(text)
        self.account.own(self.folder / "files")

    def _environment(self) -> dict[str, str]:
        return {
            "OPENSEARCH_JAVA_HOME": str(self._java_home),
            "OPENSEARCH_PATH_CONF": str(self.folder / "files/config"),
            "OPENSEARCH_TMPDIR": str(self.folder / "files/tmp"),
            "OPENSEARCH_JAVA_OPTS": "-Xms512m -Xmx512m -XX:TieredStopAtLevel=1",
            "HOME": str(self.folder / "files"),
        }

    def _command(self) -> list[str]:
        return [str(self._program / "bin/opensearch")]


def _make_plugins(folder: Path) -> None:
    (folder / "plugins").mkdir(exist_ok=True)  # the server wants the folder, though empty
