"""Gap: each process of a Python function imports boto3, which takes longer than most calls.

Here it is a copy of a process that has done so. It has the environment, working directory, import
path and streams that it would have had. A process that would import something else begins as
before: its package brings another release of such a module, it has layers, or variables that Python
or boto3 reads early. Shown by test_function_processes.py.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import types
import weakref
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime

from local.emulator.prepared_process import REQUEST_BYTES, TAKEN

if lambda_runtime.subprocess is not subprocess:
    raise AttributeError("the emulator starts functions in another way")

_SCRIPT = Path(__file__).with_name("prepared_process.py")
_EARLY = ("PYTHON", "LD_", "LC_", "LANG", "BOTO", "MALLOC_", "_LAMBDA_LAYERS")
"""How variables begin that take effect before a function is imported."""


class Copy:
    """A process of a function, with what the emulator uses of `subprocess.Popen`."""

    def __init__(self, pid: int, handle: int, streams: list[int]) -> None:
        self.pid, self._handle = pid, handle
        weakref.finalize(self, os.close, handle)
        self.stdin = os.fdopen(streams[0], "w", buffering=1)
        self.stdout, self.stderr = (os.fdopen(stream) for stream in streams[1:])

    def poll(self) -> int | None:
        """None while the process runs. How it ended only its parent knows; here it is always 0."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended; raises TimeoutExpired."""
        if self._ended(None if timeout is None else round(timeout * 1000)) is None:
            raise subprocess.TimeoutExpired("function", timeout or 0.0)
        return 0

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, number)

    def _ended(self, milliseconds: int | None) -> int | None:
        ready = select.poll()
        ready.register(self._handle, select.POLLIN)
        return 0 if ready.poll(milliseconds) else None


class Copies:
    """Starts processes of functions, from a prepared process that it keeps."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prepared: socket.socket | None = None

    def start(self, command: list[str], **options: Any) -> Any:
        """As `subprocess.Popen`, which starts what cannot be a copy."""
        with contextlib.suppress(OSError):
            if self._may_copy(command, options) and (copy := self._copy(command, options)):
                return copy
        return subprocess.Popen(command, **options)

    def _may_copy(self, command: list[str], options: dict[str, Any]) -> bool:
        early = [
            {name: value for name, value in variables.items() if name.startswith(_EARLY)}
            for variables in (options.get("env") or {}, os.environ)
        ]
        return command[0] == sys.executable and early[0] == early[1] and hasattr(os, "pidfd_open")

    def _copy(self, command: list[str], options: dict[str, Any]) -> Copy | None:
        request = {
            "script": command[1],
            "folder": options["cwd"],
            "environment": options["env"],
        }
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        ours = [pipes[0][1], pipes[1][0], pipes[2][0]]
        try:
            said, handles = self._ask(json.dumps(request).encode(), theirs)
            if said[:1] == [TAKEN]:
                return Copy(int(said[1]), handles[0], [os.dup(each) for each in ours])
            return None
        finally:
            for stream in (*theirs, *ours):
                os.close(stream)

    def _ask(self, request: bytes, streams: list[int]) -> tuple[list[bytes], list[int]]:
        """The prepared process's answer, empty if it has died: the next one is then another."""
        with self._lock:
            prepared = self._prepared = self._prepared or _prepare()
            try:
                socket.send_fds(prepared, [request], streams)
                said, handles, *_ = socket.recv_fds(prepared, REQUEST_BYTES, 1)
            except OSError:
                said, handles = b"", []
            if not said:
                prepared.close()
                self._prepared = None
            return said.split(), handles


def _prepare() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, str(_SCRIPT), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
        )
    return ours


lambda_runtime.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": Copies().start})
