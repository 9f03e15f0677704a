"""What statements in the binlog mean for tables (long: a line a statement)."""

import pytest

from shared.adapters.binlog.statements import Effect, Names, dialect, read, utf8
from shared.values.cascades import CASCADE

NAMES = Names("k")


def effects(sql: str) -> set[Effect]:
    """Its effects on table k.a and others, but for those that say that a definition changed."""
    found = read(sql.encode(), names=NAMES).effects
    return {effect for effect in found if effect.kind not in ("changed", "plain")}


def gone(*partitions: str, table: str = "a", database: str = "k") -> Effect:
    return Effect("gone", database, table, partitions)


def due(why: str, table: str = "a", database: str = "k", was: str = "") -> Effect:
    """`was` is DATABASE.TABLE."""
    database_was, _, table_was = was.partition(".")
    return Effect("due", database, table, (), why, (database_was, table_was) if was else None)


@pytest.mark.parametrize(
    ("action", "wanted"),
    [
        ("DROP PARTITION p0", {gone("p0")}),
        ("DROP PARTITION p0, `p 1`, p2", {gone("p0", "p 1", "p2")}),
        ("DROP PARTITION IF EXISTS p0", {gone("p0")}),
        ("ALGORITHM=INPLACE, DROP PARTITION p1, p2", {gone("p1", "p2")}),
        ("WAIT 10 DROP PARTITION p0", {gone("p0")}),
        ("NOWAIT TRUNCATE PARTITION p0", {gone("p0")}),
        ("TRUNCATE PARTITION ALL", {gone()}),
        ("TRUNCATE PARTITION `ALL`", {gone("ALL")}),
        (
            "EXCHANGE PARTITION p1 WITH TABLE other.b WITHOUT VALIDATION",
            {
                *(gone("p1"), gone(table="b", database="other")),
                *(due("EXCHANGE PARTITION"), due("EXCHANGE PARTITION", "b", "other")),
            },
        ),
        (
            "CONVERT PARTITION p1 TO TABLE b",
            {gone("p1"), due("CONVERT PARTITION", "b")},
        ),
        (
            "CONVERT TABLE b TO PARTITION p1 VALUES LESS THAN (5)",
            {gone(table="b"), due("CONVERT TABLE")},
        ),
        ("ADD PARTITION (PARTITION p9 VALUES LESS THAN (90))", set()),
        ("REORGANIZE PARTITION p1 INTO (PARTITION p2 VALUES LESS THAN (5))", set()),
        ("COALESCE PARTITION 2", set()),
        ("REMOVE PARTITIONING", set()),
        ("REBUILD PARTITION p1, p2", set()),
    ],
)
def test_partitions(action: str, wanted: set[Effect]) -> None:
    assert effects(f"ALTER TABLE a {action}") == wanted


