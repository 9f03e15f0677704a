"""Tables that are hard to describe, and accounts and servers that hide them."""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Rows, UnreadableRow
from shared.adapters.database.sql import SqlDatabase
from shared.values.errors import SourceError
from shared.values.source_endpoint import SourceEndpoint, parse

from .conftest import Source, plain


def rows(source: Source, endpoint: SourceEndpoint, start: Any, *dropped: str) -> list[Any]:
    binlog = open_binlog(
        endpoint, [f"{source.name}.*"], 4_000_400_000, dropped=lambda *_: frozenset(dropped)
    )
    return [
        plain(pair)
        for event in binlog.read(start, until=source.here())
        if isinstance(event, Rows)
        for pair in event.rows
    ]


def selected(source: Source, *dropped: str) -> list[Any]:
    with closing(SqlDatabase(parse(source.server.reader_url))) as database:
        table = database.describe(source.name, "a")
        assert table is not None
        kept = table.without(frozenset(dropped))
        return [plain(row) for row in database.chunk(kept, ("id",), None, 9, reached=None)]


@pytest.fixture
def damaged(source: Source) -> Any:
    """A table whose ENUM has a label that CONVERT TO CHARACTER SET has damaged; the place behind
    that.
    """
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, e ENUM('a', 'ü') CHARACTER SET latin1, n INT)")
    source.sql("INSERT INTO a VALUES (1, 'a', 0)")
    source.sql("ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4")
    return source.here()


def test_a_damaged_label_that_no_row_has_does_not_matter(source: Source, damaged: Any) -> None:
    source.sql("UPDATE a SET n = 5")
    found = rows(source, parse(source.server.url), damaged)
    assert found == [[{"id": 1, "e": "a", "n": 0}, {"id": 1, "e": "a", "n": 5}]]
    assert selected(source) == [{"id": 1, "e": "a", "n": 5}]


def test_a_row_with_a_damaged_label_names_table_and_column(source: Source, damaged: Any) -> None:
    source.sql("INSERT INTO a VALUES (2, 2, 0)")
    endpoint = parse(source.server.url)
    with pytest.raises(UnreadableRow) as caught:
        rows(source, endpoint, damaged)
    assert f"{source.name}.a: column e" in str(caught.value)
    assert "drop" in caught.value.hint
    assert rows(source, endpoint, damaged, "e") == [[None, {"id": 2, "n": 0}]]
    with pytest.raises(SourceError, match=f"{source.name}.a: ") as by_select:
        selected(source)
    assert "drop" in by_select.value.hint
    assert selected(source, "e") == [{"id": 1, "n": 0}, {"id": 2, "n": 0}]


def test_a_damaged_set_is_read_where_its_labels_are_whole(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, s SET('a', 'ü') CHARACTER SET latin1)")
    source.sql("ALTER TABLE a CONVERT TO CHARACTER SET utf8mb4")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, 1)")
    assert rows(source, parse(source.server.url), start) == [[None, {"id": 1, "s": "a"}]]
    source.sql("INSERT INTO a VALUES (2, 3)")
    with pytest.raises(UnreadableRow, match="column s"):
        rows(source, parse(source.server.url), start)


@pytest.fixture
def blind(mariadb_source: Source) -> Iterator[SourceEndpoint]:
    """An account that may read the binlog and nothing else."""
    source = mariadb_source
    user = source.name[:20]
    source.sql(f"CREATE USER '{user}'@'%%' IDENTIFIED BY 'secret-1'")
    source.sql(f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '{user}'@'%%'")
    yield msgspec.structs.replace(parse(source.server.url), user=user, password="secret-1")
    source.sql(f"DROP USER '{user}'@'%%'")


@pytest.mark.parametrize("kind", ["UUID", "INET4", "INET6", "BINARY(16)"])
def test_a_type_that_cannot_be_asked_for_is_an_error_not_base64(
    mariadb_source: Source, blind: SourceEndpoint, kind: str
) -> None:
    source = mariadb_source
    source.sql(f"CREATE TABLE a (id INT PRIMARY KEY, x {kind}, n INT)")
    start = source.here()
    source.sql("INSERT INTO a (id, n) VALUES (1, 5)")
    with pytest.raises(SourceError) as caught:
        rows(source, blind, start)
    assert f"{source.name}.a: the type of column x" in str(caught.value)
    assert "Grant SELECT" in caught.value.hint
    assert rows(source, blind, start, "x") == [[None, {"id": 1, "n": 5}]]
    source.sql(f"GRANT SELECT (id, n) ON {source.name}.a TO '{blind.user}'@'%%'")
    with pytest.raises(SourceError, match="the type of column x"):
        rows(source, blind, start)
    source.sql(f"GRANT SELECT (x) ON {source.name}.a TO '{blind.user}'@'%%'")
    assert rows(source, blind, start) == [[None, {"id": 1, "x": None, "n": 5}]]


def test_old_dates_ask_for_the_right_to_see_their_digits(
    mariadb_source: Source, blind: SourceEndpoint
) -> None:
    source = mariadb_source
    source.sql("SET GLOBAL mysql56_temporal_format = OFF")
    try:
        source.sql("CREATE TABLE a (id INT PRIMARY KEY, x DATETIME(3))")
    finally:
        source.sql("SET GLOBAL mysql56_temporal_format = ON")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, '2024-02-29 01:02:03.004')")
    with pytest.raises(SourceError, match="the type of column x"):
        rows(source, blind, start)
    source.sql(f"GRANT SELECT ON {source.name}.a TO '{blind.user}'@'%%'")
    assert rows(source, blind, start) == [[None, {"id": 1, "x": "2024-02-29T01:02:03.004"}]]


