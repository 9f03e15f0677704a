"""Athena: the twin and boto3 against the emulator obey the same contract."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.config import Config

from shared.adapters import aws as clients
from shared.adapters.athena.athena import AwsAthena
from shared.adapters.athena.contract import Athena, QueryError, literal, text_parameters
from shared.domain.athena_query import ask, rows
from tests.worlds.changes_table import ChangesTable, Row, sample
from tests.worlds.twins.athena import MemoryAthena

BEGAN = datetime(2026, 1, 1)
ROWS: list[Row] = [
    sample(n, key=f'{{"id":{n % 3}}}', committed_at=BEGAN + timedelta(seconds=n))
    for n in range(1, 13)
]
ODD = ["it's", "'; DROP TABLE changes --", "?", "a\nb", "\\' OR 1=1", "%", "ü😀", "x' , 'y", "''"]


@pytest.fixture(scope="module")
def emulated(emulator: Any) -> Iterator[Athena]:
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("AWS_PROFILE", raising=False)
        for name, value in emulator.environment().items():
            patched.setenv(name, value)
        name = f"t_{uuid.uuid4().hex[:10]}"
        bucket = name.replace("_", "-")
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        boto3.client("glue").create_database(DatabaseInput={"Name": name})
        place = {"OutputLocation": f"s3://{bucket}/results/"}
        boto3.client("athena").create_work_group(
            Name=name, Configuration={"ResultConfiguration": place}
        )
        table = ChangesTable(bucket, name)
        table.append(ROWS + [sample(100 + n, key=text) for n, text in enumerate(ODD)])
        yield AwsAthena(clients.client, name, name)


@pytest.fixture(params=["memory", "athena"])
def athena(request: pytest.FixtureRequest) -> Athena:
    if request.param == "memory":
        twin = MemoryAthena()
        twin.append(ROWS + [sample(100 + n, key=text) for n, text in enumerate(ODD)])
        return twin
    found: Athena = request.getfixturevalue("emulated")
    return found


def asked(athena: Athena, sql: str, *parameters: Any) -> list[tuple[str | None, ...]]:
    return list(rows(athena, ask(athena, sql, parameters).id))


def test_parameters_are_bound_in_order(athena: Athena) -> None:
    found = asked(
        athena,
        'SELECT n, "key" FROM changes WHERE "key" = ? AND n > ? AND committed_at <= ? ORDER BY n',
        '{"id":1}',
        1,
        BEGAN + timedelta(seconds=7),
    )
    assert found == [("4", '{"id":1}'), ("7", '{"id":1}')]


def test_a_time_of_another_zone_is_the_same_time(athena: Athena) -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    at = (BEGAN + timedelta(seconds=3)).replace(tzinfo=UTC).astimezone(zone)
    found = asked(athena, "SELECT count(*) FROM changes WHERE committed_at < ? AND n < ?", at, 100)
    assert found == [("2",)]


@pytest.mark.parametrize("text", ODD)
def test_a_text_is_only_ever_a_value(athena: Athena, text: str) -> None:
    sql, parameters = text_parameters(text)
    found = asked(athena, f'SELECT "key" FROM changes WHERE "key" = {sql}', *parameters)
    assert found == [(text,)]
    assert asked(athena, "SELECT count(*) FROM changes") == [(str(len(ROWS) + len(ODD)),)]


def test_a_long_text_is_cut_into_parameters(athena: Athena) -> None:
    long = "ü'" * 2000
    sql, parameters = text_parameters(long)
    assert len(parameters) > 1
    assert "".join(parameters) == long
    assert asked(athena, f'SELECT n FROM changes WHERE "key" = {sql}', *parameters) == []
    with pytest.raises(QueryError, match="1,024 bytes"):
        literal(long)


def test_pages_have_each_row_once(athena: Athena) -> None:
    done = ask(athena, "SELECT n FROM changes WHERE n < ? ORDER BY n", [100])
    found, page, pages = [], "", 0
    while True:
        one = athena.results(done.id, page, 5)
        assert one.columns == ("n",)
        assert len(one.rows) <= 5
        found += [row[0] for row in one.rows]
        page, pages = one.next, pages + 1
        if not page:
            break
    assert (found, pages) == ([str(n) for n in range(1, 13)], 3)
    assert len(list(rows(athena, done.id, most=7))) == 7


def test_a_token_starts_a_query_once(athena: Athena) -> None:
    token = uuid.uuid4().hex
    sql = "SELECT count(*) FROM changes WHERE n > ?"
    one, two = (athena.start(sql, [0], token) for _ in range(2))
    assert one == two != athena.start(sql, [0])


def test_null_is_none_and_values_are_text(athena: Athena) -> None:
    found = asked(
        athena,
        'SELECT "before", tx_last, committed_at, n FROM changes WHERE n = ?',
        1,
    )
    assert found == [(None, "true", "2026-01-01 00:00:01.000000", "1")]


def test_scanned_bytes_are_counted(athena: Athena) -> None:
    done = ask(athena, "SELECT sum(n) FROM changes")
    assert done.scanned > 0


@pytest.mark.parametrize(
    ("sql", "parameters"),
    [
        ("SELECT n FROM changes WHERE n = ?", []),
        ("SELECT n FROM changes WHERE n = ?", [1, 2]),
        ("SELECT ? FROM changes", [1]),
        ("SELECT 1; SELECT 2", []),
    ],
)
def test_what_athena_refuses_is_an_error(athena: Athena, sql: str, parameters: list[Any]) -> None:
    with pytest.raises(QueryError):
        ask(athena, sql, parameters)


def test_a_query_that_fails_says_why(athena: Athena) -> None:
    with pytest.raises(QueryError, match="nowhere"):
        ask(athena, "SELECT * FROM nowhere")


def test_an_unknown_query_is_an_error(athena: Athena) -> None:
    with pytest.raises(QueryError):
        athena.poll("00000000-0000-0000-0000-000000000000")


def test_only_a_query_over_the_limit_is_cancelled(emulated: Any) -> None:
    # boto3 itself refuses limits below 10 MB.
    client = boto3.client("athena", config=Config(parameter_validation=False))
    name = emulated._workgroup
    client.update_work_group(
        WorkGroup=name, ConfigurationUpdates={"BytesScannedCutoffPerQuery": 20}
    )
    try:
        assert emulated.scan_limit() == 20
        with pytest.raises(QueryError, match="limit was exceeded") as caught:
            ask(emulated, "SELECT * FROM changes")
        assert "scanLimit" in caught.value.hint
        assert asked(emulated, "SELECT count(*) FROM changes")  # reads no column
    finally:
        client.update_work_group(
            WorkGroup=name, ConfigurationUpdates={"BytesScannedCutoffPerQuery": 0}
        )


def test_an_interrupted_query_is_stopped() -> None:
    twin = MemoryAthena()
    stopped: list[str] = []
    twin.stop = stopped.append  # type: ignore[method-assign]

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(twin, "SELECT 1", sleep=interrupt)
    assert stopped == ["query-1"]
