"""Connections to Elasticsearch: kept, closed by the other side, encrypted, cut off."""

import gzip
import json
import socket
import ssl
import threading

import pytest
import trustme

from shared.adapters.search.cluster_connection import Connection
from shared.values.errors import ConfigError, SearchError, SearchUnavailable
from tests.worlds.socket_server import answer, served


def kept(peer: socket.socket) -> bool:
    answer(peer)
    return True


def closed(peer: socket.socket) -> bool:
    """The answer does not say so, as when a load balancer ends an idle connection."""
    answer(peer)
    return False


def to(port: int, scheme: str = "http", **secret: str) -> Connection:
    return Connection({"url": f"{scheme}://localhost:{port}", **secret}, None)


def test_a_connection_that_the_other_side_closed_is_opened_again() -> None:
    with served(closed) as (port, counts):
        connection = to(port)
        for _ in range(3):
            assert connection.request("GET", "x/_count") == {"count": 3}
            _until_closed(connection)
        assert counts == [1, 1, 1]


def _until_closed(connection: Connection) -> None:
    """The end of the connection has arrived here."""
    requests = connection._requests
    assert requests is not None
    (held,) = requests._kept
    assert held.sock.recv(1, socket.MSG_PEEK) == b""


def test_a_connection_that_ends_before_its_answer_is_an_outage() -> None:
    with (
        served(lambda peer: False) as (port, _),
        pytest.raises(SearchUnavailable, match="RemoteDisconnected"),
    ):
        to(port).request("GET", "x/_count")


def test_an_answer_that_is_cut_off_is_an_outage() -> None:
    def cut(peer: socket.socket) -> bool:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        return False

    with served(cut) as (port, _):
        connection = to(port)
        for _ in range(2):
            with pytest.raises(SearchUnavailable, match="IncompleteAnswer"):
                connection.request("GET", "x/_count")


def test_an_answer_that_comes_too_late_is_never_taken_for_another_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.adapters.search.cluster_connection.REQUEST_TIMEOUT", 0.2)
    asked = threading.Semaphore(0)
    late = threading.Event()

    def slow_at_first(peer: socket.socket) -> bool:
        if asked.acquire(blocking=False):
            answer(peer, b'{"count":4}')
        else:
            asked.release()
            late.wait(10)
            answer(peer)
        return True

    with served(slow_at_first) as (port, counts):
        connection = to(port)
        with pytest.raises(SearchUnavailable, match="TimeoutError"):
            connection.request("GET", "x/_count")
        late.set()
        assert connection.request("GET", "x/_count") == {"count": 4}
        assert counts == [1, 1]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def test_an_encrypted_connection_is_verified_compressed_and_kept(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)

    def small(peer: socket.socket) -> bool:
        text = gzip.compress(json.dumps({"count": 5}).encode())
        answer(peer, text, "Content-Encoding: gzip\r\n")
        return True

    with served(small, context) as (port, counts):
        ca = authority.cert_pem.bytes().decode()
        connection = to(port, "https", ca_certificate=ca)
        assert [connection.request("GET", "x/_count")["count"] for _ in range(3)] == [5, 5, 5]
        assert sum(counts) == 3
        with pytest.raises(SearchError, match="certificate that cannot be verified"):
            to(port, "https").request("GET", "x/_count")


def test_a_certificate_of_another_host_is_refused(authority: trustme.CA) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("elsewhere.example").configure_cert(context)
    with served(kept, context) as (port, _):
        ca = authority.cert_pem.bytes().decode()
        with pytest.raises(SearchError, match="certificate that cannot be verified"):
            to(port, "https", ca_certificate=ca).request("GET", "x/_count")


def test_a_handshake_that_is_cut_off_is_an_outage() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        peer, _ = listener.accept()
        peer.recv(4096)  # so that it ends in order, not by a reset
        peer.close()

    threading.Thread(target=hang_up, daemon=True).start()
    with pytest.raises(SearchUnavailable, match="does not answer"):
        to(listener.getsockname()[1], "https").request("GET", "x/_count")
    listener.close()


@pytest.mark.parametrize(
    "url",
    [
        "localhost:9200",
        "ftp://localhost",
        "http://",
        "http://localhost:port",
        "http://localhost:0",
        "http://localhost:99999",
        f"http://{'x' * 64}.example",
        "http://a..example",
    ],
)
def test_an_address_that_is_none_is_a_mistake_of_the_secret(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address of Elasticsearch"):
        Connection({"url": url}, None).request("GET", "x/_count")


@pytest.mark.parametrize("key", ["a\nb", "kéy", "a\r\nX-Other: 1"])
def test_a_key_that_no_header_may_hold_is_a_mistake_of_the_secret(key: str) -> None:
    with pytest.raises(ConfigError, match="no API key") as refused:
        Connection({"url": "http://localhost:9200", "api_key": key}, None).request("GET", "x")
    assert key not in str(refused.value)
