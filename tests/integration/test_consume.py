"""The consumer's function as Lambda calls it (long: one subject), with a real Elasticsearch."""

import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from moto import mock_aws

from shared.adapters.search.cluster_connection import Connection
from shared.adapters.search.contract import Action
from shared.adapters.search.elasticsearch import ElasticsearchSearch
from shared.adapters.state.dynamodb import open_state
from shared.values.change import Change
from shared.values.errors import ConfigError, SearchError, SearchUnavailable
from shared.values.message import decode
from shared.values.settings import StageSettings
from shared.values.table import Column, Table
from tests.aws_setup import create_state_table, pretend_login
from tests.worlds.consumer_world import STREAM, TABLE, change, consumer_settings, delivery, layout


class ConsumeContext:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class DeployedFunction:
    """The function and its surroundings."""

    def __init__(self, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.alias = f"t-{uuid.uuid4().hex[:8]}-{{table}}"
        pretend_login(monkeypatch)
        self.sqs, dynamodb = boto3.client("sqs"), boto3.client("dynamodb")
        fifo = {"FifoQueue": "true"}
        queue = self.sqs.create_queue(QueueName="q.fifo", Attributes=fifo)["QueueUrl"]
        create_state_table("state", dynamodb)
        boto3.client("secretsmanager").create_secret(
            Name="s", SecretString=json.dumps({"url": url})
        )
        consumer = consumer_settings(alias=self.alias)
        (folder / "rowline.json").write_bytes(
            msgspec.json.encode(StageSettings("shop", "test", {}, {"search": consumer}))
        )
        environment = {
            "LAMBDA_TASK_ROOT": str(folder),
            "ROWLINE_SERVICE": "shop",
            "ROWLINE_STAGE": "test",
            "ROWLINE_CONSUMER": "search",
            "ROWLINE_STATE_TABLE": "state",
            "ROWLINE_CLAIMS_BUCKET": "claims",
            "ROWLINE_QUEUE_URL": queue,
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        self.state = open_state(dynamodb, "state")
        self.state.schemas.version_of(STREAM, TABLE)
        self.search = ElasticsearchSearch({"url": url})
        from handlers import consume

        for cached in (consume._consume, consume.stage):
            cached.cache_clear()
        self._handle = consume.handle

    def handle(self, *messages: list[Change]) -> list[str]:
        records = []
        for changes in messages:
            one = delivery(changes)
            records.append(
                {
                    "messageId": one.message_id,
                    "receiptHandle": "r",
                    "body": one.body,
                    "attributes": {
                        "ApproximateReceiveCount": "1",
                        "MessageGroupId": "g",
                        "MessageDeduplicationId": one.deduplication_id,
                    },
                    "messageAttributes": {
                        name: {"stringValue": value, "dataType": "String"}
                        for name, value in one.attributes.items()
                    },
                }
            )
        return [
            failure["itemIdentifier"]
            for failure in self._handle({"Records": records}, ConsumeContext())["batchItemFailures"]
        ]

    def documents(self) -> dict[str, dict[str, Any]]:
        alias = self.alias.replace("{table}", "items")
        return {
            id: held.body
            for id, held in self.search.get(
                alias, [one.id for one in self.search.scan(alias)]
            ).items()
        }


@pytest.fixture
def deployed(
    elasticsearch: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeployedFunction]:
    with mock_aws():
        yield DeployedFunction(elasticsearch.url, tmp_path, monkeypatch)


def test_a_batch_from_the_queue_to_the_index(
    deployed: DeployedFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        deployed.handle(
            [change(1, "c", 1, price=1), change(2, "c", 2, price=2)],
            [change(3, "d", 1, price=1), change(4, "u", 2, price=4)],
        )
        == []
    )
    assert deployed.documents() == {"2": {"id": 2, "price": 4}}
    mark = deployed.state.marks.read("search", ["g"]).marks["g"]
    assert (mark.seq, mark.count) == (4, 4)
    lines = [
        json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")
    ]
    (figures,) = [line for line in lines if "_aws" in line]
    assert (figures["ChangesApplied"], figures["consumer"], figures["service"]) == (
        [4.0],
        "search",
        "shop-test",
    )
    assert figures["LagMs"][0] > 0


def test_what_the_index_refuses_is_parked_without_its_values_in_the_log(
    deployed: DeployedFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        deployed.handle(
            [
                change(1, "c", 1, price=1),
                change(2, "c", 2, price={"secret": "s3cr3t"}),
                change(3, "c", 3, price=3),
            ]
        )
        == []
    )
    assert set(deployed.documents()) == {"1", "3"}
    (parked,) = deployed.state.parked.all("search")
    assert (parked.id, parked.error) == ("tx/2", "document_parsing_exception")
    assert "s3cr3t" not in parked.reason
    body = deployed.state.parked.body("search", parked)
    assert body is not None
    assert [one.id for one in decode(body).changes] == ["tx/2"]
    output = capsys.readouterr()
    assert "s3cr3t" not in output.out + output.err


COLUMNS = [
    (Column("id", "bigint", unsigned=True), 2**64 - 1, None),
    (Column("n", "int"), -5, {"term": {"n": -5}}),
    (
        Column("price", "decimal", length=65, scale=30),
        "12345678901234567890.123456789012345678901234567890",
        {"range": {"price": {"gt": 1}}},
    ),
    (Column("f", "float"), 0.1, {"range": {"f": {"gte": 0.09, "lte": 0.11}}}),
    (Column("born", "date"), "0001-01-01", {"range": {"born": {"lt": "0002-01-01"}}}),
    (
        Column("end", "datetime", scale=6),
        "9999-12-31T23:59:59.999999",
        {"range": {"end": {"gte": "9999-12-31"}}},
    ),
    (
        Column("at", "timestamp", scale=3),
        "2026-01-02T03:04:05.678Z",
        {"range": {"at": {"gte": "2026-01-02T03:04:05.678Z", "lte": "2026-01-02T03:04:05.678Z"}}},
    ),
    (Column("span", "time"), "-838:59:59", {"term": {"span": "-838:59:59"}}),
    (Column("year", "year"), 2026, {"term": {"year": 2026}}),
    (Column("title", "varchar"), "Grüne Wiese", {"match": {"title": "wiese"}}),
    (Column("long", "longtext"), "x" * 100_000, {"exists": {"field": "long"}}),
    (Column("kind", "enum"), "a b", {"term": {"kind": "a b"}}),
    (
        Column("uuid", "uuid"),
        "123e4567-e89b-12d3-a456-426614174000",
        {"term": {"uuid": "123e4567-e89b-12d3-a456-426614174000"}},
    ),
    (Column("ip", "inet6"), "2001:db8::1", {"term": {"ip": "2001:db8::/32"}}),
    (Column("doc", "json"), [1, {"a.b": None}, "x"], None),
    (
        Column("bin", "binary", length=16),
        "AAECAwQFBgcICQoLDA0ODw==",
        {"term": {"bin": "AAECAwQFBgcICQoLDA0ODw=="}},
    ),
    (Column("raw", "longblob"), "AAEC" * 50_000, None),
    (Column("geo", "geometry"), "SRID=4326;POINT(1 2)", {"term": {"geo": "SRID=4326;POINT(1 2)"}}),
    (
        Column("shape", "geometry"),
        f"LINESTRING({','.join(f'{n} {n}' for n in range(20_000))})",
        None,
    ),
    (Column("vec", "vector"), [0.5, 1.5], None),
    (Column("none", "int"), None, None),
]


def test_every_kind_of_column_is_kept_exactly_and_found(elasticsearch: Any) -> None:
    alias = f"t-{uuid.uuid4().hex[:8]}"
    search = ElasticsearchSearch({"url": elasticsearch.url})
    search.ensure_index(
        alias,
        layout().definition(
            Table("shop", "all", tuple(column for column, _, _ in COLUMNS), ("id",))
        ),
    )
    row = {column.name: value for column, value, _ in COLUMNS}
    assert [
        result.kind
        for result in search.bulk([Action(alias, "1", 1, row), Action(alias, "2", 2, {"n": 1})])
    ] == ["applied", "applied"]
    assert search.get(alias, ["1"])["1"].body == row
    assert len(list(search.scan(alias))) == 2
    for column, _, query in COLUMNS:
        if query is not None:
            found = elasticsearch.request(
                "POST", f"/{alias}/_search", {"query": query, "_source": False}
            )["hits"]["hits"]
            assert [hit["_id"] for hit in found] == ["1"], column.name
    changed_type = search.bulk(
        [Action(alias, "3", 3, {"n": "now text", "born": 5, "ip": "no address", "f": "x"})]
    )
    assert changed_type[0].kind == "applied"


def test_a_secured_cluster_by_ca_and_password_that_was_rotated(secured_elasticsearch: Any) -> None:
    server = secured_elasticsearch
    good = {
        "url": server.url,
        "username": server.user,
        "password": server.password,
        "ca_certificate": server.ca_certificate,
    }
    asked: list[int] = []

    def refresh() -> dict[str, str]:
        asked.append(1)
        return good

    search = ElasticsearchSearch({**good, "password": "old"}, refresh)
    search.ensure_index("t-secured", {})
    assert search.get("t-secured", ["1"]) == {}
    assert len(asked) == 1
    with pytest.raises(SearchError, match="answered 401") as refused:
        ElasticsearchSearch({**good, "password": "wr0ng"}).ensure_index("t-secured", {})
    assert "wr0ng" not in str(refused.value)
    with pytest.raises(SearchError, match="cannot be verified"):
        ElasticsearchSearch({**good, "ca_certificate": ""}).ensure_index("t-secured", {})


def test_nobody_listens() -> None:
    with pytest.raises(SearchUnavailable, match=r"127\.0\.0\.1:9: does not answer"):
        ElasticsearchSearch({"url": "http://127.0.0.1:9"}).get("x", ["1"])


def test_the_secret_shows_nowhere() -> None:
    connection = Connection({"url": "https://h", "username": "u", "password": "s3cr3t"}, None)
    assert "s3cr3t" not in repr(connection._access) + str(vars(connection))


def test_a_server_that_accepts_and_says_nothing_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.adapters.search.cluster_connection.REQUEST_TIMEOUT", 0.2)
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        pytest.raises(SearchUnavailable, match="TimeoutError"),
    ):
        ElasticsearchSearch({"url": f"http://127.0.0.1:{silent.getsockname()[1]}"}).bulk(
            [Action("x", "1", 1, {})]
        )


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ({}, "missing required field `url`"),
        ({"url": "nowhere"}, "is no address of Elasticsearch"),
        ({"url": "https://h", "ca_certificate": "nonsense"}, "is no certificate"),
    ],
)
def test_a_secret_that_cannot_be_used_is_explained(secret: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ElasticsearchSearch(secret).get("x", ["1"])
