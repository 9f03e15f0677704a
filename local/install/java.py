"""The Java that this machine has."""

import re
import shutil
import subprocess
from pathlib import Path

from shared.values.errors import RowlineError


def java_home(oldest: int) -> Path:
    """The folder of the JDK behind `java`.

    oldest: The oldest version that will do. Raises RowlineError if there is none.
    """
    hint = (
        f"Install a JDK {oldest} or newer: apt install openjdk-{oldest}-jdk-headless, or brew "
        f"install openjdk@{oldest}."
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
    if float(version[1]) < oldest:
        raise RowlineError(
            f"is version {version[1]}; Elasticsearch needs {oldest}.",
            thing="Java (java)",
            hint=hint,
        )
    return Path(place[1].strip())
