"""Binlog reader and SELECT describe every table alike (long: every shape): the same columns,
the same key, and, when all changes are applied, the same rows under the same ids.
"""

import itertools
import json
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from shared.adapters.binlog import open_binlog
from shared.adapters.binlog.contract import Rows
from shared.adapters.database.sql import SqlDatabase
from shared.values.change import Row
from shared.values.source_endpoint import parse
from shared.values.table import Table

_ids = itertools.count(4_000_300_000)


class TableShape(NamedTuple):
    """A table, and what is done to it. `only` names the one kind of server that knows it."""

    create: str
    statements: tuple[str, ...]
    only: str = ""
    before: str = "SET sql_mode = ''"


def strings(charset: str, letters: str) -> TableShape:
    """Every kind of text column in a character set."""
    labels = ", ".join(f"'{letter}'" for letter in letters)
    return TableShape(
        f"CREATE TABLE t (id INT PRIMARY KEY, a CHAR(10), b VARCHAR(20), c VARCHAR(300), d "
        f"TINYTEXT, e TEXT, f MEDIUMTEXT, g LONGTEXT, h ENUM({labels}), i SET({labels})) "
        f"CHARACTER SET {charset}",
        (
            "INSERT INTO t VALUES (1"
            + f", '{letters}'" * 7
            + f", '{letters[0]}', '{letters[-1]}')",
            "UPDATE t SET id = 2",
            "INSERT INTO t (id) VALUES (3)",
        ),
    )


VERSIONED = (
    "INSERT INTO t (id, v) VALUES (1, 1), (2, 2), (3, 3)",
    "UPDATE t SET v = v + 10",
    "DELETE FROM t WHERE id = 2",
    "REPLACE INTO t (id, v) VALUES (1, 77)",
    "INSERT INTO t (id, v) VALUES (1, 5), (5, 5) ON DUPLICATE KEY UPDATE v = 99",
    "UPDATE t SET id = 8 WHERE id = 1",
    "DELETE HISTORY FROM t BEFORE SYSTEM_TIME '2100-01-01'",
    "UPDATE t SET v = 6 WHERE id = 5",
)
EXPLICIT = "s TIMESTAMP(6) GENERATED ALWAYS AS ROW START{0}, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END{0}, PERIOD FOR SYSTEM_TIME (s, e)"  # noqa: E501
PORTIONS = (
    "INSERT INTO t VALUES (1, 1, '2020-01-01', '2021-01-01')",
    "UPDATE t FOR PORTION OF p FROM '2020-03-01' TO '2020-06-01' SET v = 2",
    "DELETE FROM t FOR PORTION OF p FROM '2020-04-01' TO '2020-05-01'",
)
ADDRESSES = [
    ":".join("0" if bits >> n & 1 else f"{n + 1:x}" for n in range(8)) for bits in range(256)
]
MAPPED = ["::1.2.3.4", "::ffff:1.2.3.4", "::ffff:0.0.0.0", "::fffe:1.2.3.4", "64:ff9b::1.2.3.4"]

