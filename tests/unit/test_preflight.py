"""What is in the way of reading a source, each named with its fix (long: every finding)."""

import msgspec
import pytest

from shared.adapters.database.contract import BinlogFilters, Cascade, Server, UniqueKey
from shared.domain.preflight import Finding, check_source, require
from shared.domain.preflight.grants import check_grants
from shared.domain.preflight.server_settings import check_retention, check_server
from shared.values.errors import SourceError
from shared.values.settings import SourceSettings, TableSettings
from shared.values.table import Column, Table
from tests.worlds.twins.database import MemoryDatabase

MARIADB = Server("mariadb", (11, 4, 5), "11.4.5-MariaDB", "mariadb-1")
MYSQL = Server("mysql", (8, 0, 40), "8.0.40", "3f1c")
RDS = Server("mysql", (8, 0, 40), "8.0.40", "3f1c", "rds")
AURORA = Server("mysql", (8, 0, 32), "8.0.32", "3f1c", "aurora")
GOOD = {
    "log_bin": "ON",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "server_id": "1",
    "gtid_mode": "ON",
}
GRANTS = ["GRANT SELECT, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO `rowline`@`%`"]


def levels(findings: list[Finding]) -> dict[str, str]:
    return {finding.thing: finding.level for finding in findings if finding.level != "ok"}


def source(**tables: TableSettings) -> SourceSettings:
    return SourceSettings(
        name="shop",
        secret="s",
        tables={name.replace("__", "."): settings for name, settings in tables.items()},
    )


def database(server: Server = MARIADB) -> MemoryDatabase:
    made = MemoryDatabase(server)
    made.settings, made.grants_held = dict(GOOD), list(GRANTS)
    made.create(
        Table(
            "shop", "items", (Column("id", "int", nullable=False), Column("note", "text")), ("id",)
        )
    )
    return made


def test_a_good_source_has_nothing_to_correct() -> None:
    findings = check_source(database(), source(shop__items=TableSettings()))
    assert levels(findings) == {}
    require(findings)


@pytest.mark.parametrize(
    ("server", "setting", "value", "check", "fix"),
    [
        (MARIADB, "log_bin", "OFF", "log_bin", "log_bin=bin"),
        (RDS, "log_bin", "OFF", "log_bin", "backup retention period"),
        (AURORA, "log_bin", "OFF", "log_bin", "DB cluster parameter group"),
        (MARIADB, "binlog_format", "MIXED", "binlog_format", "SET GLOBAL binlog_format = 'ROW'"),
        (RDS, "binlog_format", "MIXED", "binlog_format", "DB parameter group"),
        (AURORA, "binlog_row_image", "MINIMAL", "binlog_row_image", "DB cluster parameter group"),
        (
            MYSQL,
            "binlog_row_image",
            "MINIMAL",
            "binlog_row_image",
            "SET GLOBAL binlog_row_image = 'FULL'",
        ),
        (
            MYSQL,
            "binlog_row_metadata",
            "MINIMAL",
            "binlog_row_metadata",
            "SET GLOBAL binlog_row_metadata = 'FULL'",
        ),
        (MYSQL, "server_id", "0", "server_id", "above 0"),
    ],
)
def test_each_setting_is_named_with_its_fix(
    server: Server, setting: str, value: str, check: str, fix: str
) -> None:
    (failed,) = [
        finding
        for finding in check_server(server, GOOD | {setting: value})
        if finding.level == "fail"
    ]
    assert failed.thing == check
    assert fix in failed.fix


def test_old_servers_fail_and_mysql_5_7_is_warned_of_its_missing_names() -> None:
    assert check_server(Server("mysql", (5, 6, 51), "5.6.51", "u"), GOOD)[0].level == "fail"
    old = Server("mysql", (5, 7, 44), "5.7.44", "u")
    without = {name: value for name, value in GOOD.items() if name != "binlog_row_metadata"}
    assert levels(check_server(old, without)) == {"binlog_row_metadata": "warn"}


def test_gtids_off_is_a_warning() -> None:
    assert levels(check_server(MYSQL, GOOD | {"gtid_mode": "OFF"})) == {"gtid_mode": "warn"}


