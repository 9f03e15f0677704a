"""HTTP connection: one connection to a server, which carries one request at a time.

The answers are parsed in C. `http.client` parses their headers as those of an e-mail. With ten
documents a request, that and its second packet took as long as all else that a consumer does.
"""

import socket
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple

from httptools import HttpParserError, HttpResponseParser

_RECEIVED = 65_536  # bytes, at most this many at once

BROKEN = (OSError, HttpParserError)
"""What a request raises when there is no answer, or none that can be read."""


class HttpAnswer(NamedTuple):
    """An answer. headers: by their names in small letters. body: as it was sent."""

    status: int
    headers: dict[str, str]
    body: bytes


class RemoteDisconnected(ConnectionError):
    """The other side ended the connection before it sent an answer."""


class IncompleteAnswer(ConnectionError):
    """The other side ended the connection within an answer."""


class HttpConnection:
    """It is opened by the first request, and by the first one after `close`.

    port: None for the usual one. context: verifies the certificate; None: it is not encrypted.
    """

    def __init__(self, host: str, port: int | None, context: ssl.SSLContext | None = None) -> None:
        usual = 80 if context is None else 443
        self._address, self._context = (host, port or usual), context
        self._place = f"[{host}]" if ":" in host else host.encode("idna").decode()
        if self._address[1] != usual:
            self._place += f":{port}"
        self.sock: socket.socket | None = None

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def request(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        connect_seconds: float,
        seconds: float,
    ) -> HttpAnswer:
        """Make one request. Raises what is in `BROKEN`; the connection must be closed then.

        target: path and query, quoted. headers: beside Host and Content-Length.
        connect_seconds: to connect. seconds: for all of it.
        """
        deadline = time.monotonic() + seconds
        sock = self.sock or self._connected(min(connect_seconds, seconds))
        sent = self._head(method, target, headers, body)
        _limit(sock, deadline)
        sock.sendall(sent if body is None else sent + body)
        answer, keeps = _received(sock, deadline, has_body=method != "HEAD")
        if not keeps:
            self.close()
        return answer

    def _connected(self, seconds: float) -> socket.socket:
        sock = socket.create_connection(self._address, seconds)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_hostname=self._address[0])
        except BaseException:
            sock.close()
            raise
        self.sock = sock
        return sock

    def _head(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._place}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if not all(map(str.isprintable, lines)):
            raise ValueError("a line break in a request's target or header")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _received(sock: socket.socket, deadline: float, *, has_body: bool) -> tuple[HttpAnswer, bool]:
    """The next answer, and whether the connection is kept after it."""
    reading = _Reading(has_body)
    parser = HttpResponseParser(reading)
    while not reading.over:
        _limit(sock, deadline)
        received = sock.recv(_RECEIVED)
        if not received:
            if not reading.begun:
                raise RemoteDisconnected("no answer")
            if not reading.ends_with_connection:
                raise IncompleteAnswer("a part of an answer")
            break
        reading.begun = True
        parser.feed_data(received)
        if reading.over and 100 <= parser.get_status_code() < 200:  # another answer follows
            reading.over = False
    answer = HttpAnswer(parser.get_status_code(), reading.headers, b"".join(reading.body))
    closes = reading.headers.get("connection", "").lower() == "close"
    return answer, reading.over and not closes and parser.get_http_version() == "1.1"


def _limit(sock: socket.socket, deadline: float) -> None:
    sock.settimeout(max(0.001, deadline - time.monotonic()))


class _Reading:
    """What the parser has found of an answer."""

    def __init__(self, has_body: bool) -> None:
        self._has_body = has_body
        self.headers: dict[str, str] = {}
        self.body: list[bytes] = []
        self.begun = self.over = self._is_head_read = False

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection ends the body."""
        is_delimited = "content-length" in self.headers or "transfer-encoding" in self.headers
        return self._is_head_read and not is_delimited

    def on_message_begin(self) -> None:
        self.headers, self.body, self.over, self._is_head_read = {}, [], False, False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._is_head_read = True
        self.over = not self._has_body

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        self.over = True