@pytest.mark.parametrize(
    ("action", "why"),
    [
        *((f"ADD {column}", "") for column in ("b INT", "b INT DEFAULT NULL", "b TIMESTAMP NULL")),
        ("ADD b INT COMMENT 'NOT NULL'", ""),
        ("ADD b INT CHECK (b IS NOT NULL)", ""),
        ("ADD b INT DEFAULT 0", "ADD COLUMN"),
        ("ADD b INT NOT NULL", "ADD COLUMN"),
        ("ADD COLUMN IF NOT EXISTS b SERIAL", "ADD COLUMN"),
        ("ADD b TIMESTAMP", "ADD COLUMN"),
        ("ADD (b INT, c INT AS (a + 1))", "ADD COLUMN"),
        ("ADD COLUMN (n INT DEFAULT NULL, m INT DEFAULT 4)", "ADD COLUMN"),
        ("ADD COLUMN (n INT DEFAULT NULL, m INT NULL)", ""),
        ("ADD b INT UNIQUE KEY", ""),
        ("ADD n INT PRIMARY KEY", "PRIMARY KEY"),
        ("ADD n INT KEY FIRST", "PRIMARY KEY"),
        ("ADD PRIMARY KEY (b)", "PRIMARY KEY"),
        ("ADD CONSTRAINT PRIMARY KEY (b)", "PRIMARY KEY"),
        ("ADD CONSTRAINT c PRIMARY KEY (b)", "PRIMARY KEY"),
        ("DROP PRIMARY KEY", "PRIMARY KEY"),
        ("DROP KEY `primary`", "PRIMARY KEY"),
        ("DROP INDEX b", ""),
        ("DROP CONSTRAINT `PRIMARY`", "PRIMARY KEY"),
        ("DROP FOREIGN KEY b", ""),
        ("ADD UNIQUE KEY (b)", ""),
        ("ADD CONSTRAINT c UNIQUE (b)", ""),
        ("ADD COLUMN period INT NOT NULL DEFAULT 7", "ADD COLUMN"),
        ("ADD period INT NOT NULL", "ADD COLUMN"),
        ("ADD PERIOD FOR p (s, e)", "PERIOD"),
        ("ADD COLUMN system INT DEFAULT 1", "ADD COLUMN"),
        ("ADD SYSTEM VERSIONING", "SYSTEM VERSIONING"),
        ("DROP SYSTEM VERSIONING", "SYSTEM VERSIONING"),
        ("DROP COLUMN period", "DROP COLUMN"),
        ("DROP period", "DROP COLUMN"),
        ("DROP system", "DROP COLUMN"),
        ("DROP PERIOD FOR p", "PERIOD"),
        ("ADD VECTOR INDEX (v)", ""),
        ("ADD vector INT NOT NULL", "ADD COLUMN"),
        ("ADD FOREIGN KEY (p) REFERENCES b (id)", ""),
        ("ADD FOREIGN KEY (p) REFERENCES b (id) ON DELETE CASCADE", CASCADE),
        ("ADD CONSTRAINT f FOREIGN KEY (p) REFERENCES b (id) ON UPDATE SET NULL", CASCADE),
        ("ADD p INT REFERENCES b (id) ON DELETE SET NULL", CASCADE),
        ("ADD FOREIGN KEY (p) REFERENCES b (id) ON DELETE RESTRICT", ""),
        ("CONVERT TO CHARACTER SET utf8mb4", "CONVERT TO CHARACTER SET"),
        ("DEFAULT CHARACTER SET utf8mb4", ""),
        ("MODIFY b TINYINT", "MODIFY COLUMN"),
        ("CHANGE b c INT", "CHANGE COLUMN"),
        ("RENAME COLUMN b TO c", "RENAME COLUMN"),
        ("RENAME INDEX b TO c", ""),
        ("ENGINE = InnoDB", ""),
        ("ENGINE 'InnoDB'", ""),
        ("ENGINE BLACKHOLE", "ENGINE"),
        ("UNION = (b, c)", "UNION"),
        ("ORDER BY b, c", ""),
        ("ALTER b SET DEFAULT 5", ""),
        ("ALTER COLUMN engine SET DEFAULT 5", ""),
        ("COMMENT 'RENAME TO b'", ""),
        ("IMPORT TABLESPACE", "IMPORT TABLESPACE"),
        ("FORCE", ""),
    ],
)
def test_what_makes_a_table_due(action: str, why: str) -> None:
    assert effects(f"ALTER TABLE a {action}") == ({due(why)} if why else set())


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("ALTER IGNORE TABLE a ADD UNIQUE (b)", {due("ALTER IGNORE")}),
        ("ALTER TABLE a RENAME TO b", {gone(), due("RENAME", "b", was="k.a")}),
        ("ALTER TABLE a RENAME AS b, ADD c INT", {gone(), due("RENAME", "b", was="k.a")}),
        ("ALTER TABLE a RENAME = k.a", set()),
        ("ALTER TABLE o.a RENAME b", {gone(database="o"), due("RENAME", "b", was="o.a")}),
        ("RENAME TABLE a TO b", {gone(), due("RENAME", "b", was="k.a")}),
        ("RENAME TABLE a TO x, b TO a, x TO b",
         {due("RENAME", was="k.b"), due("RENAME", "b", was="k.a")}),
        ("RENAME TABLE a TO x, x TO a", set()),
        (
            "RENAME TABLES a TO x, b TO a, c TO b, x TO c",
            {
                *(due("RENAME", was="k.b"), due("RENAME", "b", was="k.c")),
                due("RENAME", "c", was="k.a"),
            },
        ),
        (
            "RENAME TABLE a TO _a_del, _a_gho TO a",
            {
                *(gone(table="_a_gho"), due("RENAME", was="k._a_gho")),
                due("RENAME", "_a_del", was="k.a"),
            },
        ),
        (
            "RENAME TABLE IF EXISTS a WAIT 5 TO o.a",
            {gone(), due("RENAME", database="o", was="k.a")},
        ),
        ("TRUNCATE a", {gone()}),
        ("TRUNCATE TABLE `o.x`.`a.b`", {gone(table="a.b", database="o.x")}),
        ("/*!50000 TRUNCATE*/ TABLE /* x */ a # b", {gone()}),
        ("TRUNCATE /*M!100100 TABLE */ a -- b", {gone()}),
        ("TRUNCATE /* 99999 TABLE */ a", {gone()}),
        ("DROP TABLE IF EXISTS a, `b` /* generated by server */", {gone(), gone(table="b")}),
        ("DROP /*!40005 TEMPORARY */ TABLE a", {Effect("not_temporary", "k", "a")}),
        ("DROP DATABASE IF EXISTS `o`", {gone(table="*", database="o")}),
        ("CREATE OR REPLACE SCHEMA o", {gone(table="*", database="o")}),
        ("CREATE DATABASE o", set()),
        ("DROP VIEW a", set()),
        ("DROP SEQUENCE a", set()),
        ("DROP INDEX `PRIMARY` ON a", {due("PRIMARY KEY")}),
        ("DROP INDEX i ON a", set()),
        ("CREATE UNIQUE INDEX i ON a (b)", set()),
        ("CREATE TABLE a (id INT PRIMARY KEY)", set()),
        ("CREATE TABLE a LIKE b", set()),
        ("CREATE OR REPLACE TABLE a LIKE b", {gone()}),
        ("CREATE TABLE a SELECT 1 AS id", {due("CREATE TABLE … SELECT")}),
        ("CREATE TABLE a (PRIMARY KEY (id)) (SELECT 1 AS id)", {due("CREATE TABLE … SELECT")}),
        ("CREATE TABLE a AS VALUES ROW(1)", {due("CREATE TABLE … SELECT")}),
        ("CREATE TABLE a TABLE b", {due("CREATE TABLE … SELECT")}),
        ("CREATE TABLE a (id INT) START TRANSACTION", set()),
        (
            "CREATE TABLE a (id INT) PARTITION BY RANGE (id) "
            "(PARTITION p VALUES LESS THAN (5) ENGINE = MyISAM)",
            set(),
        ),
        ("CREATE TABLE a (id INT) ENGINE = CONNECT", {due("ENGINE")}),
        (
            "CREATE TABLE a (p INT, FOREIGN KEY (p) REFERENCES b (id) ON DELETE CASCADE)",
            {due(CASCADE)},
        ),
        ("CREATE TEMPORARY TABLE a (id INT)", {Effect("temporary", "k", "a")}),
        ("CREATE DEFINER = x TRIGGER t AFTER INSERT ON a FOR EACH ROW SET @a = 1",
         {Effect("opaque", "k", "a")}),
        ("CREATE ALGORITHM = UNDEFINED VIEW a AS SELECT 1", {Effect("opaque", "k", "a")}),
        ("CREATE SEQUENCE a", {Effect("sequence", "k", "a")}),
        ("OPTIMIZE TABLE a", set()),
        ("RENAME USER a TO b", set()),
    ],
)  # fmt: skip
def test_definitions(sql: str, wanted: set[Effect]) -> None:
    assert effects(sql) == wanted


