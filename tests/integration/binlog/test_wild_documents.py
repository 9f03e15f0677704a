"""Random DDL and DML carried into a real Elasticsearch: after the resyncs that are named, equal."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from shared.values.settings import TableSettings
from tests.tier import SEED, TIER
from tests.worlds.pipeline import PipelineWorld

from .conftest import Source
from .wild_sessions import WildSessions, q

NAMES = ("a", "表", "b_c")
TABLES = (*NAMES, "d")
_PARTS, _STEPS = 4, 12


class WildDefinitions(WildSessions):
    """Beside what wild sessions do: types change, columns move, versioning comes and goes."""

    def _actions(self) -> list[Callable[[], None]]:
        more = [self._retyped, self._moved, self._renamed_column] * 2
        return super()._actions() + more + ([self._versioned] * 2 if self._mariadb else [])

    def ids(self, table: str) -> set[str]:
        """The ids of the documents that the rows of a table have."""
        keys = self._query(f"SHOW KEYS FROM {q(table)} WHERE Key_name = 'PRIMARY'")
        return {str(row[keys[0][4]]) for row in self.rows(table)}

    def _retyped(self) -> None:
        kind = self._chosen.choice(("BIGINT", "INT", "SMALLINT"))
        self._run(f"ALTER TABLE {q(self._some())} MODIFY n {kind} NOT NULL DEFAULT 0")
        kind = self._chosen.choice(("TEXT", "VARCHAR(30)", "VARCHAR(20) CHARACTER SET latin1"))
        self._run(f"ALTER TABLE {q(self._some())} MODIFY v {kind}")

    def _moved(self) -> None:
        place = self._chosen.choice(("FIRST", "AFTER id"))
        self._run(f"ALTER TABLE {q(self._some())} MODIFY v VARCHAR(25) {place}")

    def _renamed_column(self) -> None:
        table = q(self._some())
        self._run(f"ALTER TABLE {table} CHANGE n m INT NOT NULL DEFAULT 0")
        self._row()
        self._run(f"ALTER TABLE {table} CHANGE m n INT NOT NULL DEFAULT 0")

    def _versioned(self) -> None:
        table = q(self._some())
        self._run("SET system_versioning_alter_history = KEEP")
        self._run(f"ALTER TABLE {table} ADD SYSTEM VERSIONING")
        self._row()
        if self._chosen.random() < 0.6:
            self._run(f"ALTER TABLE {table} DROP SYSTEM VERSIONING")


@pytest.mark.parametrize("seed", range(TIER.wild_documents))
def test_documents_equal_the_tables(
    source: Source, elasticsearch: Any, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chosen = Random(f"documents {SEED}/{seed}")
    tables = {f"{source.name}.{name}": TableSettings(shards=4) for name in TABLES}
    start = str(source.here())
    told: list[str] = []
    with PipelineWorld(source.server, elasticsearch, tables, start, monkeypatch) as pipeline:
        for part in range(_PARTS):
            sessions = WildDefinitions(source.server, source.name, chosen, NAMES)
            for _ in range(_STEPS):
                sessions.step()
            told += sessions.log
            if part == 1:
                pipeline.start_relay()
            pipeline.settle()
            living = {name: sessions.ids(name) for name in sessions.tables() if name in TABLES}
            _resync(pipeline, source.name, living, told)
            sessions.close()
            _compare(pipeline, [f"{source.name}.{name}" for name in living], told)


def _resync(
    pipeline: PipelineWorld, database: str, living: dict[str, set[str]], told: list[str]
) -> None:
    """Do what status names. No document of a living row may be deleted by it."""
    deleted = pipeline.watch_deletions()
    if pipeline.due():
        pipeline.resync()
        pipeline.settle()
    for table, ids in living.items():
        assert not deleted.get(f"{database}-{table}", set()) & ids, (table, "\n".join(told))


def _compare(pipeline: PipelineWorld, tables: list[str], told: list[str]) -> None:
    report = pipeline.verify(*tables)
    assert (report.differences, report.shared, report.refused, report.behind) == (0, 0, 0, False), (
        report.listed,
        pipeline.parked(),
        pipeline.due(),
        "\n".join(told),
    )
