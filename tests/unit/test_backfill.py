"""What a person meets when a backfill cannot run, or is run again (long: every refusal)."""

import re
from random import Random
from typing import Any

import msgspec
import pytest

from shared.adapters.search.contract import Action
from shared.adapters.topic.contract import Entry
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.polling import Polling
from shared.domain.table_plan import CannotNumber
from shared.flows.backfill import sink_ahead
from shared.flows.backfill.backfill import Backfill
from shared.flows.jobs import awaiting_consumer
from shared.flows.jobs.job_lease import HOLDER_SILENT_SECONDS, JobStopped
from shared.flows.jobs.job_refused import JobBusy
from shared.values.errors import ConfigError, SourceError, StackError
from shared.values.job import BackfillWork, Job, JobLost, TableFill
from shared.values.message import decode
from shared.values.progress import Progress
from shared.values.row_key import row_of
from shared.values.seq import make_seq
from shared.values.settings import SourceSettings, TableSettings
from shared.values.table import Column, Table
from tests.worlds.backfill_world import SOURCE, BackfillWorld
from tests.worlds.consumer_world import ALIAS, consumer_settings
from tests.worlds.killed import Killed

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
    **options: Any,
) -> Backfill:
    """A backfill between whose steps nothing happens."""
    parts = {
        "consumer": consumer_settings(tables=tables),
        "source": source,
        "database": world.database,
        "state": world.state,
        "queue": world.queue,
        "sink": world.world.sink(),
    }
    return Backfill(world.setup(**{**parts, **options}), chunk_rows=3)


def test_rows_arrive_and_the_run_is_forgotten(world: BackfillWorld) -> None:
    report = job(world).run()
    assert world.index() == world.source()
    assert report.rows == len(world.rows)
    assert world.world.state.jobs.current("search", "fill") is None
    assert world.world.done(report.job) == 0


