"""A receiver of webhooks on this machine, as docs/http.md asks for."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a signing key of more than thirty-two characters"
Reply = tuple[int, dict[str, str], Any]
"""Status, headers, and the body as JSON or text."""


class Receiver:
    """Holds the newest change of each row.

    requests: headers and body of each POST. answer: what it says instead; None: what is true.
    tells: whether it says an outcome per change; otherwise the whole request is refused.
    failing: keys that it cannot take for the moment. trickles: it answers a byte at a time.
    """

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Any], tuple[int, dict[str, Any] | None]] = {}
        self.truncated: dict[str, int] = {}
        self.requests: list[tuple[dict[str, str], dict[str, Any]]] = []
        self.answer: Callable[[list[dict[str, Any]]], Reply | None] = lambda _: None
        self.tells, self.failing, self.connections = True, set[int](), 0
        self.url, self.trickles = "", False

    def take(self, headers: dict[str, str], body: bytes) -> Reply:
        if not signed(headers.get("Rowline-Signature", ""), body):
            return 401, {}, "who are you?"
        message = json.loads(body)
        self.requests.append((headers, message))
        if said := self.answer(message["changes"]):
            return said
        if not self.tells and any(self._refuses(each) for each in message["changes"]):
            return 422, {}, "a title that is too long"
        outcomes = [self._take(each) for each in message["changes"]]
        return 200, {}, {"outcomes": outcomes}

    def _refuses(self, change: dict[str, Any]) -> bool:
        return bool(change["after"] and len(str(change["after"].get("title"))) > 100)

    def _take(self, change: dict[str, Any]) -> dict[str, Any]:
        return {"id": change["id"], "outcome": self._outcome(change), "reason": "Too: long"}

    def _outcome(self, change: dict[str, Any]) -> str:
        seq, table = change["seq"], change["table"]
        if change["op"] == "t":
            self.truncated[table] = max(seq, self.truncated.get(table, 0))
            for place, (newest, _) in list(self.rows.items()):
                if place[0] == table and newest < seq:
                    self.rows[place] = (seq, None)
            return "applied"
        if change["key"]["id"] in self.failing:
            return "failed"
        place = (table, change["key"]["id"])
        if max(self.rows.get(place, (0, None))[0], self.truncated.get(table, 0)) > seq:
            return "superseded"
        if self._refuses(change):
            return "refused"
        self.rows[place] = (seq, change["after"])
        return "applied"


def signed(header: str, body: bytes, tolerance: float = 300) -> bool:
    """Whether the body is the sender's, and of now: as docs/http.md shows it."""
    fields = dict(part.split("=", 1) for part in header.split(",") if "=" in part)
    if abs(time.time() - int(fields.get("t", 0))) > tolerance:
        return False
    made = hmac.new(KEY.encode(), f"{fields['t']}.".encode() + body, hashlib.sha256)
    return hmac.compare_digest(made.hexdigest(), fields.get("v1", ""))


@contextmanager
def listening(
    wrap: Callable[[Any], Any] = lambda socket: socket, scheme: str = "http"
) -> Iterator[Receiver]:
    """A receiver behind a real server. wrap: puts TLS around its socket."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            receiver.connections += 1

        def do_HEAD(self) -> None:
            self._answer((405, {}, ""))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(receiver.take(dict(self.headers.items()), body))

        def _answer(self, reply: Reply) -> None:
            status, headers, said = reply
            body = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(200 if receiver.trickles else len(body)))
            self.end_headers()
            if receiver.trickles:
                for _ in range(200):
                    self.wfile.write(b"x")
                    time.sleep(0.02)
            elif self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """The client went away."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = wrap(server.socket)
    receiver.url = f"{scheme}://127.0.0.1:{server.server_address[1]}/rowline"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