@pytest.mark.parametrize(
    ("server", "variables", "hours", "lag", "level"),
    [
        (MARIADB, {}, None, None, "ok"),
        (MARIADB, {"expire_logs_days": "10.000000"}, None, None, "ok"),
        (MYSQL, {"binlog_expire_logs_seconds": "2592000"}, None, None, "ok"),
        (MYSQL, {"binlog_expire_logs_seconds": "3600"}, None, None, "warn"),
        (MYSQL, {"binlog_expire_logs_seconds": "259200"}, None, 140_000.0, "fail"),
        (RDS, {"binlog_expire_logs_seconds": "2592000"}, None, None, "fail"),
        (RDS, {}, 72, 3.0, "ok"),
        (AURORA, {}, 12, None, "warn"),
    ],
)
def test_retention_is_held_against_the_lag(
    server: Server, variables: dict[str, str], hours: int | None, lag: float | None, level: str
) -> None:
    finding = check_retention(server, variables, hours, lag)
    assert finding.level == level
    assert (
        server.managed == "" or level == "ok"
    ) or "rds_set_configuration('binlog retention hours', 72)" in finding.fix


@pytest.mark.parametrize(
    ("grants", "lacking"),
    [
        (["GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"], set()),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `r`@`%`",
                "GRANT SELECT ON `shop`.* TO `r`@`%`",
            ],
            set(),
        ),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `r`@`%`",
                "GRANT SELECT ON `sh%`.* TO `r`@`%`",
            ],
            set(),
        ),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `r`@`%`",
                r"GRANT SELECT ON `sho\_`.* TO `r`@`%`",
            ],
            {"grant SELECT"},
        ),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `r`@`%`",
                "GRANT SELECT, INSERT (`a`, `b`) ON `shop`.`items` TO `r`@`%`",
            ],
            set(),
        ),
        (
            [
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO `r`@`%`",
                "GRANT SELECT ON `shop`.`other` TO `r`@`%`",
            ],
            {"grant SELECT"},
        ),
        (
            ["GRANT USAGE ON *.* TO `r`@`%`", "GRANT `role`@`%` TO `r`@`%`"],
            {"grant REPLICATION SLAVE", "grant REPLICATION CLIENT", "grant SELECT"},
        ),
        (
            ["GRANT SELECT ON *.* TO `r`@`%`", "GRANT REPLICATION SLAVE ON *.* TO `r`@`%`"],
            {"grant REPLICATION CLIENT"},
        ),
    ],
)
def test_grants_are_read_as_the_server_prints_them(grants: list[str], lacking: set[str]) -> None:
    findings = check_grants(MYSQL, grants, ["shop.items"], gtids=True)
    assert {finding.thing for finding in findings if finding.level == "fail"} == lacking


def test_without_gtids_mysql_needs_lock_tables_and_mariadb_does_not() -> None:
    assert levels(check_grants(MYSQL, GRANTS, ["shop.items"], gtids=False)) == {
        "grant LOCK TABLES": "warn"
    }
    assert levels(check_grants(MARIADB, GRANTS, ["shop.items"], gtids=False)) == {}


def test_an_unknown_table_fails_and_an_empty_pattern_warns() -> None:
    findings = check_source(
        database(), source(shop__itmes=TableSettings(), **{"old__*": TableSettings()})
    )
    assert levels(findings) == {"table shop.itmes": "fail", "tables old.*": "warn"}
    with pytest.raises(
        SourceError, match=r"table shop.itmes: is not in the database.*Correct its name"
    ):
        require(findings)


def test_a_table_without_a_key_fails_and_names_one_it_could_use() -> None:
    shop = database()
    shop.create(
        Table(
            "shop",
            "log",
            (
                Column("day", "date", nullable=False),
                Column("n", "int", nullable=False),
                Column("x", "int"),
            ),
        )
    )
    assert [
        finding.fix
        for finding in check_source(shop, source(shop__log=TableSettings()))
        if finding.level == "fail"
    ] == ["Add a primary key."]
    shop.uniques["shop.log"] = [
        UniqueKey("maybe", ("x",), True),
        UniqueKey("own", ("day", "n"), False),
    ]
    (failed,) = [
        finding
        for finding in check_source(shop, source(shop__log=TableSettings()))
        if finding.level == "fail"
    ]
    assert "{key: [day, n]}" in failed.fix
    assert levels(check_source(shop, source(shop__log=TableSettings(key=("n", "day"))))) == {}
    assert levels(check_source(shop, source(shop__log=TableSettings(key=("x",))))) == {
        "table shop.log": "fail"
    }
    assert levels(check_source(shop, source(shop__log=TableSettings(key=("n",))))) == {
        "table shop.log": "fail"
    }