def test_rows_carry_the_lane_the_run_and_the_watermark(world: BackfillWorld) -> None:
    sent = []
    send = world.queue.send
    world.queue.send = lambda entries: (sent.extend(entries), send(entries))[1]  # type: ignore[method-assign]
    report = job(world).run()
    rows = [(entry, change) for entry in sent for change in decode(entry.body).changes]
    assert {(entry.attributes["lane"], entry.attributes["run"]) for entry, _ in rows} == {
        ("backfill", report.job)
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
        job(world, polling=Polling(lambda: world.now, sleep)).run()


def test_the_archive_takes_no_rows_that_are_read(world: BackfillWorld) -> None:
    archive = msgspec.structs.replace(consumer_settings(), sink={"kind": "archive"})
    with pytest.raises(ConfigError, match=r"is the archive itself.*rowline snapshot create"):
        job(world, consumer=archive).run()
    assert world.queue.depth() == (0, 0)


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


def test_a_table_that_is_not_there_does_not_hinder_the_others(world: BackfillWorld) -> None:
    tables = ("shop.items", "shop.gone")
    assert job(world, tables).run(["shop.items"]).tables == ["shop.items"]
    with pytest.raises(SourceError, match=r"table shop\.gone: is not in the database"):
        job(world, tables).run(["shop.gone"])


def test_another_choice_of_tables_is_refused_while_a_run_is_under_way(world: BackfillWorld) -> None:
    world.database.create(OTHER, [{"id": 1}])
    source = SourceSettings(name="shop", secret="s", tables={"shop.*": TableSettings(shards=3)})
    world.kill_rate = 1.0
    with pytest.raises(Killed):
        job(world, ("shop.*",), source, queue=world.between(world.queue)).run(["shop.items"])
    world.kill_rate = 0.0
    run = world.world.state.jobs.current("search", "fill")
    assert run is not None
    with pytest.raises(
        ConfigError, match=f"backfill {run.id} of shop.items is under way.*--restart"
    ):
        job(world, ("shop.*",), source).run(["shop.other"])
    report = job(world, ("shop.*",), source).run()
    assert (report.job, report.tables) == (run.id, ["shop.items"])
    assert job(world, ("shop.*",), source).run(["shop.*"]).tables == ["shop.items", "shop.other"]


def test_a_restart_reads_everything_again_and_keeps_the_recorded_deletions(
    world: BackfillWorld,
) -> None:
    world.kill_rate = 1.0
    with pytest.raises(Killed):
        job(world, queue=world.between(world.queue)).run()
    world.kill_rate = 0.0
    run = world.world.state.jobs.current("search", "fill")
    assert run is not None
    world.world.state.deletions.record("search", run.id, {"shop-items/99": 5})
    report = job(world).run(restart=True)
    assert (report.job, report.rows) == (run.id, len(world.rows))
    assert world.index() == world.source()


def test_of_two_that_are_started_at_once_the_second_is_refused(world: BackfillWorld) -> None:
    send, refused = world.queue.send, list[str]()

    def sent(entries: list[Entry]) -> list[str | None]:
        if not refused:
            jobs, first = world.state.jobs, world.state.jobs.current("search", "fill")
            assert first
            # The first one writes while the second one looks at it.
            polling = Polling(lambda: world.now, lambda _: jobs.save(first))
            with pytest.raises(JobBusy) as busy:
                job(world, by="ben@desk", polling=polling).run()
            refused.append(str(busy.value))
        return send(entries)

    world.queue.send = sent  # type: ignore[method-assign]
    report = job(world).run()
    (text,) = refused
    assert re.search(
        rf"backfill {report.job} of search: is under way: ann@desk \w+ works on it", text
    )
    assert world.index() == world.source()


def test_a_process_that_was_silent_and_replaced_stops(world: BackfillWorld) -> None:
    send, second = world.queue.send, list[str]()

    def sent(entries: list[Entry]) -> list[str | None]:
        if not second:
            second.append("begun")
            second.append(job(world).run().job)
        return send(entries)

    world.queue.send = sent  # type: ignore[method-assign]
    with pytest.raises(JobLost, match="another process has taken over backfill"):
        job(world).run()
    assert world.index() == world.source()
    assert [one.id for one in world.state.jobs.ended("search", 9)] == second[1:]


@pytest.mark.parametrize(
    ("error", "state", "outcome"),
    [
        (KeyboardInterrupt(), "paused", "interrupted"),
        (StackError("the queue is gone."), "failed", "the queue is gone."),
    ],
)
def test_what_ends_it_early_is_kept_with_the_job_and_the_next_one_starts_at_once(
    world: BackfillWorld, error: BaseException, state: str, outcome: str
) -> None:
    send, calls = world.queue.send, [0]

    def sent(entries: list[Entry]) -> list[str | None]:
        calls[0] += 1
        if calls[0] == 3:
            raise error
        return send(entries)

    world.queue.send = sent  # type: ignore[method-assign]
    with pytest.raises((JobStopped, StackError)) as raised:
        job(world).run()
    if state == "paused":
        assert re.search(r"interrupted at shop.items, after \d of about \d rows", str(raised.value))
        assert "The same command continues it" in str(raised.value)
    stored = world.state.jobs.current("search", "fill")
    assert stored
    assert (stored.state, stored.outcome, stored.holder) == (state, outcome, "")
    assert (stored.by, stored.began_ms > 0) == ("ann@desk", True)
    began = world.now
    report = job(world).run()
    assert world.now - began < HOLDER_SILENT_SECONDS / 2
    assert report.job == stored.id
    assert world.index() == world.source()
    (over,) = world.state.jobs.ended("search", 9)
    assert (over.state, over.outcome) == ("done", f"{report.rows} rows of 1 table")


def test_a_holder_that_is_asked_to_stop_pauses(world: BackfillWorld) -> None:
    send = world.queue.send

    def sent(entries: list[Entry]) -> list[str | None]:
        under_way = world.state.jobs.current("search", "fill")
        assert under_way
        world.state.jobs.ask(under_way, "pause")
        return send(entries)

    world.queue.send = sent  # type: ignore[method-assign]
    with pytest.raises(JobStopped, match=r"somebody asked it to stop \(pause\)"):
        job(world).run()
    world.queue.send = send  # type: ignore[method-assign]
    job(world).run()
    assert world.index() == world.source()


def test_a_backfill_that_the_former_version_began_is_continued(world: BackfillWorld) -> None:
    """It had sent the first rows, which are in the index."""
    first = sorted(world.rows)[:2]
    tables = {"shop.items": TableFill(f"[{first[-1]}]", rows=2, sent=2, estimate=9)}
    former = Job("20261126T101500-9f31c2", "search", BackfillWork(tables), state="paused")
    assert world.state.jobs.begin(former)
    report = job(world).run()
    assert (report.job, report.rows) == (former.id, len(world.rows))
    assert world.index() == {key: row for key, row in world.source().items() if int(key) > first[1]}


def test_reading_waits_for_its_own_rows_and_for_nothing_else(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(awaiting_consumer, "MAX_UNAPPLIED", 2)
    for key in range(40):
        world.rows[key] = world.row(key)
        world.database.visible["shop.items"][key,] = world.rows[key]
    held: list[int] = []

    def show(progress: Progress) -> None:
        if "messages are being applied" in progress.note:
            held.append(
                sum(
                    entry.attributes["lane"] == "backfill"
                    for entries in world.queue.groups.values()
                    for entry in entries
                )
            )

    world.queue.depth = lambda: (10_000, 0)  # type: ignore[method-assign]
    job(world, show=show).run()
    assert held
    assert world.index() == world.source()


def test_a_sink_with_versions_above_the_stream_makes_it_number_higher(
    world: BackfillWorld,
) -> None:
    """Every row would be dropped as superseded, and the job would report success."""
    world.world.search.ensure_index(ALIAS, {})
    for key in world.source():
        world.world.search.bulk([Action(ALIAS, key, make_seq(40, 7), {"id": int(key)})])
    report = job(world).run()
    assert report.rows == len(world.rows)
    assert world.index() == world.source()
    assert world.epoch > 40


def test_a_single_document_of_a_later_chunk_that_is_ahead_is_found(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row alone would be dropped as superseded, and the job would report success."""
    monkeypatch.setattr(sink_ahead, "ASKED_AT_ONCE", 2)
    world.world.search.ensure_index(ALIAS, {})
    key = max(world.source(), key=int)
    world.world.search.bulk([Action(ALIAS, key, make_seq(40, 7), {"id": int(key)})])
    job(world).run()
    assert world.index() == world.source()
    assert world.epoch > 40


def test_a_sink_that_stays_ahead_is_an_error_that_names_both_epochs(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.world.search.ensure_index(ALIAS, {})
    key = next(iter(world.source()))
    world.world.search.bulk([Action(ALIAS, key, make_seq(40, 7), {"id": int(key)})])
    monkeypatch.setattr(world.streams, "ask", lambda *_, **__: None)
    with pytest.raises(StackError, match="versions of epoch 40, and the relay numbers in epoch 1"):
        job(world).run()


def test_rows_whose_hidden_column_was_renamed_are_not_sent(world: BackfillWorld) -> None:
    """By SELECT they would leave under the new name, before the relay has read the statement."""
    hides = {"shop.items": TableSettings(shards=3, drop=("title",))}
    source = SourceSettings(name="shop", secret="s", tables=hides)
    table = world.database.tables["shop.items"]
    HiddenColumns(world.state.schemas, "shop", hides).examine(table)
    assert job(world, source=source).run().rows == len(world.rows)
    columns = (*table.columns[:-1], Column("label", "varchar"))
    rows = [{"id": row["id"], "price": 1, "label": "secret"} for row in world.rows.values()]
    world.database.create(msgspec.structs.replace(table, columns=columns), rows)
    sent = len(world.seqs_in_queue())
    with pytest.raises(CannotNumber, match=r"shop\.items: column label may be title"):
        job(world, source=source).run()
    assert len(world.seqs_in_queue()) == sent


def test_the_id_of_a_row_is_short_and_quotes_no_key() -> None:
    """DynamoDB takes a sort key of 1,024 bytes, and MySQL a key of 3,072. Ids are logged, too."""
    world, sent = BackfillWorld(Random(1)), list[Entry]()
    send = world.queue.send

    def note(entries: list[Entry]) -> list[str | None]:
        sent.extend(entries)
        return send(entries)

    world.queue.send = note  # type: ignore[method-assign]
    job = world.backfill().job
    rows = [one for entry in sent for one in decode(entry.body).changes if one.op == "r"]
    assert rows
    for row in rows:
        assert row.id == f"r/{job}.1/shop.items/{row_of(row.key)}"
    long = row_of({"id": "\U0001f600" * 255})
    assert len(long) == len(row_of({"id": 1})) == 32
