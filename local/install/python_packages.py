"""Python packages: installs what a lock file names, each file checked against its hash.

uv takes a tenth of pip's time. pip does it where uv is not installed, and where pip was told of
another index than PyPI, of which uv knows nothing.

Run before anything is installed, so it needs the standard library alone.
"""

import subprocess
import sys
from pathlib import Path


def install(python: Path, *arguments: str) -> None:
    """Install into the environment of `python`.

    arguments: as after `pip install`, such as `--require-hashes`, `-r` and a file.
    Raises subprocess.CalledProcessError, with what was said.
    """
    uv = Path(sys.executable).with_name("uv")
    pip = [sys.executable, "-m", "pip"]
    if uv.exists() and not _has_own_index(pip):
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python)]
    else:
        # Python compiles what is imported; pip would compile all of it, for most of its time.
        quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
        command = [*pip, "--python", str(python), "install", *quiet]
    subprocess.run(
        [*command, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )


def _has_own_index(pip: list[str]) -> bool:
    """Whether pip's files or variables name an index."""
    told = subprocess.run(
        [*pip, "config", "list"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return "index" in told.stdout


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), *sys.argv[2:])
    except subprocess.CalledProcessError as failed:
        sys.exit((failed.stderr or failed.stdout).strip())
