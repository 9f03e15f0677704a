"""Socket server: answers requests without a body byte by byte, for the forms that are rare."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HEAD = b"HTTP/1.1 200 OK\r\nX-Elastic-Product: Elasticsearch\r\n"
BODY = b'{"count":3}'
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)

Reply = Callable[[socket.socket], bool]
"""Answers one request; returns whether the connection is kept."""


@contextmanager
def served(reply: Reply, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[int]]]:
    """A server; yields its port, and the number of requests of each connection so far."""
    counts: list[int] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(raw: socket.socket) -> None:
        try:
            with context.wrap_socket(raw, server_side=True) if context else raw as peer:
                at = len(counts)
                counts.append(0)
                while _request(peer):
                    counts[at] += 1
                    if not reply(peer):
                        return
        except OSError:
            return

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], counts
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _request(peer: socket.socket) -> bytes:
    """One request without a body; empty at the end of the connection."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        some = peer.recv(4096)
        if not some:
            return b""
        head += some
    return head


def answer(peer: socket.socket, text: bytes = b'{"count":3}', more: str = "") -> None:
    head = f"HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n{more}"
    peer.sendall(f"{head}Content-Length: {len(text)}\r\n\r\n".encode() + text)


def sends(*parts: bytes, closes: bool = False) -> Reply:
    """Answers with these bytes, in so many packets."""

    def reply(peer: socket.socket) -> bool:
        for part in parts:
            peer.sendall(part)
            time.sleep(0.01)
        return not closes

    return reply
