"""A TCP proxy that cuts connections where a test wants it."""

import socket
import threading
from typing import Self


class Proxy:
    """Forwards to a port. Each of the first connections that transfer data is cut after so many
    bytes from the server (`cuts`, in turn; None: not).
    """

    def __init__(self, port: int, cuts: list[int | None]) -> None:
        self._target, self._cuts = port, iter(cuts)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self.accepted += 1
            try:
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:  # it is down
                client.close()
                continue
            threading.Thread(target=self._pump, args=(client, server, None), daemon=True).start()
            threading.Thread(
                target=self._pump, args=(server, client, next(self._cuts, None)), daemon=True
            ).start()

    def _pump(self, source: socket.socket, sink: socket.socket, limit: int | None) -> None:
        try:
            while limit is None or limit > 0:
                data = source.recv(min(65536, limit) if limit is not None else 65536)
                if not data:
                    break
                sink.sendall(data)
                if limit is not None:
                    limit -= len(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                each.close()
