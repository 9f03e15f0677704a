"""Trying: runs tests on a copy of the project with one fault in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.mutants import Mutant

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("shared", "tests", "handlers", "local", "cli", "pyproject.toml")


def plant(mutant: Mutant, folder: Path) -> None:
    """Copy the project into a folder, with the fault."""
    for name in COPIED:
        from_, to = ROOT / name, folder / name
        if from_.is_dir():
            shutil.copytree(from_, to)  # with what is compiled, which saves a second
        else:
            shutil.copy(from_, to)
    file = folder / mutant.file
    file.write_text(file.read_text().replace(mutant.right, mutant.wrong))


def finds(tests: tuple[str, ...], folder: Path) -> tuple[bool, str]:
    """Whether one of the tests fails there, and what pytest said. Nothing is shrunk."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--noconftest",  # no servers
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.mutants.quickly",
            "--hypothesis-seed=1",
            *tests,
        ],
        cwd=folder,
        env={**os.environ, "ROWLINE_TIER": "normal", "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    return done.returncode == 1, done.stdout[-2000:]
