"""An HTTP proxy before SNS that treats PublishBatch as a bad network and a busy service do."""

import contextlib
import http.client
import random
import re
import socket
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qsl, urlencode

MOODS = {  # so often in 30 requests
    "pass": 9,
    "delay": 3,
    "late": 1,  # arrives after the client has given up, and perhaps after its next attempt
    "cut before": 3,
    "cut after": 3,
    "one kept back": 4,
    "one reply wrong": 4,
    "throttled": 2,
    "broken": 1,
}
_MEMBER = re.compile(r"<member>.*?</member>", re.DOTALL)
_ENTRY = "PublishBatchRequestEntries.member."


class PublishProxy:
    """Listens on `url` while it is open; `seen` counts what it did to requests."""

    def __init__(self, target: str, seed: int, *, late_seconds: float = 3.3) -> None:
        self._rng, self._lock, self._late = random.Random(seed), threading.Lock(), late_seconds
        self._deck: list[str] = []
        self.seen: Counter[str] = Counter()
        proxy, (host, port) = self, target.removeprefix("http://").split(":")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                proxy.serve(self, body)

            def forward(self, body: bytes) -> tuple[int, str, bytes]:
                connection = http.client.HTTPConnection(host, int(port), timeout=30)
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name.lower() not in ("content-length", "host")
                }
                connection.request("POST", self.path, body, headers | {"Host": f"{host}:{port}"})
                reply = connection.getresponse()
                answer = reply.status, reply.getheader("Content-Type", "text/xml"), reply.read()
                connection.close()
                return answer

            def answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def cut(self) -> None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: "object", body: bytes) -> None:
        """Do to one request what the next card says."""
        with self._lock:
            if not self._deck:
                self._deck = self._rng.sample(
                    [*MOODS], sum(MOODS.values()), counts=[*MOODS.values()]
                )
            mood = self._deck.pop()
            entries = len(
                {
                    name.split(".")[2]
                    for name, _ in parse_qsl(body.decode())
                    if name.startswith(_ENTRY)
                }
            )
            chosen = self._rng.randrange(max(entries, 1))
            pause = self._rng.uniform(0.02, 0.3)
            self.seen[mood] += 1
        with contextlib.suppress(OSError):  # the client has gone
            self._serve(handler, body, mood, chosen, pause)

    def _serve(self, handler: "object", body: bytes, mood: str, chosen: int, pause: float) -> None:
        forward, answer, cut = (getattr(handler, name) for name in ("forward", "answer", "cut"))
        match mood:
            case "delay":
                time.sleep(pause)
                answer(*forward(body))
            case "late":
                time.sleep(self._late)
                answer(*forward(body))
            case "cut before":
                cut()
            case "cut after":
                forward(body)
                cut()
            case "one kept back":
                rest, kept = _without(body, chosen)
                status, kind, reply = forward(rest) if rest else (200, "text/xml", _EMPTY)
                answer(status, kind, _failing(reply, kept, remove=False))
            case "one reply wrong":
                _, one = _without(body, chosen)
                status, kind, reply = forward(body)
                answer(status, kind, _failing(reply, one, remove=True))
            case "throttled":
                answer(400, "text/xml", _error("Throttling"))
            case "broken":
                answer(500, "text/xml", _error("InternalError"))
            case _:
                answer(*forward(body))


_EMPTY = (
    b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful></Successful><Failed></Failed>'
    b"</PublishBatchResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></PublishBatchResponse>"
)


def _without(body: bytes, chosen: int) -> tuple[bytes, str]:
    """A PublishBatch without one of its entries (empty when it was the only one), and that entry's
    Id.
    """
    fields = parse_qsl(body.decode(), keep_blank_values=True)
    numbers = sorted({int(name.split(".")[2]) for name, _ in fields if name.startswith(_ENTRY)})
    gone = numbers[chosen]
    identity = next(value for name, value in fields if name == f"{_ENTRY}{gone}.Id")
    renumbered = {
        number: place
        for place, number in enumerate([number for number in numbers if number != gone], 1)
    }
    rest = []
    for name, value in fields:
        if name.startswith(_ENTRY):
            number = int(name.split(".")[2])
            if number == gone:
                continue
            name = name.replace(f"{_ENTRY}{number}.", f"{_ENTRY}{renumbered[number]}.", 1)
        rest.append((name, value))
    return (urlencode(rest).encode() if renumbered else b""), identity


def _failing(reply: bytes, identity: str, *, remove: bool) -> bytes:
    """The reply with this entry among the failed ones; `remove` takes it from those that
    succeeded.
    """
    text = reply.decode()
    if remove:
        text = _MEMBER.sub(
            lambda match: "" if f"<Id>{identity}</Id>" in match[0] else match[0], text
        )
    failed = f"<member><Id>{identity}</Id><Code>InternalError</Code><SenderFault>false</SenderFault></member>"  # noqa: E501
    if "<Failed>" in text:
        return text.replace("<Failed>", f"<Failed>{failed}", 1).encode()
    text = text.replace("<Failed/>", "").replace("<Failed />", "")
    return text.replace(
        "</PublishBatchResult>", f"<Failed>{failed}</Failed></PublishBatchResult>", 1
    ).encode()


def _error(code: str) -> bytes:
    return (
        f'<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Receiver</Type><Code>{code}</Code><Message>{code}</Message></Error>'
        "<RequestId>0</RequestId></ErrorResponse>"
    ).encode()
