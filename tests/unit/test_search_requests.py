"""Requests to Elasticsearch: their form, and what becomes of each kind of answer."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from shared.adapters.search.cluster_connection import Connection, names
from shared.adapters.search.contract import Action
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.values.errors import SearchError, SearchUnavailable


class Cluster(ThreadingHTTPServer):
    """Answers as it is told. asked: method, path, headers and body of each request.

    most: bytes that a request may have; it writes what is not larger. 0: it answers as it is told.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[tuple[int, Any]] = []
        self.product = "Elasticsearch"
        self.connections = 0
        self.most = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1  # type: ignore[attr-defined]

    def answer(self) -> None:
        cluster: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        cluster.asked.append((self.command, self.path, dict(self.headers), body))
        status, said = cluster.answers.pop(0) if cluster.answers else (200, {})
        if cluster.most and self.command == "PUT":
            written = [{"index": {"status": 201}}] * (body.count(b"\n") // 2)
            status, said = (413, None) if len(body) > cluster.most else (200, {"items": written})
        text = b"" if self.command == "HEAD" else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", cluster.product)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    server = Cluster()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_login_in_the_address_is_sent_and_stays_out_of_errors(cluster: Cluster) -> None:
    url = cluster.url.replace("://", "://ann:p%40ss@")
    connection = Connection({"url": url}, None)
    connection.request("GET", "x/_count")
    connection.get("x")
    login = "Basic " + base64.b64encode(b"ann:p@ss").decode()
    assert [headers["Authorization"] for _, _, headers, _ in cluster.asked] == [login, login]
    cluster.answers = [(400, {"error": {"type": "bad", "reason": "no"}})]
    with pytest.raises(SearchError, match="answered 400: bad: no") as refused:
        connection.request("GET", "x/_count")
    assert "p%40ss" not in str(refused.value)


def test_connections_are_kept_and_opened_again_for_other_credentials(cluster: Cluster) -> None:
    fresh = {"url": cluster.url, "api_key": "new"}
    connection = Connection({"url": cluster.url, "api_key": "old"}, lambda: fresh)
    for _ in range(3):
        connection.request("GET", "x/_count")
    assert cluster.connections == 1
    cluster.answers = [(401, {"error": "who?"})]
    connection.request("GET", "x/_count")
    assert [each[2]["Authorization"] for each in cluster.asked[-2:]] == ["ApiKey old", "ApiKey new"]
    cluster.answers = [(401, {"error": "who?"})]
    with pytest.raises(SearchError, match="answered 401: who"):  # asked less than a minute ago
        connection.request("GET", "x/_count")


def test_what_is_not_a_search_engine_gets_no_data(cluster: Cluster) -> None:
    cluster.product = "Something"
    with pytest.raises(SearchError, match="is neither Elasticsearch nor OpenSearch"):
        Connection({"url": cluster.url}, None).request("GET", "x/_count")


OPENSEARCH = {"version": {"distribution": "opensearch", "number": "2.19.6"}}


def test_opensearch_is_known_by_its_root_and_asked_in_its_own_types(cluster: Cluster) -> None:
    cluster.product = "none"
    cluster.answers = [
        (406, {"error": "Content-Type header is not supported"}),
        (200, OPENSEARCH),
        (200, {"items": []}),
    ]
    connection = Connection({"url": cluster.url}, None)
    assert connection.request("PUT", "_bulk", b"{}\n") == {"items": []}
    connection.request("GET", "x/_count")
    asked = [(path, headers.get("Content-Type", "")) for _, path, headers, _ in cluster.asked]
    assert asked == [
        ("/_bulk", "application/vnd.elasticsearch+x-ndjson; compatible-with=8"),
        ("/", ""),
        ("/_bulk", "application/x-ndjson"),
        ("/x/_count", ""),
    ]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503, 504])
def test_what_stands_before_a_cluster_does_not_tell_the_product(
    cluster: Cluster, status: int
) -> None:
    cluster.product, cluster.answers = "none", [(status, {"error": "not now"})]
    connection = Connection({"url": cluster.url}, None)
    with pytest.raises((SearchError, SearchUnavailable), match=f"answered {status}"):
        connection.request("GET", "x/_count")
    assert len(cluster.asked) == 1
    cluster.product = "Elasticsearch"
    connection.request("GET", "x/_count")
    assert len(cluster.asked) == 2


@pytest.mark.parametrize(
    ("kind", "hint"),
    [("cluster_block_exception", "index.blocks"), ("security_exception", "api_key")],
)
def test_a_block_of_writes_is_not_taken_for_a_wrong_login(
    cluster: Cluster, kind: str, hint: str
) -> None:
    cluster.answers = [(403, {"error": {"type": kind, "reason": "FORBIDDEN"}})]
    with pytest.raises(SearchError, match=hint):
        Connection({"url": cluster.url}, None).request("PUT", "_bulk", b"")


