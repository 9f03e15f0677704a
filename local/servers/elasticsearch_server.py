"""A real Elasticsearch: the distribution for integration tests, from Maven."""

import base64
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from local.install.maven import Artifact
from local.servers import certificate
from local.servers.local_server import HOST
from local.servers.search_server import QUICK, SearchServer
from shared.values.errors import RowlineError

VERSION = "8.19.21"
_USER = "elastic"


class ElasticsearchServer(SearchServer):
    """One node.

    secured: With TLS, a certificate of its own authority, and a login (user `elastic`).

    This distribution lacks the module analysis-common, without which Elasticsearch cannot make the
    index that holds API keys.
    """

    kind = "elasticsearch"
    artifact = Artifact(
        name="elasticsearch",
        version=VERSION,
        coordinate=f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip",
        sha256="215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a",
        megabytes=107,
        below=f"elasticsearch-{VERSION}/",
    )

    def __init__(self, folder: Path, *, secured: bool = False, **options: Any) -> None:
        super().__init__(folder, **options)
        self.secured = secured

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

    def _login(self) -> dict[str, str]:
        if not self.secured:
            return {}
        login = base64.b64encode(f"{_USER}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}

    def _handlers(self) -> list[urllib.request.BaseHandler]:
        if not self.secured:
            return []
        context = ssl.create_default_context(cadata=self.ca_certificate)
        return [urllib.request.HTTPSHandler(context=context)]

    def _prepare(self) -> None:
        super()._prepare()
        if self.secured:
            self._set_password()

    def _configure(self, config: Path, settings: dict[str, Any]) -> dict[str, Any]:
        settings["xpack.security.enabled"] = self.secured
        if self.secured:
            certificate.place(HOST, self.folder, config)
            settings["xpack.security.http.ssl.enabled"] = True
            settings["xpack.security.http.ssl.certificate"] = "server.pem"
            settings["xpack.security.http.ssl.key"] = "server.key"
        return settings

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
            "ES_JAVA_OPTS": f"-Xms512m -Xmx1g {QUICK}",
            # The launcher beside the server lives for a second's work: compile as little as
            # possible. It leaves a folder `final-flags…` in its temporary folder.
            "CLI_JAVA_OPTS": f"{QUICK} -Djava.io.tmpdir={self._files / 'tmp'}",
            "HOME": str(self._files),
        }
