"""Server processes that outlive the command which started them."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import msgspec
import psutil

from local.servers.server_account import ServerAccount

_LOOK = 0.05  # seconds between looks at processes that are to end
_children: dict[
    int, "subprocess.Popen[bytes]"
] = {}  # of this process: only their parent reaps them


class ProcessIdentity(msgspec.Struct, frozen=True):
    """What tells a process from a later one with the same number.

    pid: Its number, which is also that of its process group.
    started: When it started, in hundredths of a second after the boot of the machine. Setting the
        clock does not change that.
    """

    pid: int
    started: str


def spawn(
    argv: list[str], *, log: Path, env: dict[str, str], cwd: Path, account: ServerAccount
) -> ProcessIdentity:
    """Start `argv` in a session of its own.

    Ctrl-C at the terminal does not reach it, and its children can be stopped with it.
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
    _children[process.pid] = process
    return ProcessIdentity(process.pid, started_at(process.pid) or "")


def is_alive(identity: ProcessIdentity) -> bool:
    """Whether that very process still runs; a zombie does not."""
    _reap(identity.pid)
    try:
        return _is_same(identity) and not _is_over(psutil.Process(identity.pid))
    except psutil.NoSuchProcess:
        return False


def stop(identity: ProcessIdentity, timeout: float) -> None:
    """Ask the process and its children to end; after `timeout` seconds kill those that remain."""
    if is_alive(identity):
        _signal(identity.pid, signal.SIGTERM)
        with contextlib.suppress(psutil.TimeoutExpired, psutil.NoSuchProcess):
            psutil.Process(identity.pid).wait(timeout)
    kill(identity)


def kill(identity: ProcessIdentity) -> None:
    """Kill the process and its children with SIGKILL, and wait until they are gone."""
    if psutil.pid_exists(identity.pid) and not _is_same(identity):
        return  # the number belongs to another process now
    # A session keeps its number while any member lives: the members are this server's for certain.
    while members := _members(identity.pid):
        _signal(identity.pid, signal.SIGKILL)
        _reap(identity.pid)
        psutil.wait_procs(members, timeout=_LOOK)
    # A zombie keeps its number, and MySQL's next start takes it for a running server.
    _reap(identity.pid)


def started_at(pid: int) -> str | None:
    """When `pid` started, as in `ProcessIdentity`, or None if it does not run."""
    try:
        return str(round(100 * (psutil.Process(pid).create_time() - psutil.boot_time())))
    except psutil.NoSuchProcess:
        return None


def _is_same(identity: ProcessIdentity) -> bool:
    return started_at(identity.pid) == identity.started


def _is_over(process: psutil.Process) -> bool:
    """Whether it is a zombie without threads: a thread that is left still holds ports and files."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    except psutil.NoSuchProcess:  # ZombieProcess is one
        return True


def _reap(pid: int) -> None:
    if (child := _children.get(pid)) and child.poll() is not None:
        del _children[pid]


def _members(group: int) -> list[psutil.Process]:
    """Living processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and not _is_over(process):
                found.append(process)
    return found


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
