"""One suite for every Database (long: one contract): the twin, a real MariaDB and a real MySQL."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from shared.adapters.database import read_view, sql
from shared.adapters.database.contract import Database
from shared.adapters.database.sql import SqlDatabase
from shared.values.change import Row
from shared.values.errors import SourceError, SourceUnavailable
from shared.values.position import Position
from shared.values.source_endpoint import parse
from shared.values.table import Column, Table
from tests.worlds.twins.database import MemoryDatabase


class DatabaseBench:
    """A database under test, and how rows get into it."""

    kind = "memory"

    def __init__(self) -> None:
        self.twin = MemoryDatabase()
        self.database: Database = self.twin
        self.name = "shop"

    def fill(self, rows: list[tuple[int, str, str]]) -> Table:
        columns = (
            Column("a", "int", nullable=False, length=10),
            Column("b", "varchar", nullable=False, length=20),
            Column("c", "varchar"),
        )
        self.twin.create(
            Table("shop", "things", columns, ("a", "b")),
            [dict(zip("abc", row, strict=True)) for row in rows],
        )
        return self.described()

    def put(self, a: int, b: str, c: str) -> None:
        self.twin.put("shop.things", {"a": a, "b": b, "c": c})

    def described(self) -> Table:
        table = self.database.describe(self.name, "things")
        assert table is not None
        return table

    def after_next_write(self) -> Position:
        """A place of the binlog that exists only after the next write."""
        here = self.database.position()
        assert here is not None
        return Position(file=here.file, offset=here.offset + 1)

    def close(self) -> None:
        self.database.close()


class RealDatabaseBench(DatabaseBench):
    def __init__(self, server: Any) -> None:
        self.kind = server.kind
        self.name = f"t_{uuid.uuid4().hex[:12]}"
        self.connection = server.connect()
        self.database = SqlDatabase(parse(server.reader_url))
        self.sql(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        self.sql(f"USE {self.name}")

    def sql(self, text: str, *bound: Any) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(text, bound or None)

    def fill(self, rows: list[tuple[int, str, str]]) -> Table:
        self.sql(
            "CREATE TABLE things (a INT NOT NULL, b VARCHAR(20) NOT NULL, c VARCHAR(50), "
            "PRIMARY KEY (a, b))"
        )
        for row in rows:
            self.sql("INSERT INTO things VALUES (%s, %s, %s)", *row)
        return self.described()

    def put(self, a: int, b: str, c: str) -> None:
        self.sql("REPLACE INTO things VALUES (%s, %s, %s)", a, b, c)

    def after_next_write(self) -> Position:
        if self.kind == "mariadb":
            return super().after_next_write()
        here = self.database.position()
        assert here is not None
        match = re.match(r"(.*)[:-](\d+)$", here.gtids)
        assert match, here
        uuid_ = here.gtids.rpartition(",")[2].partition(":")[0]
        return Position(gtids=f"{uuid_}:1-{int(match[2]) + 1}")

    def close(self) -> None:
        self.sql(f"DROP DATABASE {self.name}")
        self.connection.close()
        self.database.close()


@pytest.fixture(params=["memory", "mariadb", "mysql"])
def bench(request: pytest.FixtureRequest) -> Iterator[DatabaseBench]:
    made = (
        DatabaseBench()
        if request.param == "memory"
        else RealDatabaseBench(request.getfixturevalue(f"quiet_{request.param}"))
    )
    yield made
    made.close()


ROWS = [(a, b, f"{a}{b}") for a in (1, 2, 3, 10) for b in ("a", "b", "é", "😀")]


def walk(
    database: Database,
    table: Table,
    key: tuple[str, ...],
    limit: int,
    reached: Position | None = None,
) -> list[Row]:
    found: list[Row] = []
    after = None
    while chunk := database.chunk(table, key, after, limit, reached=reached):
        assert len(chunk) <= limit
        found += chunk
        after = [chunk[-1][name] for name in key]
    return found


def test_a_table_is_described_and_an_absent_one_is_not(bench: DatabaseBench) -> None:
    table = bench.fill([])
    assert table.key == ("a", "b")
    assert [(column.name, column.kind, column.nullable) for column in table.columns] == [
        ("a", "int", False),
        ("b", "varchar", False),
        ("c", "varchar", True),
    ]
    assert bench.database.describe(bench.name, "nothing") is None


@pytest.mark.parametrize("limit", [1, 3, 16, 100])
def test_chunks_walk_every_row_once_in_key_order(bench: DatabaseBench, limit: int) -> None:
    table = bench.fill(ROWS)
    found = walk(bench.database, table, table.key, limit, bench.database.position())
    assert sorted((row["a"], row["b"], row["c"]) for row in found) == sorted(ROWS)
    assert [row["a"] for row in found] == sorted(row["a"] for row in found)


def test_rows_by_key_are_those_that_exist(bench: DatabaseBench) -> None:
    table = bench.fill(ROWS)
    found = list(
        bench.database.rows(
            table, table.key, [[1, "a"], [10, "😀"], [4, "a"]], reached=bench.database.position()
        )
    )
    assert sorted((row["a"], row["b"]) for row in found) == [(1, "a"), (10, "😀")]
    assert list(bench.database.rows(table, table.key, [])) == []


def test_a_read_contains_what_the_binlog_had(bench: DatabaseBench) -> None:
    table = bench.fill(ROWS)
    bench.put(1, "a", "newer")
    found = bench.database.chunk(table, table.key, None, 99, reached=bench.database.position())
    assert [row["c"] for row in found if (row["a"], row["b"]) == (1, "a")] == ["newer"]


def test_a_read_waits_until_the_place_is_committed(bench: DatabaseBench) -> None:
    table = bench.fill(ROWS)
    reached = bench.after_next_write()
    wait = 0.0 if bench.kind == "memory" else 0.4
    writer = threading.Thread(target=lambda: (time.sleep(wait), bench.put(1, "a", "newer")))
    writer.start()
    if bench.kind == "memory":
        writer.join()
    found = bench.database.chunk(table, table.key, None, 99, reached=reached)
    writer.join()
    assert [row["c"] for row in found if (row["a"], row["b"]) == (1, "a")] == ["newer"]


def test_sizes_keys_and_identity(bench: DatabaseBench) -> None:
    bench.fill(ROWS)
    (size,) = [size for size in bench.database.sizes() if size.database == bench.name]
    assert (size.full_name, size.engine) == (f"{bench.name}.things", "InnoDB")
    assert size.bytes > 0
    assert bench.database.primary_keys()[f"{bench.name}.things"] == ("a", "b")
    server = bench.database.server()
    assert server.flavour == ("mysql" if bench.kind == "mysql" else "mariadb")
    assert server.identity
    assert server.version >= (5, 7)


def test_the_twin_hides_what_is_not_committed_yet() -> None:
    bench = DatabaseBench()
    table = bench.fill([])
    reached = bench.twin.put("shop.things", {"a": 1, "b": "x", "c": ""})
    assert bench.database.chunk(table, table.key, None, 9, reached=None) == []
    assert len(bench.database.chunk(table, table.key, None, 9, reached=reached)) == 1


# What only a real server has.


@pytest.fixture(params=["mariadb", "mysql"])
def real(request: pytest.FixtureRequest) -> Iterator[RealDatabaseBench]:
    made = RealDatabaseBench(request.getfixturevalue(f"quiet_{request.param}"))
    yield made
    made.close()


def test_a_place_that_never_comes_is_an_error(
    real: RealDatabaseBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_view, "PROOF_SECONDS", 1)
    table = real.fill(ROWS)
    with pytest.raises(SourceUnavailable, match="has not committed"):
        real.database.chunk(table, table.key, None, 1, reached=real.after_next_write())
    assert len(real.database.chunk(table, table.key, None, 99, reached=None)) == len(ROWS)


KEYS: dict[str, tuple[str, list[str]]] = {
    "enum": ("ENUM('z','a','it''s')", ["'z'", "'a'", "'it''s'"]),
    "set": ("SET('z','a','m')", ["''", "'z'", "'a'", "'z,a'", "'m'", "'z,m'"]),
    "decimal": (
        "DECIMAL(30,10)",
        [
            "-1.5",
            "0",
            "0.0000000001",
            "12345678901234567890.0000000001",
            "12345678901234567890.0000000002",
        ],
    ),
    "float": ("FLOAT", ["-0.1", "0.1", "0.2", "16777216", "3.4e38"]),
    "double": ("DOUBLE", ["-0.1", "0.1", "0.30000000000000004", "0.3"]),
    "bigint": (
        "BIGINT UNSIGNED",
        ["0", "9223372036854775807", "9223372036854775808", "18446744073709551615"],
    ),
    "bit": (
        "BIT(64)",
        ["b'0'", "b'1'", "b'1000000000000000000000000000000000000000000000000000000000000000'"],
    ),
    "year": ("YEAR", ["1901", "2024", "2155"]),
    "date": ("DATE", ["'0001-01-01'", "'2024-02-29'"]),
    "time": (
        "TIME(3)",
        ["'-838:59:59'", "'-00:00:00.001'", "'00:00:00'", "'00:00:00.001'", "'838:59:59'"],
    ),
    "datetime": (
        "DATETIME(6)",
        ["'2024-01-01 00:00:00'", "'2024-01-01 00:00:00.000001'", "'2024-01-01 00:00:00.000002'"],
    ),
    "timestamp": (
        "TIMESTAMP(6)",
        ["'2024-01-01 00:00:00.5'", "'2024-01-01 00:00:00.500001'", "'2037-01-01 00:00:00'"],
    ),
    "binary": ("BINARY(4)", ["''", "'a'", "x'00ff00ff'", "x'ffffffff'"]),
    "varbinary": ("VARBINARY(9)", ["''", "'%%'", "x'00'", "x'0000'", "x'ff5c27'"]),
    "varchar": ("VARCHAR(20)", ["''", "'%%s'", "'B'", "'a'", "'c\\'\\\\'", "'ü'", "'😀'"]),
    "latin1": ("VARCHAR(20) CHARACTER SET latin1", ["'a'", "'é'", "'ÿ'"]),
    "koi8r": ("VARCHAR(20) CHARACTER SET koi8r", ["'a'", "'привет'"]),
    "gbk": ("VARCHAR(20) CHARACTER SET gbk", ["'a'", "'汉字'"]),
    "ascii": ("CHAR(20) CHARACTER SET ascii COLLATE ascii_bin", ["'a'", "'b'"]),
    "bin collation": ("VARCHAR(20) COLLATE utf8mb4_bin", ["'A'", "'a'", "'B'", "'b'"]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_every_kind_of_key_is_walked_and_found(real: RealDatabaseBench, kind: str) -> None:
    sql, values = KEYS[kind]
    real.sql(f"CREATE TABLE things (k {sql} NOT NULL, n INT NOT NULL, PRIMARY KEY (k, n))")
    for value in values:
        real.connection.query(
            f"INSERT INTO things VALUES ({value.replace('%%', '%')}, 1), "
            f"({value.replace('%%', '%')}, 2)"
        )
    table = real.described()
    for limit in (1, 2, 3, 100):
        found = walk(real.database, table, table.key, limit)
        assert len(found) == 2 * len(values)
        assert len({(str(row["k"]), row["n"]) for row in found}) == 2 * len(values)
    keys = [[row["k"], row["n"]] for row in found]
    assert len(list(real.database.rows(table, table.key, keys))) == len(keys)


FOREIGN = [
    "",
    "garbage",
    "NaN",
    "1e999999",
    "9999-99-99",
    "2024-01-01T99:00:00",
    "12x",
    "😀",
    "AA",
    "é",
    "z,nolabel",
    -5,
    10**23,
    1.5,
    None,
]


@pytest.mark.parametrize("kind", KEYS)
def test_what_is_no_value_of_a_key_finds_no_row_and_is_no_error(
    real: RealDatabaseBench, kind: str
) -> None:
    sql, values = KEYS[kind]
    real.sql(f"CREATE TABLE things (k {sql} NOT NULL PRIMARY KEY)")
    real.connection.query(f"INSERT INTO things VALUES ({values[-1].replace('%%', '%')})")
    table = real.described()
    (row,) = real.database.chunk(table, table.key, None, 9, reached=None)
    for foreign in FOREIGN:
        if foreign != row["k"]:
            assert list(real.database.rows(table, table.key, [[foreign], [row["k"]]])) == [row], (
                foreign
            )


TYPES: list[tuple[str, str, Any]] = [
    ("TINYINT", "-128", -128),
    ("BIGINT UNSIGNED", "18446744073709551615", 18446744073709551615),
    ("INT(6) ZEROFILL", "42", 42),
    ("BIT(1)", "b'1'", 1),
    (
        "BIT(64)",
        "b'1000000000000000000000000000000000000000000000000000000000000001'",
        (1 << 63) + 1,
    ),
    ("BOOL", "true", 1),
    (
        "DECIMAL(65,30)",
        "'-12345.123456789012345678901234567890'",
        "-12345.123456789012345678901234567890",
    ),
    ("DECIMAL(5,2)", "'0.5'", "0.50"),
    ("DECIMAL(8,2) ZEROFILL", "1.5", "1.50"),
    ("DECIMAL(8,2) ZEROFILL", "0", "0.00"),
    ("DECIMAL(8,0) ZEROFILL", "0", "0"),
    ("FLOAT", "0.1", 0.1),
    ("FLOAT", "16777217", 16777216),
    ("FLOAT", "1.17549435e-38", 1.1754944e-38),
    ("FLOAT", "3.40282347e38", 3.4028235e38),
    ("FLOAT(7,3)", "1.0049", 1.005),
    ("DOUBLE", "0.30000000000000004", 0.30000000000000004),
    ("DOUBLE", "1.7976931348623157e308", 1.7976931348623157e308),
    ("DOUBLE(10,2)", "1234567.891", 1234567.89),
    ("CHAR(10)", "'ab '", "ab"),
    ("VARCHAR(10)", "'ab '", "ab "),
    ("VARCHAR(10) CHARACTER SET latin1", "'é'", "é"),
    ("TEXT CHARACTER SET utf16", "'😀é'", "😀é"),
    ("LONGTEXT", "'x'", "x"),
    ("BINARY(5)", "'ab'", "YWIAAAA="),
    ("VARBINARY(5)", "x'00ff'", "AP8="),
    ("BLOB", "''", ""),
    ("DATE", "'2024-02-29'", "2024-02-29"),
    ("DATE", "'0000-00-00'", None),
    ("DATE", "'2024-00-01'", None),
    ("TIME", "'-838:59:59'", "-838:59:59"),
    ("TIME(6)", "'-00:00:00.000001'", "-00:00:00.000001"),
    ("TIME(3)", "'01:02:03'", "01:02:03.000"),
    ("DATETIME", "'2024-01-02 03:04:05'", "2024-01-02T03:04:05"),
    ("DATETIME(3)", "'2024-01-02 03:04:05.678'", "2024-01-02T03:04:05.678"),
    ("DATETIME", "'0000-00-00 00:00:00'", None),
    ("TIMESTAMP(6) NULL", "'2024-01-02 03:04:05.678901'", "2024-01-02T03:04:05.678901Z"),
    ("TIMESTAMP NULL", "'0000-00-00 00:00:00'", None),
    ("YEAR", "2024", 2024),
    ("YEAR", "'0000'", 0),
    ("ENUM('x','it''s','c,d')", "2", "it's"),
    ("ENUM('x','it''s','c,d')", "'none'", ""),
    ("SET('a','b','c')", "5", "a,c"),
    ("SET('a','b','c')", "0", ""),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2.5)')", "POINT(1 2.5)"),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)', 0)", "POINT(1 2)"),
    (
        "POLYGON",
        "ST_GeomFromText('POLYGON((0 0,9 0,9 9,0 0),(1 1,2 1,2 2,1 1))')",
        "POLYGON((0 0,9 0,9 9,0 0),(1 1,2 1,2 2,1 1))",
    ),
    ("GEOMETRY", "ST_GeomFromText('MULTIPOINT(1 2,3 4)')", "MULTIPOINT((1 2),(3 4))"),
    (
        "GEOMETRY",
        "ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1e300 -0.5))')",
        "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1e+300 -0.5))",
    ),
    ("INT", "NULL", None),
]
MARIADB: list[tuple[str, str, Any]] = [
    ("UUID", "'12345678-9abc-11ee-8ef0-123456789abc'", "12345678-9abc-11ee-8ef0-123456789abc"),
    ("INET4", "'1.2.3.4'", "1.2.3.4"),
    ("INET6", "'::ffff:1.2.3.4'", "::ffff:1.2.3.4"),
    ("TEXT COMPRESSED", "'compressed'", "compressed"),
    ("JSON", "'{\"a\": 1.10}'", '{"a": 1.10}'),
    ("INT INVISIBLE", "7", 7),
]
MYSQL: list[tuple[str, str, Any]] = [
    (
        "JSON",
        '\'{"a": [1, null, "é"], "b": 18446744073709551615}\'',
        {"a": [1, None, "é"], "b": 18446744073709551615},
    ),
    ("JSON", "'null'", None),
    ("JSON", "CAST(TIMESTAMP'2024-01-02 03:04:05' AS JSON)", "2024-01-02 03:04:05.000000"),
    ("VECTOR(3)", "STRING_TO_VECTOR('[1,0.1,-2.5]')", [1.0, 0.1, -2.5]),
    ("INT INVISIBLE", "7", 7),
    ("GEOMETRY", "ST_GeomFromText('POINT(1 2)', 4326)", "SRID=4326;POINT(2 1)"),
]


def test_values_are_canonical(real: RealDatabaseBench, parsed: Callable[[Row], Row]) -> None:
    types = TYPES + (MARIADB if real.kind == "mariadb" else MYSQL)
    names = [f"c{number}" for number in range(len(types))]
    real.sql("SET sql_mode = '', time_zone = '+00:00'")
    columns = ", ".join(f"{name} {sql}" for name, (sql, _, _) in zip(names, types, strict=True))
    real.connection.query(
        f"CREATE TABLE things (id INT PRIMARY KEY, {columns}, `odd ``%` INT GENERATED "
        "ALWAYS AS (id + 1) VIRTUAL)"
    )
    real.connection.query(
        f"INSERT INTO things (id, {', '.join(names)}) VALUES (1, "
        f"{', '.join(value for _, value, _ in types)})"
    )
    (row,) = real.database.chunk(real.described(), ("id",), None, 2, reached=None)
    found = parsed(row)
    assert found.pop("odd `%") == 2
    assert found == {
        "id": 1,
        **{name: value for name, (_, _, value) in zip(names, types, strict=True)},
    }


@pytest.fixture
def parsed() -> Callable[[Row], Row]:
    """A row as a reader of its JSON sees it."""
    return lambda row: msgspec.json.decode(msgspec.json.encode(row))


def test_negative_zero_keeps_its_sign(real: RealDatabaseBench) -> None:
    real.sql("CREATE TABLE things (id INT PRIMARY KEY, d DOUBLE, f FLOAT)")
    real.sql("INSERT INTO things VALUES (1, -0e0, -0e0)")
    (row,) = real.database.chunk(real.described(), ("id",), None, 2, reached=None)
    assert (str(row["d"]), str(row["f"])) == ("-0.0", "-0.0")


def test_keys_and_cascades_are_listed(real: RealDatabaseBench) -> None:
    real.sql(
        "CREATE TABLE parent (id INT PRIMARY KEY, code INT NOT NULL UNIQUE, maybe INT "
        "UNIQUE, t VARCHAR(9), UNIQUE (t(3)))"
    )
    real.sql(
        "CREATE TABLE child (id INT PRIMARY KEY, p INT, FOREIGN KEY own (p) REFERENCES "
        "parent (id) ON DELETE CASCADE ON UPDATE SET NULL)"
    )
    keys = {key.columns: key.nullable for key in real.database.unique_keys()[f"{real.name}.parent"]}
    assert keys == {("code",): False, ("maybe",): True}
    (cascade,) = real.database.cascades([f"{real.name}.child", f"{real.name}.parent"])
    assert (cascade.table, cascade.parent, cascade.action) == (
        f"{real.name}.child",
        f"{real.name}.parent",
        "ON DELETE CASCADE, ON UPDATE SET NULL",
    )


def test_generated_columns_are_listed(real: RealDatabaseBench) -> None:
    versioned = (
        ", s TIMESTAMP(6) AS ROW START, e TIMESTAMP(6) AS ROW END, PERIOD FOR SYSTEM_TIME "
        "(s, e)) WITH SYSTEM VERSIONING"
    )
    real.sql(
        "CREATE TABLE things (id INT PRIMARY KEY, a INT DEFAULT (1 + 1), v INT AS (a * 2) "
        "VIRTUAL, `S s` VARCHAR(9) AS (CONCAT(a, '')) STORED INVISIBLE"
        + (versioned if real.kind == "mariadb" else ")")
    )
    real.sql("CREATE TABLE plain (id INT PRIMARY KEY, u VARCHAR(40) DEFAULT (UUID()))")
    assert real.database.generated([f"{real.name}.things", f"{real.name}.plain"]) == {
        f"{real.name}.things": ("v", "S s")
    }
    assert real.database.generated([f"{real.name}.plain"]) == {}


def test_the_account_is_asked_and_answers(real: RealDatabaseBench) -> None:
    assert any("REPLICATION SLAVE" in grant for grant in real.database.grants())
    assert real.database.variables("binlog_format", "no_such_variable") == {"binlog_format": "ROW"}
    assert real.database.retention_hours() is None


def test_large_rows_come_in_smaller_chunks(
    real: RealDatabaseBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "_CHUNK_BYTES", 100_000)
    real.sql("CREATE TABLE things (id INT PRIMARY KEY, body LONGTEXT)")
    for id in range(60):
        real.sql("INSERT INTO things VALUES (%s, %s)", id, "x" * (50_000 if id < 30 else 5))
    table, reached = real.described(), real.database.position()
    first = real.database.chunk(table, ("id",), None, 1000, reached=reached)
    assert 0 < len(first) < 60
    found = walk(real.database, table, ("id",), 1000, reached)
    assert [row["id"] for row in found] == list(range(60))


def test_rows_of_every_length_come_as_the_client_library_reads_them(
    real: RealDatabaseBench,
) -> None:
    lengths = [0, 1, 250, 251, 252, 3_000, 8_180, 8_192, 65_535, 65_536, 70_000]
    real.sql("CREATE TABLE things (id INT PRIMARY KEY, a TEXT, b MEDIUMBLOB, c MEDIUMTEXT)")
    for id in range(330):  # more than packets have numbers
        length = lengths[id % 11] if id < 44 else id % 300
        text, data = "ä" * (length // 2), b"\xfe\xff" * (length // 2)
        real.sql("INSERT INTO things VALUES (%s, %s, %s, %s)", id, text[:9], data or None, text)
    table, reached = real.described(), real.database.position()
    one_by_one = real.database.rows(table, ("id",), [[id] for id in range(330)])
    expected = sorted(one_by_one, key=lambda row: row["id"])
    assert real.database.chunk(table, ("id",), None, 1000, reached=reached) == expected


def test_a_lost_connection_is_opened_again(real: RealDatabaseBench) -> None:
    table = real.fill(ROWS)
    assert isinstance(real.database, SqlDatabase)
    real.database.server()
    assert real.database._connection is not None
    real.sql(f"KILL {real.database._connection.thread_id()}")
    with pytest.raises(SourceUnavailable):
        real.database.chunk(table, table.key, None, 1, reached=None)
    assert len(
        real.database.chunk(table, table.key, None, 99, reached=real.database.position())
    ) == len(ROWS)


def test_a_wrong_password_is_named_without_showing_it(mariadb: Any) -> None:
    with pytest.raises(SourceError, match="Check user and password") as error:
        SqlDatabase(
            msgspec.structs.replace(parse(mariadb.reader_url), password="wrong-secret")
        ).server()
    assert "wrong-secret" not in str(error.value)


def test_a_server_that_is_not_there_may_come_back() -> None:
    with pytest.raises(SourceUnavailable, match="does not answer"):
        SqlDatabase(parse("mysql://rowline:x@127.0.0.1:1")).server()


def test_an_unverified_certificate_is_refused_before_the_password_is_sent(mariadb: Any) -> None:
    endpoint = msgspec.structs.replace(parse(mariadb.reader_url), tls="verify")
    with pytest.raises(SourceError, match="no verified TLS connection"):
        SqlDatabase(endpoint).server()
    trusted = SqlDatabase(msgspec.structs.replace(endpoint, ca_certificate=mariadb.ca_certificate))
    assert trusted.server().flavour == "mariadb"
    trusted.close()


def test_mysql_without_gtids_waits_for_writers_of_the_table(
    start_mysql: Callable[..., Any],
) -> None:
    bench = RealDatabaseBench(start_mysql("--gtid-mode=OFF", "--enforce-gtid-consistency=OFF"))
    table = bench.fill(ROWS)
    reached = bench.database.position()
    assert reached is not None
    assert not reached.gtids
    with pytest.raises(SourceError, match="LOCK TABLES"):
        bench.database.chunk(table, table.key, None, 99, reached=reached)
    bench.sql(f"GRANT LOCK TABLES ON {bench.name}.* TO rowline@'127.0.0.1'")
    bench.database.close()
    assert len(bench.database.chunk(table, table.key, None, 99, reached=reached)) == len(ROWS)

    bench.sql("BEGIN")
    bench.put(1, "a", "newer")
    writer = threading.Timer(1.5, lambda: bench.sql("COMMIT"))
    writer.start()
    found = bench.database.chunk(table, table.key, None, 99, reached=reached)
    # the row shows before the writer has heard that it committed, and its connection is closed
    # below
    writer.join()
    assert [row["c"] for row in found if (row["a"], row["b"]) == (1, "a")] == ["newer"]
    bench.close()


@pytest.mark.parametrize("kind", ["mariadb", "mysql"])
def test_databases_that_are_not_logged_are_known(kind: str, request: pytest.FixtureRequest) -> None:
    start = request.getfixturevalue(f"start_{kind}")
    server = start("--binlog-do-db=shop", "--binlog-do-db=stock", "--binlog-ignore-db=logs")
    database = SqlDatabase(parse(server.reader_url))
    try:
        filters = database.binlog_filters()
    finally:
        database.close()
    assert (filters.do, filters.ignore) == ({"shop", "stock"}, {"logs"})
