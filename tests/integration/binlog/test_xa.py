"""XA transactions on real servers: where their rows are, and where they count."""

from collections.abc import Iterator

import pytest

from shared.values.position import Position

from .conftest import Source


@pytest.fixture(params=["as it is", "compressed"])
def compression(request: pytest.FixtureRequest, source: Source) -> Iterator[str]:
    """MySQL puts a compressed transaction into one event, XA PREPARE included."""
    if request.param == "compressed":
        source.sql(
            "SET binlog_transaction_compression = ON"
            if source.kind == "mysql"
            else "SET GLOBAL log_bin_compress = ON, log_bin_compress_min_len = 10"
        )
    yield request.param
    if source.kind == "mariadb":
        source.sql("SET GLOBAL log_bin_compress = OFF, log_bin_compress_min_len = DEFAULT")


def prepare(source: Source, name: str, *statements: str) -> None:
    for sql in (f"XA START {name}", *statements, f"XA END {name}", f"XA PREPARE {name}"):
        source.sql(sql)


def own(source: Source, name: str = "a") -> str:
    return f"'{source.name}{name}'"


def ids(source: Source, start: Position) -> list[int]:
    return [(after or before)["id"] for _, before, after in source.changes(start, "a")]


@pytest.mark.usefixtures("compression")
def test_what_comes_behind_a_prepared_transaction_is_none_of_its_rows(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    prepare(source, own(source), "INSERT INTO a VALUES (1)")
    source.sql(f"XA COMMIT {own(source)}")
    source.sql("INSERT INTO a VALUES (2)")
    if source.kind == "mysql":
        source.sql("SET binlog_transaction_compression = OFF")
    prepare(source, own(source, "b"), "INSERT INTO a VALUES (3)")
    source.sql(f"XA ROLLBACK {own(source, 'b')}")
    assert ids(source, start) == [1, 2]


@pytest.mark.usefixtures("compression")
def test_a_reader_that_starts_behind_the_prepare_finds_its_rows(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v LONGTEXT)")
    prepare(
        source,
        f"{own(source)},x'00ff',3",
        *(f"INSERT INTO a VALUES ({n}, REPEAT('{n}', 400000))" for n in (1, 2, 3)),
    )
    with source.server.connect() as other, other.cursor() as cursor:
        cursor.execute("FLUSH BINARY LOGS")
        start = source.here()
        cursor.execute("FLUSH BINARY LOGS")
    source.sql(f"XA COMMIT {own(source)},x'00ff',3")
    assert ids(source, start) == [1, 2, 3]
    assert ids(source, Position(start.file, start.offset)) == [1, 2, 3]


@pytest.mark.usefixtures("compression")
def test_the_name_of_a_transaction_may_come_again(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("INSERT INTO a VALUES (0)")
    prepare(source, own(source), "INSERT INTO a VALUES (1)")
    source.sql(f"XA COMMIT {own(source)}")
    prepare(source, own(source), "INSERT INTO a VALUES (2)")
    source.sql(f"XA ROLLBACK {own(source)}")
    prepare(source, own(source), "INSERT INTO a VALUES (3)")
    start = source.here()
    source.sql(f"XA COMMIT {own(source)}")
    for sql in (f"XA START {own(source)}", "INSERT INTO a VALUES (4)", f"XA END {own(source)}"):
        source.sql(sql)
    source.sql(f"XA COMMIT {own(source)} ONE PHASE")
    prepare(source, own(source), "SELECT * FROM a")  # changes nothing
    source.sql(f"XA COMMIT {own(source)}")
    assert ids(source, start) == [3, 4]


@pytest.mark.usefixtures("compression")
def test_a_prepared_transaction_survives_a_restart(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("INSERT INTO a VALUES (0)")
    start = source.here()
    prepare(source, own(source), "INSERT INTO a VALUES (1)")
    source.connection.close()
    source.server.kill()
    source.server.start()
    source.connection = source.server.connect(source.name)
    source.sql("INSERT INTO a VALUES (2)")
    source.sql(f"XA COMMIT {own(source)}")
    assert ids(source, start) == [2, 1]
