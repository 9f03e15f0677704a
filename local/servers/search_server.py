"""What an Elasticsearch and an OpenSearch have in common as a server of the local stage."""

import json
import shutil
import urllib.error
import urllib.request
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from local.install.java import java_home
from local.install.maven import Artifact
from local.servers.local_server import HOST, LocalServer

_OLDEST_JAVA = 17

QUICK = (
    # The quick compiler alone: on two cores a server starts in half the time and indexes faster for
    # the first minutes.
    "-XX:TieredStopAtLevel=1"
    # The distribution is the one of its checksum. To verify each class again is a fifth of a start.
    " -XX:+IgnoreUnrecognizedVMOptions -XX:+UnlockDiagnosticVMOptions"
    " -XX:-BytecodeVerificationRemote -XX:-UsePerfData"
    # The collector without threads of its own takes a tenth less for a start and a small load.
    " -XX:-UseG1GC -XX:+UseSerialGC"
)
"""Options of Java for a server that lives for minutes; a Java that lacks one ignores it."""


class SearchServer(LocalServer):
    """One node, in the folder `files` of its own folder.

    artifact: the distribution for integration tests. options: as for every `LocalServer`.
    """

    start_timeout = 120.0
    artifact: ClassVar[Artifact]

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self._files = folder / "files"

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; credentials are apart."""
        return f"http://{HOST}:{self.port}"

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer to one call of the REST API as administrator.

        Raises urllib.error.URLError.
        """
        request = urllib.request.Request(  # noqa: S310
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Content-Type", "application/json")
        for name, value in self._login().items():
            request.add_header(name, value)
        # No proxy of the environment may come between: the server is on this machine.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *self._handlers())
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        path = "/_cluster/health?wait_for_status=yellow&timeout=5s"
        try:
            return self.request("GET", path)["status"] in ("yellow", "green")
        except (urllib.error.URLError, OSError, ValueError):
            return False

    @abstractmethod
    def _configure(self, config: Path, settings: dict[str, Any]) -> dict[str, Any]:
        """The settings of the node, by those that both products have; `config` is their folder."""

    def _met_a_leftover(self) -> bool:
        # Elasticsearch attaches an agent to itself through /tmp/.java_pid<id>. A Java process that
        # was killed leaves this file, and one of another user is refused.
        return "VirtualMachineImpl.checkPermissions" in self._last_lines()

    def _login(self) -> dict[str, str]:
        return {}

    def _handlers(self) -> list[urllib.request.BaseHandler]:
        return []

    def _prepare(self) -> None:
        self._java_home = java_home(_OLDEST_JAVA)
        self._program = self.artifact.unpacked(self.dist, _make_plugins, self._announce)
        for name in ("config", "tmp"):
            shutil.rmtree(self._files / name, ignore_errors=True)
        (self._files / "tmp").mkdir(parents=True)
        config = self._files / "config"
        shutil.copytree(self._program / "config", config)
        settings = self._configure(
            config,
            {
                "cluster.name": "rowline",
                "node.name": "local",
                "path.data": str(self._files / "data"),
                "path.logs": str(self._files / "log"),
                "http.host": HOST,
                "http.port": self.port,
                "transport.host": HOST,
                "transport.port": 0,
                "discovery.type": "single-node",
                # A full disk of the developer's machine is no reason to make indices read-only.
                "cluster.routing.allocation.disk.threshold_enabled": False,
            },
        )
        # YAML takes JSON for its values.
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
        (config / f"{self.kind}.yml").write_text(text)
        self.account.own(self._files)

    def _command(self) -> list[str]:
        return [str(self._program / "bin" / self.kind)]


def _make_plugins(folder: Path) -> None:
    (folder / "plugins").mkdir(exist_ok=True)  # the server wants the folder, though empty
