"""What a query of the archive may be, and what it costs."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.commands import archive_query
from shared.adapters.archive_table.contract import TableFacts
from shared.adapters.athena.contract import QueryError
from shared.domain.query_cost import USD_PER_TB, query_usd
from shared.domain.select_only import require_select
from shared.values.errors import ConfigError
from tests.worlds.changes_table import sample
from tests.worlds.twins.athena import MemoryAthena

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


def stage(monkeypatch: pytest.MonkeyPatch, limit: int = 0) -> MemoryAthena:
    athena = MemoryAthena(limit, ready=True)
    athena.append([sample(n) for n in range(1, 6)])
    table = SimpleNamespace(facts=lambda: TableFacts(size=30_000_000, rows=5))
    opened = SimpleNamespace(athena=athena, archive_table=table)
    monkeypatch.setattr(archive_query, "open_stage", lambda *_: opened)
    return athena


def test_the_cost_is_shown_before_and_after(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(monkeypatch)
    archive_query.command('SELECT n, "before" FROM changes ORDER BY n;', most=3)
    told = capsys.readouterr()
    assert told.out.split() == ["n", "before", "1", "NULL", "2", "NULL", "3", "NULL"]
    before, more, after = told.err.splitlines()
    assert before == "5 changes, 30.0 MB: a query costs $0.00005 to $0.00015"
    assert "more rows" in more
    assert after.endswith("MB: $0.00005")
    archive_query.command("SELECT count(*) AS c FROM changes", most=3, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["columns"], answer["rows"], answer["more"]) == (["c"], [["5"]], False)
    assert answer["cost_usd"] == 0.00005
    assert answer["estimate"]["most_usd"] == 0.00015


def test_an_estimate_and_a_statement_that_writes_run_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    athena = stage(monkeypatch)
    archive_query.command("SELECT 1", most=3, estimate=True)
    with pytest.raises(ConfigError):
        archive_query.command("DROP TABLE changes", most=3)
    assert athena.asked == []
    assert "$0.00015" in capsys.readouterr().out


def test_a_query_over_the_limit_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, limit=20_000_000_000)
    with pytest.raises(QueryError) as caught:
        archive_query.command("SELECT * FROM changes", most=3)
    assert "scanLimit" in caught.value.hint
