"""A backfill that is due, because a DDL statement changed rows without row events: known until the
consumer was filled with what came of it.
"""

from random import Random
from typing import Any

import pytest

from shared.flows.health.status import Status, status
from shared.flows.jobs.job_lease import JobStopped
from shared.values.due_cause import DueCause
from shared.values.finding import Finding
from shared.values.job import Job, ResyncWork, Work
from shared.values.progress import Progress
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from shared.values.snapshot_work import SnapshotWork
from tests.unit.test_backfill import OTHER, job
from tests.worlds.backfill_world import SOURCE, BackfillWorld
from tests.worlds.consumer_world import consumer_settings
from tests.worlds.memory_parts import MemoryParts

TABLE = "shop.items"


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}
    return made


def now(world: BackfillWorld, **consumer: Any) -> Status:
    settings = StageSettings(
        "rowline", "dev", {"shop": SOURCE}, {"search": consumer_settings(**consumer)}
    )
    return status(MemoryParts(settings, world.state))


def rows(world: BackfillWorld) -> list[Finding]:
    """The findings about rows that are due."""
    return [finding for finding in now(world).findings if finding.thing == "rows search"]


def note(world: BackfillWorld, table: str, cause: str) -> None:
    world.state.dues.note_source("shop", table, DueCause(cause, "ALTER IGNORE"))


def due(world: BackfillWorld, **consumer: Any) -> list[str]:
    (one,) = now(world, **consumer).consumers
    return list(one.due)


def test_an_archive_has_no_table_that_is_due(world: BackfillWorld) -> None:
    """It keeps changes. A resync would read every row for nothing."""
    note(world, TABLE, "0-1-7@1")
    assert due(world) == [TABLE]
    assert due(world, kind="archive") == []


def test_it_is_shown_with_the_command_until_a_backfill_has_ended(world: BackfillWorld) -> None:
    assert due(world) == []
    note(world, TABLE, "0-1-7@1")
    (finding,) = rows(world)
    assert finding.level == "warn"
    assert "rowline resync search" in finding.fix
    job(world).run()
    assert due(world) == []
    assert rows(world) == []
    note(world, TABLE, "0-1-9@1")
    assert due(world) == [TABLE], "another statement"


def test_a_statement_while_a_backfill_runs_is_still_due_afterwards(world: BackfillWorld) -> None:
    note(world, TABLE, "0-1-7@1")

    def show(progress: Progress) -> None:
        if progress.table:
            note(world, TABLE, "0-1-8@1")

    job(world, show=show).run()
    assert due(world) == [TABLE]
    job(world).run()
    assert due(world) == []


def test_a_backfill_that_was_stopped_has_filled_nothing_until_it_goes_on(
    world: BackfillWorld,
) -> None:
    note(world, TABLE, "0-1-7@1")

    def stop(progress: Progress) -> None:
        if "still being applied" in progress.note:
            raise KeyboardInterrupt

    with pytest.raises(JobStopped):
        job(world, show=stop).run()
    assert due(world) == [TABLE]
    job(world).run()
    assert due(world) == []


def test_tables_that_the_consumer_or_the_source_does_not_have_are_not_due(
    world: BackfillWorld,
) -> None:
    note(world, "shop.gone", "0-1-7@1")
    note(world, TABLE, "0-1-7@1")
    assert due(world, tables=("shop.*",)) == [TABLE]
    assert due(world, tables=("shop.gone",)) == []


def test_a_statement_on_tables_nobody_can_name_is_settled_once_all_of_them_were_filled(
    world: BackfillWorld,
) -> None:
    world.database.create(OTHER, [{"id": 1}])
    tables = ("shop.items", "shop.other")
    source = SourceSettings(name="shop", secret="s", tables={"shop.*": TableSettings(shards=3)})
    consumer = consumer_settings(tables=tables)
    settings = StageSettings("rowline", "dev", {"shop": source}, {"search": consumer})

    def due() -> list[str]:
        (one,) = status(MemoryParts(settings, world.state)).consumers
        return list(one.due)

    note(world, "shop.*", "0-1-7@1")
    world.state.dues.note_consumer("search", "shop.items", DueCause("late", "12 days behind"))
    note(world, "else.*", "0-1-8@1")
    assert due() == ["shop.*", "shop.items"]
    job(world, tables, source).run(["shop.items"])
    assert due() == ["shop.*"]
    job(world, tables, source).run()
    assert due() == []


@pytest.mark.parametrize(
    ("work", "kind"), [(ResyncWork(), "resync"), (SnapshotWork({}, {}), "snapshot")]
)
def test_a_job_is_shown_by_its_kind(world: BackfillWorld, work: Work, kind: str) -> None:
    world.state.jobs.begin(Job("j1", "search", work))
    (one,) = now(world).consumers
    assert (one.state, one.job_kind, one.job) == (kind, kind, "j1")
