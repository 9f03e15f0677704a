"""Python packages: installs what a lock file names, each file checked against its hash.

uv takes a tenth of pip's time. pip does it where uv is not installed or cannot: pip knows of other
indexes than PyPI, and of certificates that only this machine trusts.

Run before anything is installed, so it needs the standard library alone.
"""

import contextlib
import subprocess
import sys
from pathlib import Path


def new_environment(folder: Path) -> None:
    """Make an environment without packages. Raises subprocess.CalledProcessError."""
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])


def install(python: Path, *arguments: str) -> None:
    """Install into the environment of `python`.

    arguments: as after `pip install`, such as `--require-hashes`, `-r` and a file.
    Raises subprocess.CalledProcessError, with what was said.
    """
    uv, pip = Path(sys.executable).with_name("uv"), [sys.executable, "-m", "pip"]
    if uv.exists() and not _has_own_index(pip):
        with contextlib.suppress(subprocess.CalledProcessError):
            _run([str(uv), "pip", "install", "--quiet", "--python", str(python), *arguments])
            return
    # Python compiles what is imported; pip would compile all of it, for most of its time.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    _run([*pip, "--python", str(python), "install", *quiet, *arguments])


def _run(command: list[str], *, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=check
    )


def _has_own_index(pip: list[str]) -> bool:
    """Whether pip's files or variables name an index."""
    return "index" in _run([*pip, "config", "list"], check=False).stdout


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), *sys.argv[2:])
    except subprocess.CalledProcessError as failed:
        sys.exit((failed.stderr or failed.stdout).strip())
