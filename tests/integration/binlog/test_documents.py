"""Documents in a real Elasticsearch, from a real database, with everything between in memory."""

from typing import Any

import pytest

from shared.values.errors import RowlineError
from shared.values.settings import TableSettings
from tests.worlds.pipeline import PipelineWorld

from .conftest import Source


@pytest.fixture
def pipeline(source: Source, elasticsearch: Any, monkeypatch: pytest.MonkeyPatch) -> PipelineWorld:
    source.sql("CREATE TABLE a (id VARCHAR(20) PRIMARY KEY, v TEXT, w INT) CHARSET utf8mb4")
    tables = {f"{source.name}.a": TableSettings()}
    return PipelineWorld(source.server, elasticsearch, tables, str(source.here()), monkeypatch)


def test_characters_that_no_message_may_carry_arrive_unchanged(
    source: Source, pipeline: PipelineWorld
) -> None:
    texts = ["\ufffe", "a\uffffb", "\U0001ffff\u0001\ud7ff\ufdd0", '\\ufffe"\ufffe']
    with pipeline:
        for text in texts:
            source.sql("INSERT INTO a VALUES (%s, %s, 1)", text, text * 3)
        pipeline.settle()
        found = pipeline.documents(f"{source.name}.a")
        assert {id: body["v"] for id, body in found.items()} == {text: text * 3 for text in texts}
        assert pipeline.verify().differences == 0
        pipeline.resync()
        pipeline.settle()
        assert pipeline.documents(f"{source.name}.a") == found


def test_a_repair_by_another_server_is_refused_and_names_both(
    source: Source, pipeline: PipelineWorld, request: pytest.FixtureRequest
) -> None:
    other = Source(request.getfixturevalue("mysql" if source.kind == "mariadb" else "mariadb"))
    other.sql(f"CREATE DATABASE {source.name}")
    other.sql(f"CREATE TABLE {source.name}.a (id VARCHAR(20) PRIMARY KEY, v TEXT, w INT)")
    try:
        with pipeline:
            source.sql("INSERT INTO a VALUES ('x', 'y', 1), ('z', 'y', 2)")
            pipeline.settle()
            before = pipeline.documents(f"{source.name}.a")
            with pytest.raises(RowlineError) as refused:
                pipeline.verify(repair=True, server=other.server)
            read = pipeline.point().server
            assert read in str(refused.value)
            assert other.open().identity() in str(refused.value)
            assert pipeline.documents(f"{source.name}.a") == before
            assert len(before) == 2
    finally:
        other.sql(f"DROP DATABASE {source.name}")
        other.close()


def test_a_stage_removed_and_deployed_again_twice_still_updates(
    source: Source, pipeline: PipelineWorld, elasticsearch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the state is new, and the index has the versions of the former streams."""
    name = f"{source.name}.a"
    for number in range(3):
        if number:
            tables, start = {name: TableSettings()}, str(source.here())
            pipeline = PipelineWorld(source.server, elasticsearch, tables, start, monkeypatch)
        with pipeline:
            source.sql("REPLACE INTO a VALUES ('x', %s, 1)", f"deployment {number}")
            pipeline.settle()
            assert pipeline.documents(name)["x"]["v"] == f"deployment {number}"