def test_hidden_columns_that_are_not_there_fail() -> None:
    for settings in (
        TableSettings(drop=("nope",)),
        TableSettings(mask={"nope": "redact"}),
        TableSettings(shard_by=("nope",)),
    ):
        (failed,) = [
            finding
            for finding in check_source(database(), source(shop__items=settings))
            if finding.level == "fail"
        ]
        assert "nope" in failed.what


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\x01"])
def test_a_name_that_no_message_may_carry_is_refused(character: str) -> None:
    shop = database()
    name = f"it{character}ems"
    table = shop.tables["shop.items"]
    shop.create(msgspec.structs.replace(table, name=name), [])
    settings = source(**{f"shop__{name}": TableSettings()})
    (failed,) = [one for one in check_source(shop, settings) if one.level == "fail"]
    assert failed.table == f"shop.{name}"
    assert f"U+{ord(character):04X} in its name" in failed.what


def test_cascades_fail_unless_the_stanza_accepts_them_and_engines_warn() -> None:
    shop = database()
    shop.foreign_keys = [Cascade("shop.items", "shop.sellers", "fk", "ON DELETE CASCADE")]
    with pytest.raises(
        SourceError,
        match=(
            r"foreign key fk \(ON DELETE CASCADE of shop\.sellers\).*shop\.items: "
            r"{acceptCascades: true}"
        ),
    ):
        require(check_source(shop, source(shop__items=TableSettings())), begun=True)
    assert levels(check_source(shop, source(shop__items=TableSettings(accept_cascades=True)))) == {
        "table shop.items": "warn"
    }
    newer = database(Server("mysql", (9, 6, 0), "9.6.0", "u"))
    newer.foreign_keys = shop.foreign_keys
    newer.grants_held = ["GRANT ALL PRIVILEGES ON *.* TO `r`@`%`"]
    assert levels(check_source(newer, source(shop__items=TableSettings()))) == {}
    shop.foreign_keys, shop.engines["shop.items"] = [], "MyISAM"
    assert levels(check_source(shop, source(shop__items=TableSettings()))) == {
        "table shop.items": "warn"
    }


@pytest.mark.parametrize(
    ("server", "level"),
    [
        (MARIADB, None),
        (Server("mariadb", (11, 8, 6), "11.8.6-MariaDB", "mariadb-1"), None),
        (Server("mariadb", (11, 8, 7), "11.8.7-MariaDB", "mariadb-1"), "warn"),
        (Server("mariadb", (11, 8, 9), "11.8.9-MariaDB", "mariadb-1"), "fail"),
        (Server("mariadb", (12, 1, 2), "12.1.2-MariaDB", "mariadb-1"), "warn"),
        (Server("mysql", (12, 0, 0), "12.0.0", "u"), None),
    ],
)
def test_generated_columns_that_the_binlog_lacks_are_named_until_they_are_dropped(
    server: Server, level: str | None
) -> None:
    shop = database(server)
    shop.grants_held = ["GRANT ALL PRIVILEGES ON *.* TO `r`@`%`"]
    shop.create(
        Table(
            "shop",
            "items",
            tuple(Column(name, "int") for name in ("id", "net", "tax", "gross")),
            ("id",),
        )
    )
    shop.generated_columns = {"shop.items": ("tax", "gross"), "shop.others": ("x",)}
    found = [
        finding
        for finding in check_source(shop, source(shop__items=TableSettings(drop=("tax",))))
        if finding.level != "ok"
    ]
    assert [finding.level for finding in found] == ([level] if level else [])
    if level:
        assert "(gross), which MariaDB 1" in found[0].what
        assert "{shop.items: {drop: [tax, gross]}}" in found[0].fix
        require(found, begun=True)
    assert (
        levels(check_source(shop, source(shop__items=TableSettings(drop=("gross", "tax"))))) == {}
    )
    kept = check_source(
        shop, source(shop__items=TableSettings(drop=("gross", "tax"), shard_by=("tax",)))
    )
    assert levels(kept) == ({"table shop.items": level} if level else {})
    assert not level or "other columns than tax" in next(
        finding.fix for finding in kept if finding.level == level
    )