@pytest.mark.parametrize(
    ("product", "root", "version", "error"),
    [
        ("Elasticsearch", {}, "7.17.3", "is Elasticsearch 7.17.3. Upgrade to 8"),
        ("none", OPENSEARCH, "1.3.20", "is OpenSearch 1.3.20. Upgrade to 2"),
        ("Elasticsearch", {}, "9.2.0", ""),
        ("none", OPENSEARCH, "2.19.6", ""),
        ("none", OPENSEARCH, "3.6.0", ""),
    ],
)
def test_a_version_that_is_too_old_is_refused(
    cluster: Cluster, product: str, root: Any, version: str, error: str
) -> None:
    docs, nodes = (200, {"docs": []}), (200, {"nodes": {"n1": {"version": version}}})
    cluster.product = product
    cluster.answers = [docs, (200, root), docs, nodes] if root else [docs, nodes]
    search = ElasticsearchSearch({"url": cluster.url})
    if error:
        with pytest.raises(SearchError, match=error):
            search.version()
    else:
        assert search.version() == version


@pytest.mark.parametrize("status", [429, 502, 503])
def test_an_overloaded_cluster_is_unavailable(cluster: Cluster, status: int) -> None:
    cluster.answers = [(status, {"error": {"type": "busy", "reason": "later"}})]
    with pytest.raises(SearchUnavailable, match=f"answered {status}: busy: later"):
        ElasticsearchSearch({"url": cluster.url}).bulk([Action("x", "1", 1, {"a": 1})])


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("no_shard_available_action_exception", SearchUnavailable),
        ("circuit_breaking_exception", SearchUnavailable),
        ("security_exception", SearchError),
    ],
)
def test_a_document_that_is_not_read_for_the_moment_ends_no_job(
    cluster: Cluster, kind: str, error: type[Exception]
) -> None:
    cluster.answers = [(200, {"docs": [{"_id": "1", "error": {"type": kind}}]})]
    with pytest.raises(error, match=kind):
        ElasticsearchSearch({"url": cluster.url}).versions("listings", ["1"])


def test_a_listing_without_some_shards_is_tried_again(cluster: Cluster) -> None:
    cluster.answers = [(200, {})] * 2 + [(200, {"_shards": {"failed": 1}, "_scroll_id": "s"})]
    with pytest.raises(SearchUnavailable):
        list(ElasticsearchSearch({"url": cluster.url}).scan("listings"))


def test_a_bulk_request_has_lines_and_says_what_it_wants_to_hear(cluster: Cluster) -> None:
    cluster.answers = [(200, {"items": [{"index": {"status": 201}}]})]
    (result,) = ElasticsearchSearch({"url": cluster.url}).bulk([Action("x", "1", 7, {"a": "é"})])
    assert result.kind == "applied"
    ((method, path, headers, body),) = cluster.asked
    assert (method, path.partition("?")[0]) == ("PUT", "/_bulk")
    assert "require_alias=true" in path
    assert headers["Content-Type"] == "application/vnd.elasticsearch+x-ndjson; compatible-with=8"
    assert body.endswith('{"a":"é"}\n'.encode())
    assert len(body.splitlines()) == 2


def test_names_are_parts_of_a_path() -> None:
    assert names("a/b", "c?d", "ü") == "a%2Fb,c%3Fd,%C3%BC"


@pytest.mark.parametrize("said", [None, [], {}, {"items": [{"index": {"status": 200}}]}])
def test_an_answer_that_is_none_of_a_cluster_is_an_outage(cluster: Cluster, said: Any) -> None:
    search = ElasticsearchSearch({"url": cluster.url})
    cluster.answers = [(200, {"items": [{"index": {"status": 201}}]}), (200, said)]
    search.bulk([Action("x", "1", 1, {})])
    with pytest.raises(SearchUnavailable, match="answered 200"):
        search.bulk([Action("x", "1", 1, {}), Action("x", "2", 1, {})])


def test_a_document_above_the_limit_of_a_request_is_refused_alone(cluster: Cluster) -> None:
    cluster.most = 400
    bodies = [{"a": "x"}, {"a": "y" * 500}, {"a": "x"}, {"a": "x" * 100}]
    actions = [Action("x", str(n), 1, body) for n, body in enumerate(bodies)]
    results = ElasticsearchSearch({"url": cluster.url}).bulk(actions)
    assert [one.kind for one in results] == ["applied", "refused", "applied", "applied"]
    assert results[1].reason.startswith("request_too_large: ")