def test_a_column_that_is_gone_is_read_as_the_binlog_shows_it_and_said(
    mariadb_source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    source = mariadb_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, x INET4)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, '1.2.3.4')")
    source.sql("ALTER TABLE a DROP COLUMN x")
    with caplog.at_level(logging.WARNING):
        found = rows(source, parse(source.server.url), start)
    assert found == [[None, {"id": 1, "x": "AQIDBA=="}]]
    assert f"{source.name}.a: column x is gone" in caplog.text


def test_the_servers_defaults_do_not_change_what_select_returns(
    start_mariadb: Callable[..., Any],
) -> None:
    source = Source(start_mariadb())
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING")
    source.sql("INSERT INTO a VALUES (1, 1), (2, 2), (3, 3)")
    source.sql("SET @then = NOW(6)")
    source.sql("DO SLEEP(0.01)")
    source.sql("UPDATE a SET v = 7")
    source.sql(
        "SET GLOBAL system_versioning_asof = @then, GLOBAL sql_select_limit = 1, "
        "GLOBAL sql_quote_show_create = OFF"
    )
    assert [row["v"] for row in selected(source)] == [7, 7, 7]
    with closing(SqlDatabase(parse(source.server.reader_url))) as database:
        table = database.describe(source.name, "a")
        assert table is not None
        assert [column.name for column in table.columns] == ["id", "v"]
        assert len(list(database.rows(table, ("id",), [[1], [2], [3]]))) == 3
    source.sql("CREATE TABLE b (id INT PRIMARY KEY, x UUID)")
    start = source.here()
    source.sql("INSERT INTO b VALUES (1, '123e4567-e89b-12d3-a456-426655440000')")
    (row,) = rows(source, parse(source.server.url), start)
    assert row[1]["x"] == "123e4567-e89b-12d3-a456-426655440000"


def test_a_generated_key_is_seen_where_the_server_hides_it(
    start_mysql: Callable[..., Any],
) -> None:
    source = Source(
        start_mysql(
            "--show-gipk-in-create-table-and-information-schema=OFF",
            "--sql-generate-invisible-primary-key=ON",
        )
    )
    source.sql("CREATE TABLE a (n VARCHAR(9))")
    with closing(SqlDatabase(parse(source.server.reader_url))) as database:
        table = database.describe(source.name, "a")
        assert table is not None
        assert table.key == ("my_row_id",)
        assert database.primary_keys()[f"{source.name}.a"] == ("my_row_id",)


def test_a_transaction_precise_table_is_named(mariadb_source: Source) -> None:
    source = mariadb_source
    source.sql(
        "CREATE TABLE a (id INT PRIMARY KEY, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START, e "
        "BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM "
        "VERSIONING"
    )
    source.sql("CREATE TABLE b (id INT PRIMARY KEY) WITH SYSTEM VERSIONING")
    with closing(SqlDatabase(parse(source.server.reader_url))) as database:
        assert {name for name in database.precise() if name.startswith(f"{source.name}.")} == {
            f"{source.name}.a"
        }
        assert database.primary_keys()[f"{source.name}.a"] == ("id",)
    start = source.here()
    source.sql("INSERT INTO a (id) VALUES (1)")
    with pytest.raises(SourceError, match="logged as a statement") as caught:
        source.since(start, "a")
    assert "transaction-precise" in caught.value.hint
