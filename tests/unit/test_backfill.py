"""What a person meets when a backfill cannot run, or is run again."""

from random import Random

import pytest

from shared.adapters.topic.contract import Entry
from shared.flows.backfill import job as backfill_job
from shared.flows.backfill.job import Backfill
from shared.values.errors import ConfigError, SourceError, StackError
from shared.values.message import decode
from shared.values.settings import SourceSettings, TableSettings
from shared.values.table import Column, Table
from tests.worlds.backfill_world import SOURCE, BackfillWorld, Killed
from tests.worlds.consumer_world import consumer_settings

OTHER = Table("shop", "other", (Column("id", "int", nullable=False),), ("id",))


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}  # nothing else happens but what a test does
    return made


def job(
    world: BackfillWorld,
    tables: tuple[str, ...] = ("shop.items",),
    source: SourceSettings = SOURCE,
    **options: object,
) -> Backfill:
    parts = {
        "database": world.database,
        "state": world.state,
        "claims": world.claims,
        "queue": world.queue,
        "sink": world.world.sink(),
        "clock": lambda: world.now,
        "sleep": world.sleep,
        "chunk_rows": 3,
    }
    return Backfill(consumer_settings(tables=tables), source, **{**parts, **options})  # type: ignore[arg-type]


def test_rows_arrive_and_the_run_is_forgotten(world: BackfillWorld) -> None:
    report = job(world).run()
    assert world.index() == world.source()
    assert report.rows == len(world.rows)
    assert world.world.state.jobs.run("search") is None
    assert world.world.done(report.run) == 0


def test_rows_carry_the_lane_the_run_and_the_watermark(world: BackfillWorld) -> None:
    sent = []
    send = world.queue.send
    world.queue.send = lambda entries: (sent.extend(entries), send(entries))[1]  # type: ignore[method-assign]
    report = job(world).run()
    rows = [(entry, change) for entry in sent for change in decode(entry.body).changes]
    assert {(entry.attributes["lane"], entry.attributes["run"]) for entry, _ in rows} == {
        ("backfill", report.run)
    }
    assert {(change.op, change.before, change.seq) for _, change in rows} == {("r", None, 1 << 40)}
    assert len({change.id for _, change in rows}) == len(world.rows)


def test_a_relay_that_never_ran_is_named(world: BackfillWorld) -> None:
    source = SourceSettings(name="other", secret="s", tables=SOURCE.tables)
    with pytest.raises(StackError, match="source other: the relay has never run"):
        job(world, source=source).run()


def test_a_relay_that_stopped_is_named(world: BackfillWorld) -> None:
    def sleep(seconds: float) -> None:
        world.now += seconds

    with pytest.raises(StackError, match="its lease was not renewed for 90 s"):
        job(world, sleep=sleep).run()


def test_another_server_than_the_relays_is_refused(world: BackfillWorld) -> None:
    world.database._server = type(world.database.server())(
        "mariadb", (11, 4, 5), "11.4.5", "mariadb-2"
    )
    with pytest.raises(
        SourceError, match="this is server mariadb-2, but the relay reads mariadb-1"
    ):
        job(world).run()


def test_tables_that_are_not_the_consumers_or_not_there_are_named(world: BackfillWorld) -> None:
    with pytest.raises(ConfigError, match=r"shop\.sellers: is no table of consumer search"):
        job(world).run(["shop.sellers"])
    with pytest.raises(SourceError, match=r"table shop\.gone: is not in the database"):
        job(world, ("shop.items", "shop.gone")).run()


def test_another_choice_of_tables_is_refused_while_a_run_is_under_way(world: BackfillWorld) -> None:
    world.database.create(OTHER, [{"id": 1}])
    source = SourceSettings(name="shop", secret="s", tables={"shop.*": TableSettings(shards=3)})
    world.kill_rate = 1.0
    with pytest.raises(Killed):
        job(world, ("shop.*",), source, queue=world.between(world.queue)).run(["shop.items"])
    world.kill_rate = 0.0
    run = world.world.state.jobs.run("search")
    assert run is not None
    with pytest.raises(
        ConfigError, match=f"backfill {run.id} of shop.items is under way.*--restart"
    ):
        job(world, ("shop.*",), source).run(["shop.other"])
    report = job(world, ("shop.*",), source).run()
    assert (report.run, report.tables) == (run.id, ["shop.items"])
    assert job(world, ("shop.*",), source).run(["shop.*"]).tables == ["shop.items", "shop.other"]


def test_a_restart_reads_everything_again_and_keeps_the_recorded_deletions(
    world: BackfillWorld,
) -> None:
    world.kill_rate = 1.0
    with pytest.raises(Killed):
        job(world, queue=world.between(world.queue)).run()
    world.kill_rate = 0.0
    run = world.world.state.jobs.run("search")
    assert run is not None
    world.world.state.deletions.record("search", run.id, {"shop-items/99": 5})
    report = job(world).run(restart=True)
    assert (report.run, report.rows) == (run.id, len(world.rows))
    assert world.index() == world.source()


def test_a_second_process_takes_over_and_the_first_stops(world: BackfillWorld) -> None:
    second = []

    send = world.queue.send

    def sent(entries: list[Entry]) -> list[str | None]:
        if not second:
            second.append(True)
            job(world)._begin({}, False)
        return send(entries)

    world.queue.send = sent  # type: ignore[method-assign]
    with pytest.raises(StackError, match="has taken this run over"):
        job(world).run()


def test_reading_waits_for_its_own_rows_and_for_nothing_else(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backfill_job, "MAX_WAITING", 2)
    for key in range(40):
        world.rows[key] = world.row(key)
        world.database.visible["shop.items"][key,] = world.rows[key]
    held: list[int] = []

    def tell(progress: backfill_job.BackfillProgress) -> None:
        if progress.phase == "held back":
            held.append(
                sum(
                    entry.attributes["lane"] == "backfill"
                    for entries in world.queue.groups.values()
                    for entry in entries
                )
            )

    world.queue.depth = lambda: (10_000, 0)  # type: ignore[method-assign]
    job(world, tell=tell).run()
    assert held
    assert world.index() == world.source()