SHAPES = {
    "numbers": TableShape(
        "CREATE TABLE t (a TINYINT UNSIGNED, b SMALLINT, c MEDIUMINT UNSIGNED, d INT, e BIGINT "
        "UNSIGNED, f DECIMAL(20,5) UNSIGNED, g FLOAT(7,2), h DOUBLE(9,3), i BIT(11), j YEAR, k "
        "INT(5) ZEROFILL, l BOOL, PRIMARY KEY (d, a))",
        (
            "INSERT INTO t VALUES (1, 2, 3, 4, 5, 6.5, 7.25, 8.5, 9, 2024, 10, 1)",
            "INSERT INTO t (d, a) VALUES (-5, 200)",
            "UPDATE t SET a = 7, k = 5 WHERE d = 4",
        ),
    ),
    "times": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, a DATE, b DATETIME, c DATETIME(3), d TIMESTAMP NULL, "
        "e TIMESTAMP(6) NULL, f TIME, g TIME(1), row_start TIMESTAMP(6) NOT NULL DEFAULT "
        "CURRENT_TIMESTAMP(6), row_end TIMESTAMP(6) NOT NULL DEFAULT '2038-01-19 03:14:07.999999')",
        (
            "INSERT INTO t (id, a, b, c, d, e, f, g) VALUES (1, '2024-02-29', '2024-02-29 1:2:3', "
            "'2024-02-29 1:2:3.5', '2024-02-29 1:2:3', '2024-02-29 1:2:3.000001', '-1:2:3', "
            "'1:2:3.5')",
            "INSERT INTO t (id, a, b) VALUES (2, '0000-00-00', '2024-00-00')",
            "UPDATE t SET row_end = '2030-01-01' WHERE id = 1",
        ),
    ),
    "binary": TableShape(
        "CREATE TABLE t (id BINARY(16) PRIMARY KEY, a BINARY(4), b VARBINARY(20), c TINYBLOB, d "
        "BLOB, e MEDIUMBLOB, f LONGBLOB, g CHAR(4) CHARACTER SET binary, h ENUM('a','ü') "
        "CHARACTER SET binary, i SET('x','é') CHARACTER SET binary, j TEXT CHARACTER SET binary)",
        (
            "INSERT INTO t VALUES ('k', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'ü', 'x,é', 'j')",
            "UPDATE t SET h = 'a', i = '', id = x'00ff'",
            "INSERT INTO t (id) VALUES ('')",
        ),
    ),
    "utf8mb4": strings("utf8mb4", "aü日"),
    "utf8mb3": strings("utf8mb3", "aü日"),
    "latin1": strings("latin1", "aü€"),
    "utf16": strings("utf16", "aü日"),
    "ucs2": strings("ucs2", "aü日"),
    "sjis": strings("sjis", "a日本"),
    "ascii": strings("ascii", "abc"),
    "labels": TableShape(
        r"""CREATE TABLE t (e ENUM('it''s', 'a,b', 'b\\s', '"', '`', 'n\nl') PRIMARY KEY, n INT)""",
        (r"""INSERT INTO t VALUES ('it''s', 1), ('a,b', 2), ('b\\s', 3), ('"', 4), ('n\nl', 5)""",),
    ),
    "an empty label": TableShape(
        "CREATE TABLE t (e ENUM('a', '') PRIMARY KEY, s SET('b', '') NOT NULL)",
        ("INSERT INTO t VALUES ('', ''), ('a', 'b')",),
    ),
    "names": TableShape(
        "CREATE TABLE t (`a b` INT, `c``d` INT, `%s` INT, `ключ` INT, `{0}` INT, PRIMARY KEY "
        "(`%s`, `c``d`))",
        ("INSERT INTO t VALUES (1, 2, 3, 4, 5)", "UPDATE t SET `%s` = 9"),
    ),
    "generated": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT AS (a + 1) VIRTUAL, c INT AS (a * 2) "
        "STORED)",
        ("INSERT INTO t (id, a) VALUES (1, 1)", "UPDATE t SET a = 5"),
    ),
    "invisible": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, a INT INVISIBLE DEFAULT 3, b INT)",
        ("INSERT INTO t (id, b) VALUES (1, 1)", "UPDATE t SET a = 5"),
    ),
    "prefix key": TableShape(
        "CREATE TABLE t (id INT, a TEXT NOT NULL, PRIMARY KEY (a(20), id))",
        ("INSERT INTO t VALUES (1, 'abc')", "UPDATE t SET a = 'x'"),
    ),
    "unique keys without primary key": TableShape(
        "CREATE TABLE t (a INT NOT NULL, b INT NOT NULL, c INT, `d%s` VARCHAR(9) NOT NULL, KEY x "
        "(b), UNIQUE p (`d%s`(3)), UNIQUE q (c), UNIQUE z (`d%s`, b), UNIQUE y (a))",
        ("INSERT INTO t VALUES (1, 1, 1, 'x'), (2, 2, NULL, 'y')", "UPDATE t SET b = b + 5"),
    ),
    "geometry": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, p POINT, g GEOMETRY)",
        (
            "INSERT INTO t VALUES (1, ST_GeomFromText('POINT(1 2)'), "
            "ST_GeomFromText('POLYGON((0 0,4 0,4 4,0 0))'))",
            "INSERT INTO t (id) VALUES (2)",
            "UPDATE t SET id = 3 WHERE id = 1",
        ),
    ),
    "no geometry": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        (
            "INSERT INTO t VALUES (1)",
            "ALTER TABLE t ADD p POINT NOT NULL, ADD g GEOMETRY NOT NULL",
            "UPDATE t SET id = 2",
        ),
        "mariadb",
    ),
    "json": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, j JSON)",
        (
            """INSERT INTO t VALUES (1, '{"a": [1, null, true], "b": {"c": 1.5}}'), (2, 'null')""",
            "UPDATE t SET id = 5 WHERE id = 1",
        ),
    ),
    "empty json": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY)",
        ("INSERT INTO t VALUES (1)", "ALTER TABLE t ADD j JSON NOT NULL", "UPDATE t SET id = 2"),
        "mysql",
    ),
    "json of long decimals": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, j JSON)",
        (
            f"INSERT INTO t VALUES (1, JSON_ARRAY(CAST({'1' * 37}.{'2' * 28} AS DECIMAL(65,28)), "
            f"CAST({'1' * 35}.{'2' * 30} AS DECIMAL(65,30)), CAST(-{'9' * 65} AS DECIMAL(65,0)), "
            f"CAST(-0.{'0' * 29}1 AS DECIMAL(30,30)), CAST(0 AS DECIMAL(65,30))))",
            "UPDATE t SET id = 2",
        ),
        "mysql",
    ),
    "generated key": TableShape(
        "CREATE TABLE t (n VARCHAR(9))",
        ("INSERT INTO t VALUES ('a'), ('a')", "UPDATE t SET n = 'b' LIMIT 1"),
        "mysql",
        "SET sql_generate_invisible_primary_key = ON",
    ),
    "functional indexes": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, n VARCHAR(20), j JSON, KEY f ((LOWER(n))), UNIQUE "
        "KEY g ((id + 1)), KEY m ((CAST(j->'$.a' AS UNSIGNED ARRAY))))",
        (
            """INSERT INTO t VALUES (1, 'AB', '{"a": [1, 2]}')""",
            "UPDATE t SET n = 'CD'",
            "ALTER TABLE t ADD z INT",
            "INSERT INTO t VALUES (2, 'X', '{}', 3)",
        ),
        "mysql",
    ),
    "partitions": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) PARTITION BY HASH (id) PARTITIONS 3",
        ("INSERT INTO t VALUES (1, 1), (2, 2)", "UPDATE t SET id = 7 WHERE id = 1"),
    ),
    "addresses": TableShape(
        "CREATE TABLE t (a INET6 PRIMARY KEY, b INET4, c UUID)",
        (
            f"INSERT INTO t (a) VALUES {', '.join(f'({address!r})' for address in ADDRESSES)}",
            f"INSERT IGNORE INTO t (a) VALUES {', '.join(f'({one!r})' for one in MAPPED)}",
            "UPDATE t SET b = '1.2.0.0', c = '123e4567-e89b-12d3-a456-426655440000' WHERE a = "
            "'::1'",
            "UPDATE t SET b = '0.0.0.0' WHERE a = '::'",
        ),
        "mariadb",
    ),
    "compressed columns": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(300) COMPRESSED, b TEXT COMPRESSED, c "
        "LONGBLOB COMPRESSED, d VARBINARY(300) COMPRESSED)",
        (
            "INSERT INTO t VALUES (1, REPEAT('ü', 200), REPEAT('a', 500), REPEAT('b', 500), 'x')",
            "UPDATE t SET id = 2",
        ),
        "mariadb",
    ),
    "hidden hash": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, b BLOB, DB_ROW_HASH_1 BIGINT, UNIQUE "
        "(body), UNIQUE (b, body))",
        (
            "INSERT INTO t VALUES (1, 'x', 'y', 5)",
            "UPDATE t SET body = 'z'",
            "INSERT INTO t (id) VALUES (2)",
        ),
        "mariadb",
    ),
    "system-versioned": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING", VERSIONED, "mariadb"
    ),
    "system-versioned with columns": TableShape(
        f"CREATE TABLE t (id INT PRIMARY KEY, v INT, {EXPLICIT.format('')}) WITH SYSTEM VERSIONING",
        VERSIONED,
        "mariadb",
    ),
    "system-versioned with invisible columns": TableShape(
        f"CREATE TABLE t ({EXPLICIT.format(' INVISIBLE')}, id INT PRIMARY KEY, v INT) WITH SYSTEM "
        "VERSIONING",
        VERSIONED,
        "mariadb",
    ),
    "system-versioned with columns called as the hidden ones": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, row_start TIMESTAMP(6) GENERATED ALWAYS AS "
        "ROW START, row_end TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME "
        "(row_start, row_end)) WITH SYSTEM VERSIONING",
        VERSIONED,
        "mariadb",
    ),
    "system-versioned in part": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT WITHOUT SYSTEM VERSIONING) WITH SYSTEM "
        "VERSIONING",
        (*VERSIONED, "UPDATE t SET w = 5"),
        "mariadb",
    ),
    "system-versioned in partitions": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING PARTITION BY "
        "SYSTEM_TIME LIMIT 2 (PARTITION p0 HISTORY, PARTITION p1 HISTORY, PARTITION pn CURRENT)",
        VERSIONED,
        "mariadb",
    ),
    "system-versioned later": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
        (
            "INSERT INTO t VALUES (4, 4)",
            "ALTER TABLE t ADD SYSTEM VERSIONING",
            *VERSIONED,
            "SET system_versioning_alter_history = KEEP",
            "ALTER TABLE t ADD z INT",
            "UPDATE t SET v = 3, z = id",
        ),
        "mariadb",
    ),
    "system versioning taken away": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
        (*VERSIONED, "ALTER TABLE t DROP SYSTEM VERSIONING", "UPDATE t SET v = 3"),
        "mariadb",
    ),
    "system versioning with columns taken away": TableShape(
        f"CREATE TABLE t (id INT PRIMARY KEY, v INT, {EXPLICIT.format('')}) WITH SYSTEM VERSIONING",
        (
            *VERSIONED,
            "SET system_versioning_alter_history = KEEP",
            "ALTER TABLE t DROP COLUMN s, DROP COLUMN e, DROP SYSTEM VERSIONING",
            "UPDATE t SET v = id",
        ),
        "mariadb",
    ),
    "system-versioned with a hidden hash": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT, body TEXT, UNIQUE (body)) WITH SYSTEM "
        "VERSIONING",
        (*VERSIONED, "UPDATE t SET body = id"),
        "mariadb",
    ),
    "system-versioned with two unique keys": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT UNIQUE, w INT) WITH SYSTEM VERSIONING",
        ("INSERT INTO t VALUES (1, 1, 1), (2, 2, 2), (3, 3, 3)", "REPLACE INTO t VALUES (1, 2, 9)"),
        "mariadb",
    ),
    "history that is written": TableShape(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING",
        (
            "SET system_versioning_insert_history = ON",
            "INSERT INTO t (id, v, row_start, row_end) VALUES (1, 1, '2020-01-01', '2021-01-01')",
            "INSERT INTO t (id, v) VALUES (1, 2)",
        ),
        "mariadb",
    ),
    "application period": TableShape(
        "CREATE TABLE t (id INT, v INT, a DATE, b DATE, PERIOD FOR p (a, b), PRIMARY KEY (id, p "
        "WITHOUT OVERLAPS))",
        PORTIONS,
        "mariadb",
    ),
    "two periods": TableShape(
        "CREATE TABLE t (id INT, v INT, a DATE, b DATE, PERIOD FOR p (a, b), PRIMARY KEY (id, p "
        "WITHOUT OVERLAPS)) WITH SYSTEM VERSIONING",
        PORTIONS,
        "mariadb",
    ),
}


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"quiet_{request.param}")


