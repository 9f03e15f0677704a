"""A copy of the project that a test may deploy from and edit, as a user would."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


class Project:
    """A checkout's files in a folder of their own.

    revision: The commit whose files they are, or the files as they are now. node_modules, the
        Python environment and built packages are those of the checkout in any case.
    """

    def __init__(self, folder: Path, environment: dict[str, str], revision: str = "") -> None:
        self.folder = folder
        self.environment = {**os.environ, **environment}
        if revision:
            _unpack(revision, folder)
        else:
            _copy(folder)
        (ROOT / ".rowline-build").mkdir(exist_ok=True)
        for shared in ("node_modules", ".venv", ".rowline-build"):
            (folder / shared).symlink_to(ROOT / shared)

    def run(
        self, *command: str, check: bool = True, timeout: float = 280
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command in the project; its output is captured, and shown when it fails though
        `check` is set.
        """
        done = subprocess.run(
            [self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(command)} → "
                f"{done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
            )
        return done

    def start(self, *command: str) -> "subprocess.Popen[str]":
        """Start a command in the background, its output going nowhere."""
        return subprocess.Popen(
            [self.program(command[0]), *command[1:]],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        text = (self.folder / name).read_text()
        assert old in text, f"{name} does not hold {old!r}"
        (self.folder / name).write_text(text.replace(old, new))

    @staticmethod
    def program(name: str) -> str:
        for folder in (ROOT / ".venv/bin", ROOT / "node_modules/.bin"):
            if (folder / name).exists():
                return str(folder / name)
        return name


def _copy(folder: Path) -> None:
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def _unpack(revision: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "archive", revision], cwd=ROOT, check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
