"""The history API: its answers, its problems, and questions that outlast a request."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from shared.adapters.athena.contract import Execution
from shared.flows.history.api import app
from shared.flows.history.api.app import application
from shared.flows.history.api.routes import ROUTES
from shared.flows.history.history_setup import HistorySetup
from shared.values.errors import StateUnavailable
from tests.unit.test_history import key_text, opened
from tests.worlds.past_world import PastWorld

AT = "2026-01-01T00:10:00Z"
ApiAnswer = tuple[int, dict[str, Any], dict[str, str]]
Ask = Callable[..., ApiAnswer]


@pytest.fixture(scope="module")
def world() -> PastWorld:
    return PastWorld(7).run(120)


@pytest.fixture(scope="module")
def setup(world: PastWorld) -> HistorySetup:
    return opened(world)


@pytest.fixture
def get(setup: HistorySetup) -> Ask:
    return asking(lambda: setup)


def asking(setup: Callable[[], HistorySetup], wait: float = 10) -> Ask:
    resolver = application(setup, wait)

    def ask(path: str, **given: str) -> ApiAnswer:
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {},
            "queryStringParameters": given or None,
            "requestContext": {"http": {"method": "GET", "path": path}, "stage": "$default"},
            "isBase64Encoded": False,
        }
        found = resolver.resolve(event, object())
        headers = {name.lower(): value for name, value in found["headers"].items()}
        return found["statusCode"], json.loads(found["body"]), headers

    return ask


def test_a_rows_history_and_the_row_at_a_time(get: Ask, world: PastWorld) -> None:
    key = min(world.keys)
    status, told, _ = get("/history", table="listings", key=key_text(key))
    assert status == 200
    assert [each["n"] for each in told["changes"] if each["operation"] != "truncate"] == [
        row["n"] for row in world.rows if row["key"] == key_text(key)
    ]
    assert told["archived_through"][0]["n"] == world.rows[-1]["n"]
    status, told, _ = get("/row", table="listings", key=key_text(key), at=AT)
    assert (status, told["state"] in ("exists", "absent")) == (200, True)


@pytest.mark.parametrize("minutes", [2, 10, 30])
def test_pages_of_a_table_at_a_time_have_each_row_once(
    get: Ask, world: PastWorld, minutes: int
) -> None:
    at_ms = world.past[0][0] + minutes * 60_000
    at = f"2026-01-01T00:{minutes:02}:00Z"
    at_ms = 1_767_225_600_000 + minutes * 60_000
    found, page = {}, ""
    while True:
        paged = {"page": page} if page else {}
        status, told, _ = get("/rows", table="listings", at=at, limit="2", **paged)
        assert status == 200
        assert len(told["rows"]) <= 2
        for each in told["rows"]:
            assert each["key"] not in found
            found[each["key"]] = each["row"]
        page = told["next"]
        if not page:
            break
    expected = {key for key in world.keys if world.true_row(key, at_ms) is not None}
    assert set(found) == {key_text(key) for key in expected}


def test_changes_of_a_while_and_of_a_transaction(get: Ask, world: PastWorld) -> None:
    since, until = "2026-01-01T00:05:00Z", "2026-01-01T00:20:00Z"
    found: list[int] = []
    page = ""
    while True:
        paged = {"page": page} if page else {}
        given = {"table": "listings", "from": since, "to": until, "limit": "7", **paged}
        _, told, _ = get("/changes", **given)
        found += [each["n"] for each in told["changes"]]
        page = told["next"]
        if not page:
            break
    inside = [
        row["n"]
        for row in world.rows
        if since <= row["committed_at"].isoformat()[:19] + "Z" < until
    ]
    assert found == inside
    many = max(world.rows, key=lambda row: row["tx_index"])["tx_id"]
    _, told, _ = get("/transaction", id=many)
    assert [each["n"] for each in told["changes"]] == [
        row["n"] for row in world.rows if row["tx_id"] == many
    ]


ODD = ["'; DROP TABLE changes --", "x' OR '1'='1", '"', "😀" * 100, "x" * 9_001, "\\", "%00"]
ODD += ["000000001" + "0" * 5_000, "²", '{"id":' + "[" * 7_000, "W10" * 10]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_odd_values_are_values_or_problems(get: Ask, route: Any, odd: str) -> None:
    good = {
        "table": "listings",
        "key": '{"tenant":"x","id":1}',
        "at": AT,
        "from": "2026-01-01T00:00:00Z",
        "to": AT,
        "id": "bin.1:1",
        "limit": "10",
        "page": "",
    }
    names = [each.name for each in route.parameters]
    usual = {name: good[name] for name in names if good[name]}
    for name in names:
        status, told, headers = get(route.path, **{**usual, name: odd})
        if status == 200:
            assert not told.get("row")
            continue
        assert 400 <= status < 500
        assert headers["content-type"] == "application/problem+json"
        assert told["status"] == status
        assert told["title"]
        assert told["detail"]


@pytest.mark.parametrize(
    ("path", "given", "status", "says"),
    [
        ("/history", {"table": "listings"}, 400, "'key'.*missing"),
        ("/history", {"table": "nothing", "key": "1"}, 400, "market.listings"),
        ("/row", {"table": "listings", "key": "x,1", "at": "2026-01-01T00:00:00"}, 400, "zone"),
        ("/rows", {"table": "listings", "at": AT, "limit": "0"}, 400, "limit"),
        ("/rows", {"table": "listings", "at": AT, "limit": "1001"}, 400, "limit"),
        ("/rows", {"table": "listings", "at": AT, "page": "zz"}, 400, "page"),
        ("/rows", {"table": "listings", "at": AT, "colour": "red"}, 400, "colour"),
        ("/changes", {"table": "listings", "from": AT, "to": AT}, 400, "before"),
        ("/snapshots", {}, 400, "'table'.*missing"),
        ("/snapshots", {"table": "nothing"}, 400, "market.listings"),
        ("/snapshots", {"table": "listings", "page": "zz"}, 400, "page"),
        ("/nothing", {}, 404, "/history"),
        ("/", {}, 404, "/openapi.json"),
    ],
)
def test_a_wrong_question_is_a_problem_that_says_what_to_do(
    get: Ask, path: str, given: dict[str, str], status: int, says: str
) -> None:
    found, told, headers = get(path, **given)
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    assert re.search(says, told["detail"])


def test_a_long_question_is_asked_again_and_runs_once(world: PastWorld) -> None:
    slow = opened(world)
    athena: Any = slow.athena
    running: set[str] = set()
    was = athena.poll

    def poll(query: str) -> Execution:
        if query in running:
            return Execution("running")
        found: Execution = was(query)
        return found

    athena.poll = poll
    started = len(athena.asked)
    running.update({"query-1", "query-2"})
    get = asking(lambda: slow, wait=0)
    key = key_text(min(world.keys))
    status, told, headers = get("/history", table="listings", key=key)
    assert (status, told["status"], headers["location"]) == (202, "running", told["poll"])
    assert int(headers["retry-after"]) > 0
    path, _, query = told["poll"].partition("?")
    again = dict(parse_qsl(query))
    assert get(path, **again)[1]["poll"] == told["poll"]
    assert len(athena.asked) == started + 1
    running.clear()
    status, told, _ = get(path, **again)
    assert (status, bool(told["changes"])) == (200, True)
    parts = {sql for sql, _ in athena.asked}
    assert len(athena.asked) == len(parts)  # each query was started once


def test_an_outage_is_503_and_a_failed_query_422(setup: HistorySetup) -> None:
    def down() -> HistorySetup:
        raise StateUnavailable("AWS did not answer.", thing="table", hint="Again.")

    status, told, headers = asking(down)("/history", table="listings", key="x,1")
    assert (status, "retry-after" in headers, told["status"]) == (503, True, 503)

    class Failing:
        def __getattr__(self, name: str) -> Any:
            return getattr(setup.athena, name)

        def poll(self, _query: str) -> Execution:
            return Execution("failed", "GENERIC_INTERNAL_ERROR")

    broken = replace(setup, athena=Failing())  # type: ignore[arg-type]
    assert asking(lambda: broken)("/history", table="listings", key="x,1")[0] == 422


def test_an_answer_beyond_lambdas_limit_is_a_problem(
    get: Ask, world: PastWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "MOST_BYTES", 100)
    status, told, _ = get("/history", table="listings", key=key_text(min(world.keys)))
    assert (status, "pages" in told["detail"]) == (422, True)


def test_the_openapi_document_has_every_question(get: Ask) -> None:
    status, told, _ = get("/openapi.json")
    assert (status, told["openapi"]) == (200, "3.1.0")
    assert set(told["paths"]) == {route.path for route in ROUTES}
    for route in ROUTES:
        operation = told["paths"][route.path]["get"]
        names = {each["name"]: each["required"] for each in operation["parameters"]}
        assert names == {each.name: each.required for each in route.parameters} | {"asked": False}
        assert {"200", "202", "400", "403"} <= operation["responses"].keys()
