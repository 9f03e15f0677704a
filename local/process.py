"""Server processes that outlive the command which started them, and are never confused with another
process of the same number.
"""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

import msgspec

from local.account import Account

_CLOCK = 0.05  # seconds between looks at a process that is to end


class Identity(msgspec.Struct, frozen=True):
    """A process for good: its number, when it started (kernel's own unit) and in which run of the
    kernel.
    """

    pid: int
    started: str
    boot: str


def spawn(
    argv: list[str], *, log: Path, env: dict[str, str], cwd: Path, account: Account
) -> Identity:
    """Start `argv` in a session of its own: Ctrl-C at the terminal does not reach it, and its
    children can be stopped with it.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
            **account.popen_options(),
        )
    # nobody waits on this object: `is_alive` reaps the child, and its destructor should not warn
    process.returncode = 0
    return Identity(process.pid, _started(process.pid) or "", _boot())


def is_alive(identity: Identity) -> bool:
    """Whether that very process still runs (a zombie does not)."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(identity.pid, os.WNOHANG)
    return identity.boot == _boot() and _started(identity.pid) == identity.started != ""


def stop(identity: Identity, timeout: float) -> None:
    """Ask the process and its children to end, wait up to `timeout` seconds, then kill what is
    left.
    """
    if is_alive(identity):
        _signal(identity.pid, signal.SIGTERM)
        deadline = time.monotonic() + timeout
        while is_alive(identity) and time.monotonic() < deadline:
            time.sleep(_CLOCK)
    kill(identity)


def kill(identity: Identity) -> None:
    """kill -9 the process and its children, and wait until they are gone."""
    if identity.boot != _boot() or _started(identity.pid) not in (identity.started, None):
        return  # the number belongs to somebody else now
    # A session keeps its number while any member lives, so what is left of ours cannot be mistaken
    # for another's.
    while _members(identity.pid):
        _signal(identity.pid, signal.SIGKILL)
        time.sleep(_CLOCK)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(
            identity.pid, os.WNOHANG
        )  # a zombie keeps its number, by which MySQL's next start would think that it runs


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""  # no Linux: the start time, a date there, is enough


def _started(pid: int) -> str | None:
    """When `pid` started; None where no such process runs."""
    if not Path("/proc/self/stat").exists():
        return _ps("-o", "lstart=", "-p", str(pid)) or None
    fields = _stat(pid)
    return None if fields is None or _is_over(fields) else fields[19]


def _is_over(fields: list[str]) -> bool:
    """A zombie, and its last thread too: until then its ports and files are still taken."""
    return fields[0] in "ZX" and int(fields[17]) <= 1


def _stat(pid: int | str) -> list[str] | None:
    """Fields 3 and following of /proc/PID/stat: state, ppid, pgrp, … (proc_pid_stat(5)); the name
    before them may hold anything.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _members(group: int) -> list[int]:
    """Living processes of a process group."""
    if not Path("/proc/self/stat").exists():
        return [int(pid) for pid in _ps("-o", "pid=", "-g", str(group)).split()]
    members = []
    for entry in os.listdir("/proc"):
        if (
            entry.isdigit()
            and (fields := _stat(entry))
            and fields[2] == str(group)
            and not _is_over(fields)
        ):
            members.append(int(entry))
    return members


def _ps(*arguments: str) -> str:
    return subprocess.run(
        ["ps", *arguments], capture_output=True, text=True, check=False
    ).stdout.strip()
