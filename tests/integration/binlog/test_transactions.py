"""What transactions and DDL become on real servers (long: every odd way of logging rows)."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Begin, CannotCapture, Commit, Due, Rows, Truncated
from shared.values.errors import SourceError
from shared.values.source_endpoint import parse

from .conftest import Source


def test_xa_rows_count_where_they_are_committed(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("INSERT INTO a VALUES (0)")  # the first row of an empty table may lock all of it
    start = source.here()
    source.sql(f"XA START '{source.name}one','branch',7")
    source.sql("INSERT INTO a VALUES (1)")
    source.sql(f"XA END '{source.name}one','branch',7")
    source.sql(f"XA PREPARE '{source.name}one','branch',7")
    with source.server.connect(source.name) as other, other.cursor() as cursor:
        cursor.execute("INSERT INTO a VALUES (2)")
        between = source.here()
        cursor.execute("FLUSH BINARY LOGS")
    source.sql(f"XA COMMIT '{source.name}one','branch',7")
    source.sql(f"XA START '{source.name}two'")
    source.sql("INSERT INTO a VALUES (3)")
    source.sql(f"XA END '{source.name}two'")
    source.sql(f"XA COMMIT '{source.name}two' ONE PHASE")
    source.sql(f"XA START '{source.name}three'")
    source.sql("INSERT INTO a VALUES (4)")
    source.sql(f"XA END '{source.name}three'")
    source.sql(f"XA PREPARE '{source.name}three'")
    source.sql(f"XA ROLLBACK '{source.name}three'")
    assert [after["id"] for _, _, after in source.changes(start)] == [2, 1, 3]
    # a reader that starts between PREPARE and COMMIT finds the rows that were logged before
    assert [after["id"] for _, _, after in source.changes(between)] == [1, 3]
    ids = [event.id for event in source.since(start) if isinstance(event, Begin)]
    assert len(set(ids)) == len(ids) == 3


def test_what_was_rolled_back_to_a_savepoint_is_not_there(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    for sql in (
        "BEGIN",
        "INSERT INTO a VALUES (1)",
        "SAVEPOINT s",
        "INSERT INTO a VALUES (2)",
        "ROLLBACK TO s",
        "INSERT INTO a VALUES (3)",
        "COMMIT",
    ):
        source.sql(sql)
    assert [after["id"] for _, _, after in source.changes(start)] == [1, 3]


def test_names_come_from_the_binlog_not_from_the_table_as_it_is(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, old INT)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, 10)")
    source.sql("ALTER TABLE a CHANGE old new BIGINT, ADD COLUMN more VARCHAR(5) FIRST")
    source.sql("INSERT INTO a VALUES ('x', 2, 20)")
    source.sql("ALTER TABLE a DROP COLUMN new")
    source.sql("INSERT INTO a VALUES ('y', 3)")
    source.sql("DROP TABLE a")
    events = source.since(start)
    assert [after for event in events if isinstance(event, Rows) for _, after in event.rows] == [
        {"id": 1, "old": 10},
        {"more": "x", "id": 2, "new": 20},
        {"more": "y", "id": 3},
    ]
    assert [event.why for event in events if isinstance(event, Due)] == [
        "CHANGE COLUMN",
        "DROP COLUMN",
    ]
    assert [event.table for event in events if isinstance(event, Truncated)] == ["a"]


def test_a_ghost_table_takes_the_name_and_is_followed(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1)")
    source.sql("CREATE TABLE _a_gho LIKE a")
    source.sql("ALTER TABLE _a_gho ADD COLUMN extra INT NOT NULL DEFAULT 7")
    source.sql("INSERT INTO _a_gho (id) SELECT id FROM a")
    source.sql("RENAME TABLE a TO _a_del, _a_gho TO a")
    source.sql("INSERT INTO a (id) VALUES (2)")
    source.sql("DROP TABLE _a_del")
    assert source.changes(start, "a") == [
        ("c", None, {"id": 1}),
        ("c", None, {"id": 2, "extra": 7}),
    ]
    events = source.since(start, "a")
    assert [(e.table, e.why) for e in events if isinstance(e, Due)] == [("a", "RENAME")]
    assert not [event for event in events if isinstance(event, Truncated)]


def test_tables_of_a_dropped_database_are_told(source: Source) -> None:
    start, gone = source.here(), f"{source.name}_gone"
    source.sql(f"CREATE DATABASE {gone}")
    source.sql(f"CREATE TABLE {gone}.a (id INT)")
    source.sql(f"INSERT INTO {gone}.a VALUES (1)")
    source.sql(f"CREATE TABLE {gone}.b (id INT)")
    source.sql(f"DROP DATABASE {gone}")
    binlog = open_binlog(parse(source.server.url), [f"{source.name}*.*"], 4_000_000_077)
    found = [
        (event.database, event.table)
        for event in binlog.read(start, until=binlog.latest())
        if isinstance(event, Truncated)
    ]
    assert found == [(gone, "a"), (gone, "b")]


def test_dropped_partitions_are_told(source: Source) -> None:
    source.sql(
        "CREATE TABLE a (id INT PRIMARY KEY) PARTITION BY RANGE (id) (PARTITION p0 VALUES "
        "LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))"
    )
    start = source.here()
    source.sql("INSERT INTO a VALUES (1), (11)")
    source.sql("ALTER TABLE a DROP PARTITION p0")
    kinds = [type(event).__name__ for event in source.since(start)]
    assert kinds == [
        "Begin",
        "Rows",
        "Rows",
        "Commit",
        "Begin",
        "Truncated",
        "SchemaChanged",
        "Commit",
    ] or kinds == [*("Begin", "Rows", "Commit", "Begin", "Truncated", "SchemaChanged", "Commit")]


def test_rows_of_create_table_select_arrive(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("INSERT INTO a VALUES (1), (2)")
    start = source.here()
    source.sql("CREATE TABLE b SELECT * FROM a")
    assert [after["id"] for _, _, after in source.changes(start, "b")] == [1, 2]


@pytest.mark.filterwarnings("ignore")
def test_dml_logged_as_a_statement_stops_the_reading_and_shows_no_value(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v VARCHAR(50))")
    start = source.here()
    source.sql("SET SESSION binlog_format = STATEMENT")
    for sql in (
        "INSERT INTO a VALUES (1, 'hunter2')",
        "UPDATE a SET v = 'hunter2'",
        "DELETE FROM a WHERE v = 'hunter2'",
        "REPLACE a VALUES (2, 'hunter2')",
    ):
        source.sql(sql)
        with pytest.raises(SourceError) as caught:
            source.since(start)
        assert sql.split()[0] in str(caught.value)
        assert f"{source.name}.a" in str(caught.value)
        assert "hunter2" not in str(caught.value)
        assert "binlog_format" in caught.value.hint
        start = source.here()


@pytest.mark.filterwarnings("ignore")
def test_statements_on_other_databases_do_not_matter(source: Source) -> None:
    start = source.here()
    source.sql(f"CREATE DATABASE {source.name}_b")
    source.sql(f"CREATE TABLE {source.name}_b.a (id INT PRIMARY KEY)")
    source.sql("SET SESSION binlog_format = STATEMENT")
    source.sql(f"INSERT INTO {source.name}_b.a VALUES (1)")
    source.sql(f"DROP DATABASE {source.name}_b")
    assert source.since(start) == []


def test_a_minimal_image_is_an_error_not_a_row_of_nulls(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, v INT, w INT)")
    source.sql("INSERT INTO a VALUES (1, 1, 1)")
    start = source.here()
    source.sql("SET SESSION binlog_row_image = MINIMAL")
    source.sql("UPDATE a SET v = 2")
    with pytest.raises(SourceError, match="only some columns") as caught:
        source.since(start)
    assert "binlog_row_image" in caught.value.hint


def test_columns_that_are_dropped_anyway_may_be_missing(source: Source) -> None:
    source.sql("CREATE TABLE a (x INT, id INT PRIMARY KEY, y VARCHAR(10), z INT)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1, 2, 'three', 4)")
    source.sql("SET SESSION binlog_row_image = MINIMAL")
    source.sql("DELETE FROM a")

    def rows(*dropped: str) -> list[Any]:
        binlog = open_binlog(
            parse(source.server.url),
            [f"{source.name}.*"],
            4_000_000_078,
            dropped=lambda *_: frozenset(dropped),
        )
        return [
            row
            for event in binlog.read(start, until=binlog.latest())
            if isinstance(event, Rows)
            for row in event.rows
        ]

    assert rows("x", "y", "z") == [(None, {"id": 2}), ({"id": 2}, None)]
    with pytest.raises(SourceError, match=r"missing: x\."):
        rows("y", "z")


def test_a_binlog_without_names_is_an_error(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    before = source.sql("SELECT @@global.binlog_row_metadata")[0][0]
    start = source.here()
    try:
        source.sql("SET GLOBAL binlog_row_metadata = MINIMAL")
        source.sql("INSERT INTO a VALUES (1)")
    finally:
        source.sql(f"SET GLOBAL binlog_row_metadata = {before}")
    with pytest.raises(CannotCapture, match="no column names") as caught:
        source.since(start)
    assert caught.value.table.endswith(".a"), "the table alone cannot be captured"
    assert "binlog_row_metadata = FULL" in caught.value.hint
    assert "RDS" in caught.value.hint


def test_odd_names_are_names(source: Source) -> None:
    # no emoji: servers take identifiers of the basic plane only
    table, columns = (
        "Tä b'l`e\"",
        ["a b", "c'd", 'e"f', "g`h", "ключ", "x" * 64, "{0}", "%s", "class"],
    )

    def quoted(name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    with source.connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE {quoted(table)} (id INT PRIMARY KEY, "
            f"{', '.join(f'{quoted(c)} INT' for c in columns)})"
        )
    start = source.here()
    with source.connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quoted(table)} VALUES (1, "
            f"{', '.join(str(n) for n in range(len(columns)))})"
        )
        cursor.execute(f"TRUNCATE {quoted(table)}")
    assert source.changes(start) == [
        ("c", None, {"id": 1, **{c: n for n, c in enumerate(columns)}})
    ]
    assert [event.table for event in source.since(start) if isinstance(event, Truncated)] == [table]


def test_wide_tables_and_every_pattern_of_nulls(source: Source) -> None:
    count = 300
    names = [f"c{n}" for n in range(count)]
    source.sql(
        f"CREATE TABLE a (id INT PRIMARY KEY, {', '.join(f'{name} SMALLINT' for name in names)})"
    )
    start = source.here()
    wanted = []
    for row in range(120):
        values = [None if (n * 7 + row * 13) % 11 < row % 7 else (n - row) for n in range(count)]
        source.sql(
            f"INSERT INTO a VALUES ({row}, "
            f"{', '.join('NULL' if v is None else str(v) for v in values)})"
        )
        wanted.append({"id": row, **dict(zip(names, values, strict=True))})
    assert [after for _, _, after in source.changes(start)] == wanted


def test_rows_larger_than_a_packet(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, x LONGTEXT, y LONGTEXT, z LONGTEXT)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (0, 'small', '', NULL)")
    source.sql(
        "INSERT INTO a VALUES (1, REPEAT('x', 11000000), REPEAT('y', 11000000), "
        "REPEAT('z', 12000000))"
    )
    source.sql("INSERT INTO a VALUES (2, 'small', '', NULL)")
    rows = [after for _, _, after in source.changes(start)]
    assert [row["id"] for row in rows] == [0, 1, 2]
    assert (rows[1]["x"], rows[1]["y"], rows[1]["z"]) == (
        "x" * 11000000,
        "y" * 11000000,
        "z" * 12000000,
    )


def test_checksums_may_be_off_and_on_again(source: Source) -> None:
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    try:
        source.sql("INSERT INTO a VALUES (1)")
        source.sql("SET GLOBAL binlog_checksum = NONE")
        source.sql("INSERT INTO a VALUES (2)")
        middle = source.here()
        source.sql("INSERT INTO a VALUES (3)")
    finally:
        source.sql("SET GLOBAL binlog_checksum = CRC32")
    source.sql("INSERT INTO a VALUES (4)")
    assert [after["id"] for _, _, after in source.changes(start)] == [1, 2, 3, 4]
    assert [after["id"] for _, _, after in source.changes(middle)] == [3, 4]


def test_gtid_mode_may_be_off(start_mysql: Callable[..., Any]) -> None:
    """Only with gtid_mode ON does MySQL find a position by GTID; files and offsets hold in every
    mode. On a server of its own, whose binlog nobody else reads from the beginning.
    """
    source = Source(start_mysql())
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    for n, mode in enumerate(("ON_PERMISSIVE", "OFF_PERMISSIVE", "OFF")):
        source.sql(f"SET GLOBAL gtid_mode = {mode}")
        here = source.here()
        source.sql(f"INSERT INTO a VALUES ({n})")
        assert [after["id"] for _, _, after in source.changes(here)] == [n]
        if mode != "OFF":  # then the server sends nothing that was logged with a GTID
            assert [after["id"] for _, _, after in source.changes(start)] == [*range(n + 1)]
    with pytest.raises(SourceError, match="gtid_mode = ON"):
        source.changes(type(start)(gtids=start.gtids))
    source.close()


def test_tagged_gtids(mysql_source: Source) -> None:
    source = mysql_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    source.sql("INSERT INTO a VALUES (1)")
    source.sql("SET gtid_next = 'AUTOMATIC:rowline'")
    source.sql("INSERT INTO a VALUES (2)")
    source.sql("SET gtid_next = 'AUTOMATIC:b_2'")
    source.sql("INSERT INTO a VALUES (3)")
    source.sql("SET gtid_next = 'AUTOMATIC'")
    source.sql("INSERT INTO a VALUES (4)")
    events = source.since(start)
    begins = [event for event in events if isinstance(event, Begin)]
    assert [":rowline:" in begin.gtid for begin in begins] == [False, True, False, False]
    commits = [event for event in events if isinstance(event, Commit)]
    for n, commit in enumerate(commits):
        assert "rowline" in commits[1].position.gtids
        later = source.changes(type(commit.position)(gtids=commit.position.gtids))
        assert [after["id"] for _, _, after in later] == [1, 2, 3, 4][n + 1 :]
    # what the server says itself
    assert "".join(source.sql("SELECT @@global.gtid_executed")[0][0].split()) == source.here().gtids


def test_json_diffs_are_applied(mysql_source: Source) -> None:
    source = mysql_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY, j JSON, k JSON)")
    document = (
        '{"a": {"b": [1, 2, {"c d": "x"}], "n": 1.5}, "text": "'
        + "t" * 300
        + '", "gone": true, "quote\\"": 1}'
    )
    source.sql("INSERT INTO a VALUES (1, %s, %s), (2, NULL, %s)", document, document, document)
    source.sql("SET SESSION binlog_row_value_options = PARTIAL_JSON")
    start = source.here()
    for assignment in (
        "j = JSON_SET(j, '$.a.b[0]', 100)",
        "j = JSON_REPLACE(j, '$.a.b[2].\"c d\"', 'y'), k = JSON_REMOVE(k, '$.gone')",
        "j = JSON_REMOVE(j, '$.a.b[1]')",
        "j = JSON_SET(j, '$.a.n', CAST(2.50 AS DECIMAL(5,2)))",
        "j = JSON_ARRAY_INSERT(j, '$.a.b[0]', JSON_OBJECT('deep', 1))",
        "j = JSON_SET(j, '$.new', NULL), k = NULL",
        "j = JSON_SET(j, '$.z', 1, '$.Ab', 2, '$.\"ключ\"', 3)",
    ):
        source.sql(f"UPDATE a SET {assignment}")
        now = {row[0]: row[1:] for row in source.sql("SELECT id, j, k FROM a")}
        changes = source.changes(start)
        assert changes, assignment
        for _, _, after in changes:
            # as text: keys stand in the server's order
            assert [json.dumps(after[name]) for name in "jk"] == [
                json.dumps(json_of(text)) for text in now[after["id"]]
            ], assignment
        start = source.here()


def json_of(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def test_characters_that_the_servers_read_otherwise_than_python(source: Source) -> None:
    odd = {
        "big5": "A451A2CCA15A41",
        "cp932": "8160878281E6FA40",
        "eucjpms": "7E8FA2B7A1C18EB1",
        "gb2312": "A1A4A1AA",
        "gbk": "A1A4C4E3",
        "sjis": "81605C815F42",
        "ujis": "5CA1C0A1C1",
    }
    start = source.here()
    source.sql(
        "CREATE TABLE a (id INT, "
        f"{', '.join(f'{name} VARCHAR(9) CHARACTER SET {name}' for name in odd)})"
    )
    source.sql(
        f"INSERT INTO a VALUES (1, {', '.join(f'_{name} 0x{data}' for name, data in odd.items())})"
    )
    (row,) = source.sql("SELECT * FROM a")
    assert [tuple(after.values()) for _, _, after in source.changes(start)] == [row]
    assert "?" not in row


@pytest.mark.parametrize("source", ["mariadb"], indirect=True)
def test_dates_and_times_in_the_format_before_mariadb_10_1(source: Source) -> None:
    columns = {
        f"{kind}_{digits}": f"{kind}({digits})"
        for kind in ("TIME", "DATETIME", "TIMESTAMP")
        for digits in range(7)
    }
    source.sql("SET GLOBAL mysql56_temporal_format = OFF")
    try:
        source.sql(
            f"CREATE TABLE a ({', '.join(f'{name} {kind} NULL' for name, kind in columns.items())}, "  # noqa: E501
            "last INT)"
        )
    finally:
        source.sql("SET GLOBAL mysql56_temporal_format = ON")
    source.sql("SET time_zone = '+00:00', sql_mode = ''")
    start = source.here()
    for time, instant in (
        ("-00:00:00.123456", "1970-01-01 00:00:01.000009"),
        ("-838:59:59.999999", "2038-01-19 03:14:07.999999"),
        ("12:34:56.000007", "2024-02-29 23:59:59.5"),
        ("838:59:59.1", "0000-00-00"),
    ):
        source.sql(
            "INSERT INTO a VALUES "
            f"({', '.join(repr(time if name.startswith('TIME_') else instant) for name in columns.values())}, 7)"  # noqa: E501
        )
    names = [f"CAST({name} AS CHAR)" for name in columns]
    shown = [
        [
            *(
                None if text.startswith("0000") else iso(text, kind)
                for text, kind in zip(row, columns.values(), strict=True)
            ),
            7,
        ]
        for row in source.sql(f"SELECT {', '.join(names)} FROM a")
    ]
    assert [list(after.values()) for _, _, after in source.changes(start)] == shown


def iso(text: str, kind: str) -> str:
    return text.replace(" ", "T") + ("Z" if kind.startswith("TIMESTAMP") else "")


def test_domains_of_mariadb(mariadb_source: Source) -> None:
    source = mariadb_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    start = source.here()
    for n, domain in enumerate((0, 5, 0, 5, 7)):
        source.sql(f"SET SESSION gtid_domain_id = {domain}")
        source.sql(f"INSERT INTO a VALUES ({n})")
    commits = [event for event in source.since(start) if isinstance(event, Commit)]
    for n, commit in enumerate(commits):
        later = source.changes(type(commit.position)(gtids=commit.position.gtids))
        assert [after["id"] for _, _, after in later] == list(range(n + 1, 5))


def test_places_beyond_four_gigabytes_on_mariadb(mariadb_source: Source) -> None:
    """A single transaction may take a file there; the command for the binlog has 32 bits for the
    offset.
    """
    source = mariadb_source
    here = source.here()
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("INSERT INTO a VALUES (1)")
    beyond, end = type(here)(here.file, 5 << 30, here.gtids), type(here)(gtids=source.here().gtids)
    assert [
        event.event for event in source.open().read(beyond, until=end) if isinstance(event, Rows)
    ] == [0]
    with pytest.raises(SourceError, match="beyond 4 GB"):
        next(source.open().read(type(here)(here.file, 5 << 30)))


def test_of_mixed_engines_what_was_rolled_back_is_not_there(mariadb_source: Source) -> None:
    source = mariadb_source
    source.sql("CREATE TABLE a (id INT PRIMARY KEY)")
    source.sql("CREATE TABLE m (id INT PRIMARY KEY) ENGINE = MyISAM")
    start = source.here()
    for sql in ("BEGIN", "INSERT INTO a VALUES (1)", "INSERT INTO m VALUES (1)", "ROLLBACK"):
        source.sql(sql)
    assert [event.table.name for event in source.since(start) if isinstance(event, Rows)] == ["m"]
