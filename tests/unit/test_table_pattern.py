"""A pattern knows database and table apart."""

import pytest

from shared.values.settings import TableSettings, table_settings
from shared.values.table_pattern import TablePatterns, matches


@pytest.mark.parametrize(
    ("pattern", "database", "table", "chosen"),
    [
        ("k.*", "k", "t", True),
        ("k.*", "k", "a.b", True),
        ("k.*", "k.x", "t", False),
        ("k.t", "k", "t", True),
        ("k.x.t", "k.x", "t", False),
        ("k.x.t", "k", "x.t", True),
        ("k.*t", "k.x", "t", False),
        ("*.t", "k.x", "t", True),
        ("*.x.t", "k.x", "t", False),
        ("k*.*", "k.x", "t", True),
        ("*.*", "a.b", "c.d", True),
        ("k.t*", "k", "T1", False),
        ("k.[t]", "k", "t", False),
        ("k.t?", "k", "t1", False),
        ("k.t\n*", "k", "t\nx", True),
    ],
)
def test_each_half_is_compared_with_its_own_name(
    pattern: str, database: str, table: str, chosen: bool
) -> None:
    assert matches(pattern, database, table) is chosen
    assert TablePatterns(["other.x", pattern]).table(database, table) is chosen
    if chosen:
        assert TablePatterns([pattern]).database(database)


def test_a_database_counts_where_a_pattern_may_choose_of_it() -> None:
    patterns = TablePatterns(["k.*", "shop*.orders"])
    assert [patterns.database(name) for name in ("k", "k.x", "shop2", "kk")] == [
        True,
        False,
        True,
        False,
    ]
    assert TablePatterns(["k.a", "k.b", "l.*"]).named == [("k", "a"), ("k", "b")]
    assert TablePatterns(["k.a", "l.*"]).is_open()
    assert [TablePatterns(["k.a", "l.*"]).is_open(name) for name in ("k", "l")] == [False, True]


def test_settings_are_those_of_the_table_itself_or_of_the_first_pattern() -> None:
    own, of_all = TableSettings(shards=1), TableSettings(shards=2)
    tables = {"k.*": of_all, "k.t": own}
    assert table_settings(tables, "k.t") == own
    assert table_settings(tables, "k.a.b") == of_all
    assert table_settings(tables, "kk.t") == TableSettings()