@pytest.mark.parametrize(
    ("sql", "kind", "tables", "calls"),
    [
        ("INSERT INTO o.b (id, c) VALUES (1, NOW())", "rows", ["o.b"], False),
        ("INSERT IGNORE b SELECT * FROM a", "rows", ["k.b"], False),
        ("REPLACE INTO b VALUES (f(1))", "rows", ["k.b"], True),
        ("REPLACE INTO b VALUES (o.lower(1))", "rows", ["k.b"], True),
        ("UPDATE b SET c = LOWER(c) WHERE d IN (1, 2)", "rows", ["k.b"], False),
        ("UPDATE b AS x JOIN a ON x.i = a.i SET x.c = 1", "perhaps", ["k.b", "k.a"], False),
        ("UPDATE b, o.a SET b.c = 1", "perhaps", ["k.b", "o.a"], False),
        ("DELETE FROM `k`.`b`", "rows", ["k.b"], False),
        ("DELETE FROM b WHERE c > 1 ORDER BY d LIMIT 5", "rows", ["k.b"], False),
        ("DELETE FROM b ORDER BY c LIMIT 5", "rows", ["k.b"], False),
        ("DELETE x FROM b AS x JOIN a USING (id)", "perhaps", ["k.x", "k.b", "k.a"], False),
        ("DELETE HISTORY FROM b", "rows", [], False),
        ("WITH c AS (SELECT 1) DELETE FROM b WHERE id IN (TABLE c)", "rows", ["k.b"], False),
        ("SET STATEMENT max_statement_time = 1 FOR DELETE FROM b", "rows", ["k.b"], False),
        ("ANALYZE FORMAT = JSON DELETE FROM b", "rows", ["k.b"], False),
        ("LOAD DATA INFILE 'x' INTO TABLE `b` FIELDS TERMINATED BY ',' (`id`)", "rows", ["k.b"],
         False),
        ("SELECT `k`.`f`(77)", "rows", [], True),
        ("DO SLEEP(1)", "rows", [], False),
        ("ANALYZE TABLE b", "rows", [], False),
        ("FROB b", "rows", ["k.b"], True),
    ],
)  # fmt: skip
def test_dml_that_was_logged(sql: str, kind: str, tables: list[str], calls: bool) -> None:
    statement = read(sql.encode(), names=NAMES)
    assert [f"{e.database}.{e.table}" for e in statement.effects] == tables
    assert {effect.kind for effect in statement.effects} <= {kind}
    assert statement.calls is calls


