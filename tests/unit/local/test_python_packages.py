"""Python packages: uv installs them, unless pip alone knows where they are."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.install import python_packages

PYTHON = Path("/somewhere/bin/python")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The installations that were asked for; none is made."""
    real, commands = subprocess.run, list[list[str]]()

    def run(command: list[str], **options: Any) -> Any:
        if "install" not in command:
            return real(command, **options)
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    return commands


def test_uv_installs(asked: list[list[str]]) -> None:
    python_packages.install(PYTHON, "-r", "lock.txt")
    (command,) = asked
    assert Path(command[0]).name == "uv"
    assert command[command.index("--python") + 1 :] == [str(PYTHON), "-r", "lock.txt"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://packages.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://packages.example/simple"),
        ("PIP_NO_INDEX", "1"),
    ],
)
def test_pip_installs_where_it_was_told_of_an_index(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    python_packages.install(PYTHON, "-r", "lock.txt")
    (command,) = asked
    assert command[:5] == [sys.executable, "-m", "pip", "--python", str(PYTHON)]
    assert command[-2:] == ["-r", "lock.txt"]


def test_pip_installs_where_uv_is_not(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    python_packages.install(PYTHON, "-r", "lock.txt")
    (command,) = asked
    assert command[1:3] == ["-m", "pip"]


def test_pip_installs_what_uv_could_not(
    asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as behind a proxy whose certificate only this machine trusts."""
    recorded = subprocess.run

    def run(command: list[str], **options: Any) -> Any:
        done = recorded(command, **options)
        if Path(command[0]).name == "uv":
            raise subprocess.CalledProcessError(2, command, "", "invalid peer certificate")
        return done

    monkeypatch.setattr(subprocess, "run", run)
    python_packages.install(PYTHON, "-r", "lock.txt")
    assert Path(asked[0][0]).name == "uv"
    assert asked[1][:3] == [sys.executable, "-m", "pip"]