def test_a_stream_that_has_begun_goes_on_though_tables_have_changed_since() -> None:
    shop = database()
    shop.create(Table("shop", "log", (Column("n", "int"),)))
    tables = {
        "shop__gone": TableSettings(),
        "shop__log": TableSettings(),
        "shop__items": TableSettings(drop=("gone",)),
    }
    findings = check_source(shop, source(**tables))
    assert levels(findings) == {
        "table shop.gone": "fail",
        "table shop.log": "fail",
        "table shop.items": "fail",
    }
    require(findings, begun=True)
    shop.settings["binlog_row_image"] = "MINIMAL"
    with pytest.raises(SourceError, match=r"binlog_row_image: is MINIMAL"):
        require(check_source(shop, source(**tables)), begun=True)


def test_the_first_failure_is_raised_and_the_others_are_counted() -> None:
    with pytest.raises(SourceError, match=r"log_bin: is OFF.* 1 more: see `rowline doctor`"):
        require(
            [
                Finding("log_bin", "fail", "is OFF", "Set it."),
                Finding("x", "warn", "w"),
                Finding("y", "fail", "f", "g"),
            ]
        )


@pytest.mark.parametrize(
    ("filters", "setting"),
    [
        (BinlogFilters(ignore=frozenset({"shop"})), "binlog_ignore_db"),
        (BinlogFilters(do=frozenset({"stock"})), "binlog_do_db"),
        (BinlogFilters(do=frozenset({"shop"}), ignore=frozenset({"shop"})), ""),
        (BinlogFilters(ignore=frozenset({"stock"})), ""),
    ],
)
def test_a_database_that_is_not_logged_is_named(filters: BinlogFilters, setting: str) -> None:
    """Where both are set, only binlog_do_db counts."""
    shop = database()
    shop.filters = filters
    found = levels(check_source(shop, source(shop__items=TableSettings())))
    assert found == ({setting: "fail"} if setting else {})


def test_an_account_without_the_right_to_ask_is_told_of_its_right() -> None:
    class Refusing(MemoryDatabase):
        def binlog_filters(self) -> BinlogFilters:
            raise SourceError("Access denied.")

    shop = Refusing(MARIADB)
    shop.settings = dict(GOOD)
    shop.grants_held = ["GRANT SELECT, REPLICATION SLAVE ON *.* TO `rowline`@`%`"]
    shop.create(Table("shop", "items", (Column("id", "int", nullable=False),), ("id",)))
    found = levels(check_source(shop, source(shop__items=TableSettings())))
    assert found == {"grant BINLOG MONITOR": "fail"}


@pytest.mark.parametrize(
    ("settings", "stanza"),
    [
        (TableSettings(drop=("id",)), "drop"),
        (TableSettings(mask={"id": "redact"}), "mask"),
        (TableSettings(mask={"id": "hash"}), ""),
    ],
)
def test_a_key_column_that_is_hidden_is_named(settings: TableSettings, stanza: str) -> None:
    found = [one for one in check_source(database(), source(shop__items=settings)) if one.fix]
    assert [one.stanza for one in found] == (
        [f"sources.shop.tables.shop.items.{stanza}"] if stanza else []
    )


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    found = check_source(
        database(), source(shop__items=TableSettings(drop=("nota",)), shop__itmes=TableSettings())
    )
    fixes = {one.stanza: one.fix for one in found if one.level == "fail"}
    assert "Did you mean note?" in fixes["sources.shop.tables.shop.items.drop"]
    assert "Did you mean shop.items?" in fixes["sources.shop.tables.shop.itmes"]


def test_a_table_whose_changes_are_always_statements_is_refused() -> None:
    made = database()
    made.precise_tables = frozenset({"shop.items"})
    findings = check_source(made, source(shop__items=TableSettings()))
    assert levels(findings) == {"table shop.items": "fail"}
    with pytest.raises(SourceError, match="transaction-precise"):
        require(findings, begun=True)