@pytest.mark.parametrize(
    ("sql", "control", "name"),
    [
        ("BEGIN", "begin", "BEGIN"),
        ("COMMIT", "commit", "COMMIT"),
        ("ROLLBACK", "rollback", ""),
        ("ROLLBACK TO `one`", "rollback_to", "one"),
        ("ROLLBACK WORK TO SAVEPOINT two", "rollback_to", "two"),
        ("SAVEPOINT `drei ö`", "savepoint", "drei ö"),
        ("XA COMMIT X'61',X'',1", "xa_commit", ""),
    ],
)
def test_control_of_transactions(sql: str, control: str, name: str) -> None:
    found = read(sql.encode())
    assert (found.control, found.name) == (control, name)


ANSI_QUOTES, MSSQL, NO_BACKSLASH_ESCAPES = 4, 1 << 10, 1 << 20


@pytest.mark.parametrize(
    ("charset", "sql_mode", "sql", "tables"),
    [
        ("utf8mb4", 0, "TRUNCATE preis€".encode(), ["preis€"]),
        ("utf8mb4", 0, "TRUNCATE a\u00a0b".encode(), ["a\u00a0b"]),
        ("latin1", 0, b"TRUNCATE\xa0h\xf6fe", ["höfe"]),
        ("gbk", 0, "ALTER TABLE a COMMENT '誠', RENAME TO b".encode("gbk"), ["a"]),
        ("gbk", 0, b"TRUNCATE `\x81\x60`", [b"\x81\x60".decode("gbk")]),
        ("shift_jis", 0, "ALTER TABLE a COMMENT 'ソ', RENAME TO b".encode("shift_jis"), ["a"]),
        ("big5", 0, "ALTER TABLE a COMMENT '功', RENAME TO b".encode("big5"), ["a"]),
        ("utf8mb4", NO_BACKSLASH_ESCAPES, rb"ALTER TABLE a COMMENT 'd:\', RENAME TO b", ["a"]),
        ("utf8mb4", 0, rb"ALTER TABLE a COMMENT '\', RENAME TO b', FORCE", []),
        ("utf8mb4", ANSI_QUOTES, b'TRUNCATE "a ""b"', ['a "b']),
        ("utf8mb4", 0, b'ALTER TABLE a COMMENT "x`", RENAME TO `b`', ["a"]),
        ("utf8mb4", MSSQL | ANSI_QUOTES, b"TRUNCATE [a]]b]", ["a]b"]),
        ("utf8mb4", 0, b"TRUNCATE `a``b`", ["a`b"]),
    ],
)
def test_text_is_read_as_its_session_wrote_it(
    charset: str, sql_mode: int, sql: bytes, tables: list[str]
) -> None:
    name = {"shift_jis": "sjis"}.get(charset, charset)
    decode = utf8 if charset == "utf8mb4" else lambda data: data.decode(charset)
    way = dialect(name, decode, sql_mode, mariadb=True)
    found = read(sql, way, NAMES)
    assert [effect.table for effect in found.effects if effect.kind == "gone"] == tables


def test_names_are_folded_before_they_are_compared() -> None:
    names = Names("K", str.lower)
    (changed,) = read(b"ALTER TABLE Orders RENAME TO k.ORDERS", names=names).effects
    assert changed[:3] == ("changed", "k", "orders")


def test_mysql_takes_mariadbs_comments_for_comments() -> None:
    way = dialect("utf8mb4", utf8, 0, mariadb=False)
    found = read(b"ALTER TABLE a ADD b INT /*M!110000 , RENAME TO c */", way, NAMES)
    assert [effect.kind for effect in found.effects] == ["changed"]