@pytest.fixture
def database(server: Any) -> Iterator[tuple[Any, str]]:
    name = f"t_{uuid.uuid4().hex[:12]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {name}")
        yield cursor, name
        cursor.execute(f"DROP DATABASE {name}")


def plain(row: Row | None) -> Row | None:
    return msgspec.json.decode(msgspec.json.encode(row))  # type: ignore[no-any-return]


class Replica:
    """What a reader of the changes makes of them."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.table: Table | None = None

    def apply(self, event: Rows) -> None:
        if self.table is not None and self.table != event.table:
            self._alter(event.table)
        self.table = event.table
        for before, after in event.rows:
            for row in (before, after):
                if row is not None:
                    assert list(row) == [column.name for column in event.table.columns]
            assert (before is None, after is None) == (event.op == "c", event.op == "d")
            if before is not None:
                assert self.rows.pop(self._id(before)) == plain(before)
            if after is not None:
                assert self._id(after) not in self.rows
                self.rows[self._id(after)] = plain(after) or {}

    def _alter(self, table: Table) -> None:
        """Columns went, or came as null."""
        names = [column.name for column in table.columns]
        self.rows = {id_: {name: row.get(name) for name in names} for id_, row in self.rows.items()}

    def _id(self, row: Row) -> str:
        assert self.table
        key = self.table.key or tuple(row)
        return json.dumps(plain({name: row[name] for name in key}))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SHAPES)
def test_both_lanes_describe_the_table_and_its_rows_alike(
    server: Any, database: tuple[Any, str], name: str
) -> None:
    shape = SHAPES[name]
    if shape.only not in ("", server.kind):
        pytest.skip(f"only {shape.only} knows such tables")
    cursor, schema = database
    for sql in (shape.before, "SET time_zone = '+00:00'", shape.create):
        cursor.execute(sql)
    binlog = open_binlog(parse(server.reader_url), [f"{schema}.*"], next(_ids))
    start = binlog.latest()
    for sql in shape.statements:
        cursor.execute(sql)
    replica = Replica()
    for event in binlog.read(start, until=binlog.latest()):
        if isinstance(event, Rows):
            replica.apply(event)
    sql_lane = SqlDatabase(parse(server.reader_url))
    table = sql_lane.describe(schema, "t")
    assert table is not None
    assert replica.table == table
    key = table.key or tuple(column.name for column in table.columns)
    rows = list(map(plain, sql_lane.chunk(table, key, None, 1000, reached=binlog.latest())))
    assert sorted(map(json.dumps, rows)) == sorted(map(json.dumps, replica.rows.values()))
    found = list(sql_lane.rows(table, key, [[row[one] for one in key] for row in rows if row]))
    assert len(found) == len(rows)
    sql_lane.close()
