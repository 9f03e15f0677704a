"""A real OpenSearch: the distribution for integration tests, from Maven."""

from pathlib import Path
from typing import Any

from local.install.maven import Artifact
from local.servers.search_server import QUICK, SearchServer

VERSION = "2.19.6"


class OpenSearchServer(SearchServer):
    """One node, without TLS and logins: the plugin for security is no part of this distribution."""

    kind = "opensearch"
    artifact = Artifact(
        name="opensearch",
        version=VERSION,
        coordinate=f"org.opensearch.distribution.integ-test-zip:opensearch:{VERSION}:zip",
        sha256="71d6d8b1c637f3faecda0752b184b1cc526fc6eaad59ec1408c6327bb00b9293",
        megabytes=54,
        below=f"opensearch-{VERSION}/",
    )

    def _configure(self, config: Path, settings: dict[str, Any]) -> dict[str, Any]:
        # Its own options write log files into the folder of the program.
        (config / "jvm.options").write_text(
            "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
            "org.opensearch.secure_sm.SecuredForkJoinWorkerThreadFactory\n"
            "18-:-Djava.security.manager=allow\n"
        )
        return settings

    def _environment(self) -> dict[str, str]:
        return {
            "OPENSEARCH_JAVA_HOME": str(self._java_home),
            "OPENSEARCH_PATH_CONF": str(self._files / "config"),
            "OPENSEARCH_TMPDIR": str(self._files / "tmp"),
            "OPENSEARCH_JAVA_OPTS": f"-Xms512m -Xmx512m {QUICK}",
            "HOME": str(self._files),
        }
