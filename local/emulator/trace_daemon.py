"""Gap: Lambda runs no X-Ray daemon, so the segments of functions go nowhere.

This one listens where AWS_XRAY_DAEMON_ADDRESS says, in UDP, and writes each segment document as a
line of the file TRACES. Shown by test_traces.py::test_segments_of_a_function_are_collected.

Source: X-Ray developer guide, "Sending segment documents to the X-Ray daemon".
"""

import json
import os
import socket
import threading
from pathlib import Path

from ministack.services import lambda_svc

_LARGEST = 65_535  # bytes of a datagram
_RECEIVE_BUFFER = 4 << 20
_FILE_BYTES = 64 << 20


class Collector:
    """Collects the documents of a socket in a file.

    When the file is full, it takes the place of the file before it, `FILE.1`.
    """

    def __init__(self, listening: socket.socket, file: Path, most: int = _FILE_BYTES) -> None:
        self._socket, self._file, self._most = listening, file, most

    def collect_one(self) -> None:
        """Wait for one datagram; one that is no segment document is dropped, and logged."""
        head, _, document = self._socket.recvfrom(_LARGEST)[0].partition(b"\n")
        try:
            if json.loads(head) != {"format": "json", "version": 1}:
                raise ValueError("another protocol")
            line = json.dumps(json.loads(document), separators=(",", ":"))
        except ValueError as error:
            lambda_svc.logger.warning("X-Ray daemon: a datagram is no segment (%s)", error)
            return
        if self._file.exists() and self._file.stat().st_size > self._most:
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))
        with self._file.open("a") as out:
            out.write(line + "\n")

    def collect(self) -> None:
        """Collect for ever."""
        while True:
            self.collect_one()


def listen(address: str) -> socket.socket:
    """The daemon's socket."""
    host, _, port = address.partition(":")
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    listening.bind((host, int(port)))
    return listening


if "TRACES" in os.environ:
    collector = Collector(listen(os.environ["AWS_XRAY_DAEMON_ADDRESS"]), Path(os.environ["TRACES"]))
    threading.Thread(target=collector.collect, name="x-ray-daemon", daemon=True).start()
