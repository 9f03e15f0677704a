"""Free ports of 127.0.0.1."""

import hashlib
import socket
import threading

from shared.values.errors import RowlineError

# Below the range that Linux, macOS and Windows hand out for outgoing connections: nothing takes a
# port of ours while its server is down.
_FIRST, _COUNT = 20000, 12000
_given: set[int] = set()
_lock = threading.Lock()


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with socket.socket() as probe:
        # As servers do: connections of the last run that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def choose(owner: str, preferred: int | None = None) -> int:
    """A free port for a server.

    owner: Any text that tells servers apart. The search begins at a place that depends on it, so
        that several copies seldom meet.
    preferred: Taken if it is free.

    A port is given once in a process. Raises RowlineError if all are taken.
    """
    start = int.from_bytes(hashlib.sha256(owner.encode()).digest()[:4], "big")
    with _lock:
        if preferred is not None and is_free(preferred):
            _given.add(preferred)
            return preferred
        for step in range(_COUNT):
            port = _FIRST + (start + step) % _COUNT
            if port not in _given and is_free(port):
                _given.add(port)
                return port
    raise RowlineError(
        f"has no free port between {_FIRST} and {_FIRST + _COUNT}.", thing="127.0.0.1"
    )
