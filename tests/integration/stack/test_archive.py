"""The archive of a deployed stack: its queues are drained, and its API answers over HTTP."""

import json
import re
import uuid
from typing import Any
from urllib.parse import quote, urlencode

import boto3
import pytest

from tests.integration.stack.conftest import DeployedStack
from tests.signed_request import address_of, ask

TABLE = "market.sellers"


@pytest.fixture(scope="module")
def seller(stack: DeployedStack) -> int:
    """A row with a past of three changes, all of them in the table."""
    with stack.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO market.sellers (name, email, country, joined) "
            "VALUES ('a', %s, 'DE', '2026-01-01')",
            (own_email(),),
        )
        id = int(cursor.lastrowid)
        for name in ("b", "c' OR '1'='1"):
            cursor.execute("UPDATE market.sellers SET name = %s WHERE id = %s", (name, id))

    def archived() -> bool:
        stack.rowline("archive", "commit")
        found = json.loads(stack.rowline("history", TABLE, str(id), "--json").stdout)
        return len(found["changes"]) == 3

    stack.wait("the changes are in the table", archived)
    return id


def own_email() -> str:
    return f"{uuid.uuid4().hex}@example.org"


@pytest.fixture(scope="module")
def api(stack: DeployedStack) -> str:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName="rowline-local")["Stacks"]
    (url,) = (
        each["OutputValue"] for each in found["Outputs"] if each["OutputKey"] == "HistoryApiUrl"
    )
    match = re.match(r"https://(\w+)\.execute-api\.", url)
    assert match
    return address_of(match[1])


def asked(api: str, path: str, **given: str) -> tuple[int, Any]:
    """The answer, after as many polls as it takes."""
    where = f"{path}?{urlencode(given, quote_via=quote)}"
    for _ in range(60):
        status, body = ask(f"{api}{where}", "test")
        told = json.loads(body)
        if status != 202:
            return status, told
        where = told["poll"]
    raise AssertionError(f"{path} is not answered: {told}")


def test_the_audit_of_what_the_drains_brought_is_complete(
    stack: DeployedStack, seller: int
) -> None:
    assert ", complete" in stack.rowline("archive", "audit").stdout


def test_the_api_answers_what_the_command_answers(
    stack: DeployedStack, api: str, seller: int
) -> None:
    status, told = asked(api, "/history", table=TABLE, key=str(seller))
    assert status == 200
    assert [each["operation"] for each in told["changes"]] == ["create", "update", "update"]
    assert told["archived_through"]
    status, told = asked(api, "/row", table=TABLE, key=str(seller), at="2099-01-01T00:00:00Z")
    assert (status, told["row"]["name"]) == (200, "c' OR '1'='1")
    status, told = asked(api, "/snapshots", table=TABLE)
    assert (status, told["table"], told["next"]) == (200, TABLE, None)


@pytest.mark.parametrize(
    "given",
    [
        {"table": f"{TABLE}' OR '1'='1", "key": "1"},
        {"table": f"{TABLE}; DROP TABLE changes", "key": "1"},
        {"table": TABLE, "key": "1", "at": "2026-01-01' OR true --"},
        {"table": TABLE, "key": "1' OR '1'='1"},
        {"table": TABLE},
        {"table": TABLE, "key": "1", "where": "1=1"},
    ],
    ids=str,
)
def test_bad_input_is_a_problem_of_the_caller(api: str, given: dict[str, str]) -> None:
    status, told = asked(api, "/row" if "at" in given else "/history", **given)
    if status == 200:  # a value like any other
        assert told["changes"] == []
    else:
        assert (status, sorted(told)) == (400, ["detail", "status", "title", "type"])


def test_without_a_signature_it_answers_nothing(api: str) -> None:
    assert ask(f"{api}/openapi.json")[0] == 403
    assert ask(f"{api}/openapi.json", "test")[0] == 200
