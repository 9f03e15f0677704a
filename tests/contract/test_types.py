"""docs/types.md is true: each of its examples, written to real servers, is the same value in the
binlog, in SELECT, and in the table.

Before and after images are looked at, events as they are and compressed, on MariaDB and MySQL.
"""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Rows
from shared.adapters.database.sql import SqlDatabase
from shared.values.change import Row
from shared.values.source_endpoint import parse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "types.md"
_ROW = re.compile(r"^\| `([^`]+)` \| `((?:[^`])+)` \| [^|]+ \| `([^`]*)` \|$", re.MULTILINE)


class Example(NamedTuple):
    sql_type: str
    sql_value: str
    value: Any


def examples(kind: str) -> list[Example]:
    """The examples of the page that are for this kind of server."""
    both, mysql, mariadb = re.split(
        r"^Only in (?:MySQL|MariaDB):$", PAGE.read_text(), flags=re.MULTILINE
    )
    text = both + (mariadb if kind == "mariadb" else mysql)
    found = [
        Example(kind_, value, msgspec.json.decode(json))
        for kind_, value, json in _ROW.findall(text)
    ]
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(found) == len(rows), (
        "a row of docs/types.md is not an example that this test can read"
    )
    return found


def plain(row: Row | None) -> Row:
    """A row as a reader of its JSON sees it."""
    assert row is not None
    return msgspec.json.decode(msgspec.json.encode(row))  # type: ignore[no-any-return]


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"quiet_{request.param}")


@pytest.fixture
def schema(server: Any) -> Iterator[tuple[Any, str]]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        cursor.execute("SET sql_mode = '', time_zone = '+00:00'")
        yield cursor, name
        cursor.execute(f"DROP DATABASE {name}")


@pytest.fixture(params=["as it is", "compressed"])
def compression(
    request: pytest.FixtureRequest, server: Any, schema: tuple[Any, str]
) -> Iterator[None]:
    cursor, _ = schema
    if request.param == "as it is":
        yield
    elif server.kind == "mysql":
        cursor.execute("SET binlog_transaction_compression = ON")
        yield
    else:
        cursor.execute("SET GLOBAL log_bin_compress = ON, GLOBAL log_bin_compress_min_len = 10")
        yield
        cursor.execute(
            "SET GLOBAL log_bin_compress = OFF, GLOBAL log_bin_compress_min_len = DEFAULT"
        )


@pytest.mark.usefixtures("compression")
def test_every_example_is_the_same_in_the_binlog_in_select_and_on_the_page(
    server: Any, schema: tuple[Any, str]
) -> None:
    cursor, name = schema
    cases = examples(server.kind)
    columns = [f"c{number}" for number in range(len(cases))]
    definitions = ", ".join(
        f"{column} {case.sql_type}"
        for column, case in zip(columns, cases, strict=True)
        if case.sql_type != "any"
    )
    binlog = open_binlog(parse(server.reader_url), [f"{name}.*"], 4_000_000_001)
    start = binlog.latest()
    known = [
        (column, case)
        for column, case in zip(columns, cases, strict=True)
        if case.sql_type != "any"
    ]
    cursor.execute(f"CREATE TABLE things (id INT PRIMARY KEY, {definitions})")
    names, values = (
        ", ".join(column for column, _ in known),
        ", ".join(case.sql_value for _, case in known),
    )
    cursor.execute(f"INSERT INTO things (id, {names}) VALUES (1, {values})")
    cursor.execute("INSERT INTO things (id) VALUES (2)")
    database = SqlDatabase(parse(server.reader_url))
    table = database.describe(name, "things")
    assert table is not None
    selected = {
        row["id"]: plain(row)
        for row in database.chunk(table, ("id",), None, 10, reached=binlog.latest())
    }
    database.close()
    cursor.execute("UPDATE things SET id = id + 10 ORDER BY id")
    cursor.execute("DELETE FROM things")

    images = []
    for event in binlog.read(start, until=binlog.latest()):
        if isinstance(event, Rows):
            images += [(event.op, before, after) for before, after in event.rows]
    assert [op for op, _, _ in images] == ["c", "c", "u", "u", "d", "d"]
    (_, _, created), (_, _, empty), (_, before, after), *_, (_, deleted, _), _ = images
    expected = {column: case.value for column, case in known}
    assert differences(plain(created), {"id": 1, **expected}, known) == []
    assert differences(plain(before), {"id": 1, **expected}, known) == []
    assert differences(plain(after), {"id": 11, **expected}, known) == []
    assert differences(plain(deleted), {"id": 11, **expected}, known) == []
    assert differences(selected[1], plain(created), known) == []
    # without values: NULL, or the type's own default (TIMESTAMP of MariaDB)
    assert differences(plain(empty), selected[2], known) == []
    assert all(
        value is None
        for column, value in plain(empty).items()
        if column not in ("id", *timestamps(known))
    )


def timestamps(known: list[tuple[str, Example]]) -> list[str]:
    return [column for column, case in known if case.sql_type.startswith("TIMESTAMP")]


def differences(
    found: Row, wanted: Row, known: list[tuple[str, Example]]
) -> list[tuple[str, str, Any, Any]]:
    """(type, example, what was found, what was wanted) of each column that differs."""
    about = {column: (case.sql_type, case.sql_value[:60]) for column, case in known} | {
        "id": ("key", "")
    }
    assert list(found) == list(wanted)
    return [
        (*about[column], found[column], wanted[column])
        for column in wanted
        if not same(found[column], wanted[column])
    ]


def same(found: Any, wanted: Any) -> bool:
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)
