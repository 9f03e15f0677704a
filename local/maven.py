"""Files from Maven repositories, by coordinate: Maven knows the mirrors, proxies and credentials of
this machine.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from shared.values.errors import RowlineError

# The newest plugin that Maven 3.8 runs; naming it keeps the result the same on every machine.
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1"


def fetch(coordinate: str, sha256: str, folder: Path) -> Path:
    """Download `group:artifact:version[:packaging]` into `folder` and check its content. Raises
    RowlineError.
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
                hint="A mirror serves another content; ask who runs it.",
            )
    return files[0]
