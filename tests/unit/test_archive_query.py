"""What a query of the archive may be, and what it costs."""

import json
from pathlib import Path

import pytest

from shared.domain.query_cost import USD_PER_TB, query_usd
from shared.domain.select_only import require_select
from shared.values.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1",
        "  select n\nfrom changes ;",
        "-- a note\nSELECT 1",
        "/* SELECT; */ (SELECT 1)",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES 1",
    ],
)
def test_what_only_reads_is_let_through(sql: str) -> None:
    assert not require_select(sql).endswith(";")


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "DELETE FROM changes",
        "-- SELECT\nDROP TABLE changes",
        "/* SELECT */ UNLOAD (SELECT 1) TO 's3://x'",
        "EXPLAIN ANALYZE INSERT INTO changes SELECT 1",
        "EXECUTE select_all",
        "(((",
        "SELECTED",
        "CREATE TABLE a AS SELECT 1",
    ],
)
def test_anything_else_is_refused(sql: str) -> None:
    with pytest.raises(ConfigError, match="only SELECT"):
        require_select(sql)


def test_a_query_is_charged_by_megabytes_and_ten_at_least() -> None:
    assert query_usd(0) == query_usd(1) == query_usd(10_000_000) == pytest.approx(0.00005)
    assert query_usd(10_000_001) == pytest.approx(0.000055)
    assert query_usd(10**12) == 5


def test_the_price_is_that_of_the_price_list() -> None:
    prices = json.loads((ROOT / "bench/prices.json").read_text())["usd"]
    assert prices["athena_tb"][0] == USD_PER_TB
