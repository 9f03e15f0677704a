"""A server's process is known for good: never confused with another one, ended with its
children.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local.servers import server_process as process
from local.servers.server_account import ServerAccount
from local.servers.server_process import ProcessIdentity


def spawn(tmp_path: Path, script: str) -> ProcessIdentity:
    environment = {"PATH": os.environ["PATH"]}
    return process.spawn(
        ["sh", "-c", script],
        log=tmp_path / "log",
        env=environment,
        cwd=tmp_path,
        account=ServerAccount(None),
    )


def wait_for_text(path: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and path.read_text().strip():
            return path.read_text().strip()
        time.sleep(0.02)
    raise AssertionError(f"nothing in {path}")


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_process_that_ended_is_not_alive(tmp_path):
    identity = spawn(tmp_path, "exit 3")
    deadline = time.monotonic() + 60
    while process.is_alive(identity) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not process.is_alive(identity)


def test_stop_asks_first(tmp_path):
    identity = spawn(
        tmp_path, "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
    )
    wait_for_text(tmp_path / "log")
    process.stop(identity, 10)
    assert "bye" in (tmp_path / "log").read_text()
    assert not process.is_alive(identity)


def test_stop_kills_what_does_not_listen(tmp_path):
    identity = spawn(tmp_path, "trap '' TERM; echo up; while :; do sleep 0.05; done")
    wait_for_text(tmp_path / "log")
    process.stop(identity, 0.3)
    assert not process.is_alive(identity)


@pytest.mark.parametrize(
    "end", [process.kill, lambda identity: process.stop(identity, 5)], ids=["kill", "stop"]
)
def test_children_end_with_their_parent(tmp_path, end):
    identity = spawn(tmp_path, "sleep 60 & echo $!; wait")
    child = int(wait_for_text(tmp_path / "log"))
    end(identity)
    assert not runs(child)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_children_that_a_crash_left_behind_end_too(tmp_path):
    identity = spawn(tmp_path, "sleep 60 & echo $!; wait")
    child = int(wait_for_text(tmp_path / "log"))
    os.kill(identity.pid, 9)
    deadline = time.monotonic() + 60
    while process.is_alive(identity) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert runs(child)
    process.kill(identity)
    assert not runs(child)


def test_another_process_with_the_same_number_is_left_alone(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
    ) as other:
        recycled = ProcessIdentity(other.pid, "1")
        assert not process.is_alive(recycled)
        process.stop(recycled, 0.1)
        process.kill(recycled)
        assert other.poll() is None
        other.kill()


def test_ctrl_c_at_the_terminal_does_not_reach_a_server(tmp_path):
    identity = spawn(tmp_path, "sleep 60")
    assert os.getpgid(identity.pid) != os.getpgid(0)
    process.kill(identity)
