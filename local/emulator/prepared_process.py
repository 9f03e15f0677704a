"""A process that has imported boto3, and becomes a process of a function by a copy of itself.

`python prepared_process.py FD`, on the emulator's interpreter; it ends when the other end of the
socket FD is closed. See `function_processes`.
"""

import gc
import importlib.metadata
import json
import os
import signal
import socket
import sys
import time
import types
from pathlib import Path
from typing import Any

REQUEST_BYTES = 128 << 10
STREAMS = 3
TAKEN, REFUSED = b"taken", b"refused"


def main() -> None:
    """Serve until the socket ends. A copy leaves the loop and runs the script it was asked for."""
    sys.path.pop(0)  # this folder, which no function sees
    import boto3  # noqa: F401
    import botocore.handlers  # noqa: F401

    names = {name.partition(".")[0] for name in sys.modules} - {"__main__"}
    loaded = {name: _release(name) for name in names - set(sys.builtin_module_names)}
    signal.signal(signal.SIGCHLD, _bury)
    gc.collect()
    gc.freeze()  # a copy shares the pages of what the collector does not touch
    request = _serve(socket.socket(fileno=int(sys.argv[1])), loaded)
    if request is not None:
        _become(request)


def _serve(asked: socket.socket, loaded: dict[str, str | None]) -> dict[str, Any] | None:
    """Copy the process for each request; returns the request in the copy, None at the end."""
    while True:
        text, streams, *_ = socket.recv_fds(asked, REQUEST_BYTES, STREAMS)
        if not text:
            return None
        request: dict[str, Any] = json.loads(text)
        if _brings_others(Path(request["folder"]), loaded):
            asked.send(REFUSED)
        elif pid := os.fork():
            handle = os.pidfd_open(pid)
            socket.send_fds(asked, [TAKEN, b" %d" % pid], [handle])
            os.close(handle)
        else:
            asked.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)


def _become(request: dict[str, Any]) -> None:
    """Be what `python SCRIPT` is in that folder and environment."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    script = Path(request["script"])
    sys.argv = [str(script)]
    sys.path.insert(0, str(script.parent))
    module = types.ModuleType("__main__")
    module.__file__ = str(script)
    sys.modules["__main__"] = module
    exec(compile(script.read_text(), script, "exec"), module.__dict__)  # noqa: S102


def _bury(*_: object) -> None:
    """Let copies that have ended go: nobody else can wait for them."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _brings_others(folder: Path, loaded: dict[str, str | None]) -> bool:
    """Whether modules of the folder would have come before those that are loaded here.

    The same release of a distribution is no other.
    """
    names = {entry.name for entry in folder.iterdir()}
    releases = {name.lower() for name in names if name.endswith(".dist-info")}
    own = loaded.keys() & {name.partition(".")[0] for name in names}
    return any(loaded[name] not in releases for name in own)


def _release(module: str) -> str | None:
    """The name of the folder `.dist-info` of its distribution; None of a module of Python."""
    for name in _distributions.get(module, ()):
        release = f"{name.replace('-', '_')}-{importlib.metadata.version(name)}.dist-info"
        return release.lower()
    return None


_distributions = importlib.metadata.packages_distributions()

if __name__ == "__main__":
    main()
