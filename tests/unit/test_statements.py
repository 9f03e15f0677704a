"""What statements in the binlog mean for tables: partitions, of which a part of the rows is gone;
columns that come with values.
"""

import pytest

from shared.adapters.binlog.statements import Effect, read

CHANGED, REWRITTEN = Effect("changed", "", "a"), Effect("rewritten", "", "a")


def gone(*partitions: str) -> Effect:
    return Effect("gone", "", "a", partitions)


@pytest.mark.parametrize(
    ("action", "effects"),
    [
        ("DROP PARTITION p0", [gone("p0")]),
        ("DROP PARTITION p0, `p 1`, p2", [gone("p0", "p 1", "p2")]),
        ("DROP PARTITION IF EXISTS p0", [gone("p0")]),
        ("ALGORITHM=INPLACE, DROP PARTITION p1, p2", [gone("p1", "p2")]),
        ("WAIT 10 DROP PARTITION p0", [gone("p0")]),
        ("NOWAIT TRUNCATE PARTITION p0", [gone("p0")]),
        ("TRUNCATE PARTITION ALL", [gone()]),
        ("TRUNCATE PARTITION `ALL`", [gone("ALL")]),
        (
            "EXCHANGE PARTITION p1 WITH TABLE other.b WITHOUT VALIDATION",
            [
                gone("p1"),
                Effect("gone", "other", "b"),
                REWRITTEN,
                Effect("rewritten", "other", "b"),
            ],
        ),
        ("CONVERT PARTITION p1 TO TABLE b", [gone("p1"), Effect("rewritten", "", "b")]),
        (
            "CONVERT TABLE b TO PARTITION p1 VALUES LESS THAN (5)",
            [Effect("gone", "", "b"), REWRITTEN],
        ),
        ("CONVERT TO CHARACTER SET utf8mb4", [REWRITTEN]),
        ("ADD PARTITION (PARTITION p9 VALUES LESS THAN (90))", []),
        (
            "REORGANIZE PARTITION p1 INTO (PARTITION p2 VALUES LESS THAN (5), PARTITION p3 "
            "VALUES LESS THAN (9))",
            [],
        ),
        ("COALESCE PARTITION 2", []),
        ("REMOVE PARTITIONING", []),
    ],
)
def test_partitions(action: str, effects: list[Effect]) -> None:
    assert list(read(f"ALTER TABLE a {action}").effects) == [CHANGED, *effects]


@pytest.mark.parametrize(
    ("column", "has_values"),
    [
        ("b INT", False),
        ("b INT DEFAULT NULL", False),
        ("b TIMESTAMP NULL", False),
        ("b INT COMMENT 'NOT NULL'", False),
        ("b INT DEFAULT 0", True),
        ("b INT NOT NULL", True),
        ("COLUMN IF NOT EXISTS b SERIAL", True),
        ("b TIMESTAMP", True),
        ("(b INT, c INT AS (a + 1))", True),
    ],
)
def test_added_columns_with_values_in_rows_that_are_there(column: str, has_values: bool) -> None:
    assert (REWRITTEN in read(f"ALTER TABLE a ADD {column}").effects) is has_values
