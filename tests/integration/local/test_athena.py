"""What the emulator's Athena must do with its gaps closed, beyond the contract's tests."""

from typing import Any

import boto3
import pytest

from shared.adapters import aws as clients
from shared.adapters.archive_table.glue import GlueArchiveTable
from shared.adapters.athena.athena import AwsAthena
from shared.adapters.athena.contract import QueryError
from shared.domain.athena_query import ask, rows
from tests.worlds.changes_table import ChangesTable, sample


@pytest.fixture
def place(aws: dict[str, str], name: str) -> tuple[AwsAthena, ChangesTable]:
    """A workgroup with a table `changes`, which is empty."""
    database = name.replace("-", "_")
    boto3.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("glue").create_database(DatabaseInput={"Name": database})
    results = {"OutputLocation": f"s3://{name}/results/"}
    boto3.client("athena").create_work_group(
        Name=name, Configuration={"ResultConfiguration": results}
    )
    return AwsAthena(clients.client, name, database), ChangesTable(name, database)


def asked(athena: AwsAthena, sql: str, *parameters: Any) -> list[tuple[str | None, ...]]:
    return list(rows(athena, ask(athena, sql, parameters).id))


def test_each_query_reads_the_present_snapshot(place: Any) -> None:
    athena, table = place
    assert asked(athena, "SELECT * FROM changes") == []
    table.append([sample(n) for n in range(1, 4)])
    assert asked(athena, "SELECT count(*) FROM changes") == [("3",)]
    table.append([sample(n) for n in range(4, 6)])
    assert asked(athena, "SELECT n FROM changes ORDER BY n") == [(str(n),) for n in range(1, 6)]


def test_facts_of_the_table_come_from_its_metadata(place: Any) -> None:
    athena, table = place
    archive = GlueArchiveTable(clients.client, athena._database)
    assert archive.facts().size == 0
    table.append([sample(n) for n in range(1, 4)])
    table.append([sample(4)])
    found = archive.facts()
    assert found.rows == 4
    assert found.size > 1000


def test_a_condition_on_sorted_rows_reads_few_bytes(place: Any) -> None:
    athena, table = place
    table.append([sample(n, key=f"k{n:06}", after="x" * 50) for n in range(20_000)])
    whole = ask(athena, 'SELECT "key", "after" FROM changes').scanned
    one = ask(athena, 'SELECT "key", "after" FROM changes WHERE "key" = ?', ["k000007"]).scanned
    none = ask(athena, 'SELECT "key", "after" FROM changes WHERE "key" = ?', ["z"]).scanned
    assert 0 == none < one < whole / 3


def test_a_view_is_kept_in_glue_and_read_like_a_table(place: Any) -> None:
    athena, table = place
    table.append([sample(n, after=f'{{"price":"{n}.50","tags":[1]}}') for n in range(1, 4)])
    price = """CAST(json_extract_scalar("after", '$.price') AS decimal(10,2))"""
    tags = """json_extract_scalar("after", '$.tags')"""
    made = f"CREATE OR REPLACE VIEW prices AS SELECT n, {price} AS price, {tags} AS tags FROM "
    ask(athena, made + "changes")
    assert asked(athena, "SELECT price, tags FROM prices WHERE n = ?", 2) == [("2.50", None)]
    ask(athena, "CREATE VIEW twice AS SELECT a.n FROM prices a JOIN prices b ON a.n = b.n")
    assert asked(athena, "SELECT count(*) FROM twice") == [("3",)]
    with pytest.raises(QueryError, match="already exists"):
        ask(athena, made.replace("OR REPLACE ", "") + "changes")
    listed = boto3.client("glue").get_tables(DatabaseName=athena._database)["TableList"]
    kinds = {each["Name"]: each["TableType"] for each in listed}
    assert kinds["prices"] == kinds["twice"] == "VIRTUAL_VIEW"
    ask(athena, "DROP VIEW twice")
    with pytest.raises(QueryError, match="twice does not exist"):
        ask(athena, "SELECT * FROM twice")


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW zoned AS SELECT at_timezone(committed_at, 'UTC') AS at FROM changes",
        "SELECT CAST('2024-02-29T12:00:00' AS timestamp)",
        "DELETE FROM changes",
    ],
)
def test_what_athena_or_the_archive_does_not_allow_fails(place: Any, sql: str) -> None:
    with pytest.raises(QueryError):
        ask(place[0], sql)


def test_json_has_the_values_that_trino_gives(place: Any) -> None:
    athena, table = place
    table.append([sample(1, after='{"a b":{"x":1},"n":18446744073709551615,"z":null,"s":"t"}')])
    found = asked(
        athena,
        """SELECT json_extract_scalar("after", '$["a b"].x'),
        json_extract_scalar("after", '$["a b"]'), json_extract_scalar("after", '$.n'),
        json_extract_scalar("after", '$.z'), json_extract_scalar("after", '$.none'),
        json_format(CAST('{"a":1}' AS JSON)) FROM changes""",
    )
    assert found == [("1", None, "18446744073709551615", None, None, '"{\\"a\\":1}"')]


def test_results_are_where_the_execution_says(place: Any) -> None:
    athena, table = place
    table.append([sample(1)])
    query = ask(athena, "SELECT n FROM changes").id
    found = boto3.client("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]
    address = found["ResultConfiguration"]["OutputLocation"]
    bucket, _, key = address.removeprefix("s3://").partition("/")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert body.split() == ["n", "1"]
