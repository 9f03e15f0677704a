"""What a server has of what was published, by GTID."""

from shared.adapters.binlog.executed import MariadbExecuted, MysqlExecuted

A, B = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "4e11fa47-71ca-11e1-9e33-c80aa9429562"


def test_mysql_lacks_what_is_not_in_its_set() -> None:
    executed = MysqlExecuted(f"{A}:1-97:99,{B}:1-5")
    published = f"{A}:1-100"
    assert executed.missing(published) == f"{A}:98:100"
    assert executed.common(published, []) == f"{A}:1-97:99"
    assert executed.has(f"{A}:99")
    assert not executed.has(f"{A}:98")
    assert not executed.covers(f"{A}:1-98")
    assert executed.common(f"{'5' + A[1:]}:1-3", []) == ""


def test_mysql_tags_are_sets_of_their_own() -> None:
    executed = MysqlExecuted(f"{A}:1-10:nightly:1-3")
    assert executed.missing(f"{A}:1-10:nightly:1-5") == f"{A}:nightly:4-5"
    assert executed.has(f"{A}:nightly:3")
    assert not executed.has(f"{A}:other:3")


def test_mariadb_a_number_that_another_server_used_again_is_another_transaction() -> None:
    promoted = MariadbExecuted("0-1-98,0-2-105")
    assert promoted.has("0-1-98")
    assert not promoted.has("0-1-100")
    assert promoted.has("0-2-100")
    assert promoted.missing("0-1-100,1-1-1") == "0-1-100,1-1-1"
    assert promoted.common("0-1-100", []) == "0-1-98"


def test_mariadb_finds_the_place_by_what_was_published_before() -> None:
    promoted = MariadbExecuted("0-1-98,0-3-99,0-2-105")
    assert promoted.common("0-4-100", []) == ""
    assert promoted.common("0-4-100", ["0-1-98", "0-3-99"]) == "0-3-99"
    assert promoted.common("0-4-100", ["0-2-105", "0-1-98"]) == "0-1-98", (
        "what the new server wrote itself lies behind"
    )


def test_mariadb_restored_what_stands_before_the_place_is_here_whoever_wrote_it() -> None:
    restored = MariadbExecuted("0-1-97", linear=True)
    assert restored.has("0-3-96")
    assert not restored.has("0-1-98")
    assert restored.common("0-1-100,1-1-4", []) == "0-1-97"
    assert restored.common("0-1-95", []) == "0-1-95", "never beyond what was published"
