"""Programs from Maven repositories: Maven knows the mirrors, proxies and logins of this machine."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from local.install.distribution import Announce, install, unzip
from shared.values.errors import RowlineError

# The newest plugin that Maven 3.8 runs; naming it keeps the result the same on every machine.
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"

_JVM = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Maven lives for a few seconds of work: compile quickly, and collect with one thread."""


@dataclass(frozen=True)
class Artifact:
    """A server that a Maven repository holds as a zip.

    name: Of the server, for output.
    coordinate: `group:artifact:version[:packaging]`.
    sha256: Of the file.
    megabytes: Its size, for output.
    below: The folder in the zip that holds the server.
    """

    name: str
    version: str
    coordinate: str
    sha256: str
    megabytes: int
    below: str

    def unpacked(
        self, dist: Path, complete: Callable[[Path], None], announce: Announce | None = None
    ) -> Path:
        """The folder of the unpacked server; the first time it is fetched.

        dist: The folder of all unpacked programs.
        complete: Called with the unpacked folder, for what the zip lacks.
        announce: Called with a line before a step that takes time.
        """
        say = announce or (lambda _: None)

        def fill(folder: Path) -> None:
            say(f"{self.name}: fetching {self.version} ({self.megabytes} MB)")
            with FileLock(dist / "maven.lock"):
                archive = fetch(self.coordinate, self.sha256, folder)
            say(f"{self.name}: unpacking")
            unzip(archive, folder, below=self.below)
            archive.unlink()
            complete(folder)

        return install(dist, f"{self.name}-{self.version}", fill)


def fetch(coordinate: str, sha256: str, folder: Path) -> Path:
    """Download a file into `folder` and check its content.

    Raises RowlineError if Maven is missing, fails, or brings another file.
    """
    if not shutil.which("mvn"):
        raise RowlineError(
            "is not installed.",
            thing="Maven (mvn)",
            hint=(
                "Install it with a JDK: apt install maven openjdk-17-jdk-headless, or brew "
                "install maven."
            ),
        )
    done = subprocess.run(
        [
            "mvn",
            "-B",
            "-q",
            f"{_PLUGIN}:copy",
            f"-Dartifact={coordinate}",
            f"-DoutputDirectory={folder}",
            "-Dmdep.useBaseVersion=true",
        ],
        cwd=folder,
        env={"MAVEN_OPTS": _JVM, **os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    files = [path for path in folder.iterdir() if path.is_file()]
    if done.returncode or len(files) != 1:
        said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise RowlineError(
            "could not be fetched by Maven: "
            f"{said[0].removeprefix('[ERROR] ') if said else 'no file arrived.'}",
            thing=coordinate,
            hint=(
                "Check the network, and ~/.m2/settings.xml if this machine needs a mirror or proxy."
            ),
        )
    with files[0].open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise RowlineError(
                "is not the file that was pinned.",
                thing=coordinate,
                hint="A mirror serves other content: ask its operator.",
            )
    return files[0]
