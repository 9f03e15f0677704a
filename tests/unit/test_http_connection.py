"""Each form in which a server may send an answer."""

import time

import pytest

from shared.adapters.search.cluster_connection import Connection
from shared.values.errors import SearchUnavailable
from tests.worlds.socket_server import BODY, HEAD, LENGTH, Reply, sends, served


def to(port: int) -> Connection:
    return Connection({"url": f"http://localhost:{port}"}, None)


@pytest.mark.parametrize(
    ("reply", "connections"),
    [
        (
            sends(
                HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"c\r\n',
                b'6\r\nount":\r\n',
                b"2\r\n3}\r\n0\r\n\r\n",
            ),
            1,
        ),
        (sends(b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + LENGTH, BODY), 1),
        (sends(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + LENGTH + BODY), 1),
        (sends(*(bytes([one]) for one in HEAD + LENGTH + BODY)), 1),
        (sends(HEAD + b"Connection: close\r\n" + LENGTH + BODY), 2),
        (sends(HEAD + b"\r\n" + BODY[:4], BODY[4:], closes=True), 2),
        (sends(HEAD.replace(b"1.1", b"1.0") + LENGTH + BODY), 2),
    ],
    ids=["chunks", "continue", "continue-at-once", "bytes", "close", "no-length", "http-1.0"],
)
def test_each_form_of_an_answer_is_read(reply: Reply, connections: int) -> None:
    with served(reply) as (port, counts):
        connection = to(port)
        for _ in range(2):
            assert connection.request("GET", "x/_count") == {"count": 3}
        assert len(counts) == connections


def test_an_answer_to_a_head_request_has_no_body_whatever_its_length_says() -> None:
    with served(sends(HEAD + LENGTH)) as (port, counts):
        connection = to(port)
        assert connection.exists("x")
        assert connection.exists("x")
        assert len(counts) == 1


def test_what_is_no_answer_of_http_is_an_outage() -> None:
    with (
        served(sends(b"SSH-2.0-OpenSSH_9.2\r\n")) as (port, _),
        pytest.raises(SearchUnavailable, match="does not answer"),
    ):
        to(port).request("GET", "x/_count")


def test_an_answer_that_trickles_is_late_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.adapters.search.cluster_connection.REQUEST_TIMEOUT", 0.3)
    slowly = sends(HEAD + b"Content-Length: 500\r\n\r\n", *[b" "] * 200)
    with served(slowly) as (port, _):
        began = time.monotonic()
        with pytest.raises(SearchUnavailable, match="TimeoutError"):
            to(port).request("GET", "x/_count")
        assert time.monotonic() - began < 1.5
