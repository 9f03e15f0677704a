"""State stores (long: one contract a store): the twins and DynamoDB obey the same contract."""

import time
import uuid
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import boto3
import msgspec
import pytest

from shared.adapters import aws
from shared.adapters.state.dynamodb import DynamoSchemas, open_state
from shared.adapters.state.parked import FlagsFull
from shared.values.archive_progress import ArchiveProgress, Height
from shared.values.batch_start import BatchStart
from shared.values.checkpoint import CatchUp, Checkpoint, Leg, Release
from shared.values.column_history import ColumnHistory
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.due_cause import DueCause
from shared.values.errors import LeaseLost
from shared.values.gate import Gate
from shared.values.group_in_hand import GroupInHand
from shared.values.index_pair import NO_PAIRS, IndexPair, IndexPairs
from shared.values.job import (
    BackfillWork,
    CutoverWork,
    Job,
    JobLost,
    ResyncWork,
    SentChunk,
    TableFill,
    VerifyWork,
)
from shared.values.lineage import Lineage
from shared.values.mark import Mark
from shared.values.parked_change import RowItem, stored_ms
from shared.values.position import Position
from shared.values.pulse import Pulse
from shared.values.redrive_work import RedriveWork
from shared.values.relay_lease import Holding, Holdings, Lease
from shared.values.snapshot_work import SnapshotWork
from shared.values.table import Column, Table
from tests.aws_setup import create_state_table
from tests.worlds.consumer_world import parked_change as parked
from tests.worlds.twins.state import MemorySchemas, memory_state
from tests.worlds.twins.state.gates import MemoryGates
from tests.worlds.twins.state.jobs import MemoryJobs


@pytest.fixture(params=["memory", "emulator"])
def stores(request: pytest.FixtureRequest) -> Any:
    if request.param == "memory":
        return SimpleNamespace(**{**vars(memory_state()), "schemas": MemorySchemas})
    request.getfixturevalue("aws")
    return deployed(f"state-{uuid.uuid4().hex[:12]}")


def deployed(table: str) -> SimpleNamespace:
    """The stores in a table of their own."""
    client = boto3.client("dynamodb", region_name="eu-west-1", config=aws.config())
    create_state_table(table, client)
    schemas = {"schemas": lambda: DynamoSchemas(client, table)}
    return SimpleNamespace(**{**vars(open_state(client, table)), **schemas})


CHECKPOINT = Checkpoint(
    position=Position("bin.000007", 4, "0-1-77"),
    seq=5 << 40 | 18_446_744,
    epoch=5,
    lineage=Lineage("mariadb-1", 1_763_000_000, Position("bin.000006", 4), 41, 3, 17),
    capture='{"tables":{"shop.é":{}}}',
    rows=3,
    ts_ms=1_763_722_455_000,
    read_to=Position(gtids="0-1-99"),
)

MOVING = msgspec.structs.replace(
    CHECKPOINT,
    catch_up=CatchUp(
        Position("bin.000008", 9), "{}", (Leg(Position(gtids="0-1-80"), ("shop.é",)),)
    ),
    released=(
        Release({"shop.b": 2}, 5, Position("bin.000007", 4), "mariadb-1"),
        Release({"shop.c": 1}, 5),
    ),
)


def test_an_unknown_stream_has_a_free_lease_and_no_checkpoint(stores: Any) -> None:
    assert stores.streams.load("shop") == (Lease(), None)


def test_the_token_grows_with_each_holder_and_the_beat_with_each_renewal(stores: Any) -> None:
    first = stores.streams.acquire("shop", Lease(), "one")
    renewed = stores.streams.renew("shop", first, CHECKPOINT)
    assert (first.token, first.holder, renewed.token) == (1, "one", 1)
    assert renewed.beat > first.beat
    second = stores.streams.acquire("shop", renewed, "two")
    assert (second.token, second.holder) == (2, "two")
    assert second.beat > renewed.beat
    assert stores.streams.load("shop") == (second, CHECKPOINT)


def test_only_one_of_two_that_saw_the_same_lease_gets_it(stores: Any) -> None:
    assert stores.streams.acquire("shop", Lease(), "one") is not None
    assert stores.streams.acquire("shop", Lease(), "two") is None
    held, _ = stores.streams.load("shop")
    assert stores.streams.renew("shop", held, None).holder == "one"
    assert stores.streams.acquire("shop", held, "two") is None, "it was renewed since it was seen"


def test_a_former_holder_can_neither_renew_nor_release_nor_move_the_checkpoint(stores: Any) -> None:
    old = stores.streams.acquire("shop", Lease(), "one")
    new = stores.streams.acquire("shop", old, "two")
    with pytest.raises(LeaseLost):
        stores.streams.renew("shop", old, CHECKPOINT)
    with pytest.raises(LeaseLost):
        stores.streams.release("shop", old, CHECKPOINT)
    assert stores.streams.load("shop") == (new, None)


def test_renewing_without_a_checkpoint_keeps_the_stored_one(stores: Any) -> None:
    lease = stores.streams.acquire("shop", Lease(), "one")
    stores.streams.renew("shop", lease, CHECKPOINT)
    stores.streams.renew("shop", lease, None)
    assert stores.streams.load("shop")[1] == CHECKPOINT


def test_release_stores_the_checkpoint_and_frees_the_lease_at_once(stores: Any) -> None:
    lease = stores.streams.acquire("shop", Lease(), "one")
    stores.streams.release(
        "shop", msgspec.structs.replace(lease, figures={"error": "gone"}), CHECKPOINT
    )
    free, checkpoint = stores.streams.load("shop")
    assert (free.holder, free.token, free.figures, checkpoint) == (
        "",
        1,
        {"error": "gone"},
        CHECKPOINT,
    )
    with pytest.raises(LeaseLost):
        stores.streams.renew("shop", lease, None)
    assert stores.streams.acquire("shop", free, "two").token == 2


def test_figures_and_end_travel_with_the_lease(stores: Any) -> None:
    lease = stores.streams.acquire("shop", Lease(), "one")
    stores.streams.renew(
        "shop",
        msgspec.structs.replace(lease, figures={"rate": 212.5, "version": "a"}, ends_ms=42_000),
        None,
    )
    held, _ = stores.streams.load("shop")
    assert (held.figures, held.ends_ms) == ({"rate": 212.5, "version": "a"}, 42_000)


def test_requests_reach_the_holder_with_its_next_renewal(stores: Any) -> None:
    lease = stores.streams.acquire("shop", Lease(), "one")
    stores.streams.ask("shop", wanted="two")
    stores.streams.ask("shop", raise_epoch=7)
    stores.streams.ask("shop", raise_epoch=6)
    renewed = stores.streams.renew("shop", lease, CHECKPOINT)
    assert (renewed.wanted, renewed.raise_epoch) == ("two", 7)
    taken = stores.streams.acquire("shop", renewed, "two")
    assert (taken.wanted, taken.raise_epoch) == ("", 7)


def test_a_request_may_come_before_the_first_holder(stores: Any) -> None:
    stores.streams.ask("shop", raise_epoch=3)
    seen, _ = stores.streams.load("shop")
    assert stores.streams.acquire("shop", seen, "one").raise_epoch == 3


def test_streams_do_not_meet(stores: Any) -> None:
    stores.streams.acquire("shop", Lease(), "one")
    assert stores.streams.load("shop2") == (Lease(), None)


def test_the_relays_of_a_source_have_a_stream_each(stores: Any) -> None:
    first = stores.streams.acquire("shop", Lease(), "one")
    second = stores.streams.acquire("shop/events", Lease(), "two")
    stores.streams.release("shop/events", second, MOVING)
    assert stores.streams.load("shop") == (first, None)
    assert stores.streams.load("shop/events")[1] == MOVING


def test_who_holds_a_table_changes_only_for_who_saw_the_last_state(stores: Any) -> None:
    assert stores.streams.holdings("shop") == Holdings()
    one = Holdings({"shop.é": Holding("shop")}, {"shop": 3})
    assert stores.streams.hold("shop", 0, one)
    stored = stores.streams.holdings("shop")
    assert (stored.tables, stored.tokens, stored.version) == (one.tables, one.tokens, 1)
    free = Holdings(
        {"shop.é": Holding("shop", 1, True, 5, Position("bin.000007", 4, "0-1-77"), "mariadb-1")}
    )
    assert not stores.streams.hold("shop", 0, free)
    assert stores.streams.hold("shop", 1, free)
    assert stores.streams.holdings("shop").tables == free.tables
    assert not stores.streams.hold("shop", 1, one)
    assert stores.streams.holdings("other") == Holdings()


LISTINGS = Table(
    "shop",
    "listings",
    (
        Column("id", "bigint", unsigned=True, nullable=False),
        Column("état", "enum", labels=("a", "b")),
    ),
    ("id",),
)
WIDER = Table(
    "shop", "listings", (*LISTINGS.columns, Column("price", "decimal", length=10, scale=2)), ("id",)
)


def test_each_column_set_has_one_version_for_ever(stores: Any) -> None:
    schemas = stores.schemas()
    assert schemas.latest("shop", "shop", "listings") is None
    assert schemas.version_of("shop", LISTINGS) == 1
    assert schemas.version_of("shop", WIDER) == 2
    assert schemas.version_of("shop", LISTINGS) == 1
    assert schemas.latest("shop", "shop", "listings") == WIDER
    assert schemas.read("shop", "shop", "listings", 1) == LISTINGS
    assert schemas.read("shop", "shop", "listings", 3) is None
    assert schemas.version_of("other", WIDER) == 1


def test_the_last_cause_of_a_table_stays_until_it_is_settled(stores: Any) -> None:
    dues = stores.dues
    assert (dues.of_source("shop"), dues.of_consumer("search")) == ({}, {})
    for table, cause in (("shop.listings", "7"), ("shop.été", "8"), ("shop.listings", "9")):
        dues.note_source("shop", table, DueCause(cause, "RENAME"))
    dues.note_consumer("search", "shop.listings", DueCause("9", "12 days behind"))
    dues.note_consumer("search", "shop.*", DueCause("10"))
    stores.schemas().version_of("shop", LISTINGS)
    assert dues.of_source("shop") == {
        "shop.listings": DueCause("9", "RENAME"),
        "shop.été": DueCause("8", "RENAME"),
    }
    own = {"shop.listings": DueCause("9", "12 days behind"), "shop.*": DueCause("10")}
    assert dues.of_consumer("search") == own
    assert (dues.of_source("other"), dues.of_consumer("other")) == ({}, {})
    dues.settle("search", {"shop.listings": "9"}, {})
    assert dues.settled("search") == {"shop.listings": "9"}
    assert dues.settled("other") == {}
    assert dues.of_consumer("search") == own
    assert len(dues.of_source("shop")) == 2, "other consumers have not settled it"


def test_a_cause_that_was_noted_meanwhile_stays_due(stores: Any) -> None:
    dues = stores.dues
    dues.note_consumer("search", "shop.listings", DueCause("2", "coverage"))
    dues.note_consumer("search", "shop.photos", DueCause("1"))
    causes = {"shop.listings": "1", "shop.photos": "1", "shop.gone": "1"}
    dues.settle("search", {}, causes)
    assert dues.of_consumer("search") == {"shop.listings": DueCause("2", "coverage")}
    dues.settle("search", {}, {"shop.listings": "2"})
    assert dues.of_consumer("search") == {}


def test_what_the_former_version_noted_and_settled_is_read(stores: Any) -> None:
    if isinstance(stores.jobs, MemoryJobs):
        pytest.skip("the twin holds no items")
    table = stores.jobs._table
    table.put({"pk": "stream#shop", "sk": "rewritten#shop.é", "transaction": "0-1-7@1"})
    table.put({"pk": "consumer#search", "sk": "filled#shop.é", "transaction": "0-1-7@1"})
    assert stores.dues.of_source("shop") == {"shop.é": DueCause("0-1-7@1")}
    assert stores.dues.settled("search") == {"shop.é": "0-1-7@1"}


def test_the_column_history_of_a_table_is_what_was_kept_last(stores: Any) -> None:
    schemas = stores.schemas()
    assert schemas.column_history("shop", "shop", "listings") is None
    history = ColumnHistory(((("id", "int"), ("é", "text")),), ("a",), True, ("b",))
    schemas.keep_column_history("shop", "shop", "listings", ColumnHistory())
    schemas.keep_column_history("shop", "shop", "listings", history)
    assert schemas.column_history("shop", "shop", "listings") == history
    assert schemas.column_history("shop", "shop", "listing") is None
    assert schemas.latest("shop", "shop", "listings") is None


def test_versions_outlive_the_process(stores: Any) -> None:
    first = stores.schemas()
    if isinstance(first, MemorySchemas):
        pytest.skip("the twin is the process")
    first.version_of("shop", LISTINGS)
    assert stores.schemas().version_of("shop", WIDER) == 2
    assert first.version_of("shop", WIDER) == 2
    assert stores.schemas().version_of("shop", LISTINGS) == 1


def test_marks_move_only_from_what_was_seen(stores: Any) -> None:
    start = stores.marks.read("search", ["t-1", "t-2"])
    assert start == BatchStart({"t-1": Mark(), "t-2": Mark()})
    assert not stores.marks.advance("search", {"t-1": (Mark(), Mark(10, 4))})
    assert stores.marks.advance("search", {"t-1": (Mark(), Mark(11, 5))}) == {"t-1"}
    assert stores.marks.advance("search", {"t-1": (Mark(10, 3), Mark(11, 5))}) == {"t-1"}
    assert not stores.marks.advance("search", {"t-1": (Mark(10, 4), Mark(1 << 60, 9))})
    assert stores.marks.read("search", ["t-1", "t-2"]).marks == {
        "t-1": Mark(1 << 60, 9),
        "t-2": Mark(),
    }
    assert stores.marks.read("other", ["t-1"]).marks == {"t-1": Mark()}


def test_marks_of_several_groups_move_together_and_one_that_cannot_does_not_hold_the_others(
    stores: Any,
) -> None:
    assert not stores.marks.advance(
        "search",
        {"t-1": (Mark(), Mark(5, 1)), "t-2": (Mark(), Mark(6, 1)), "u-1": (Mark(), Mark(7, 1))},
    )
    moves = {
        "t-1": (Mark(5, 1), Mark(8, 2)),
        "t-2": (Mark(), Mark(9, 2)),
        "u-1": (Mark(7, 1), Mark(9, 3)),
        "t-3": (Mark(), Mark(3, 1)),
    }
    assert stores.marks.advance("search", moves) == {"t-2"}
    marks = stores.marks.read("search", ["t-1", "t-2", "t-3", "u-1"]).marks
    assert marks == {"t-1": Mark(8, 2), "t-2": Mark(6, 1), "t-3": Mark(3, 1), "u-1": Mark(9, 3)}


def test_marks_of_more_tables_than_one_request_takes(stores: Any) -> None:
    groups = [f"g{number}-{number % 64}" for number in range(230)]
    stores.marks.advance("search", {"g229-37": (Mark(), Mark(1, 1))})
    marks = stores.marks.read("search", groups).marks
    assert len(marks) == 230
    assert marks["g229-37"] == Mark(1, 1)


def a_job(id: str = "j1", **options: Any) -> Job:
    work = options.pop("work", BackfillWork({"shop.listings": TableFill(cursor="[42]", sent=3)}))
    return Job(id, "search", work, by="ann@desk", began_ms=5, token=1, beat=1, **options)


def test_a_slot_holds_one_job_until_it_is_over(stores: Any) -> None:
    job = a_job(holder="one")
    assert stores.jobs.current("search", "fill") is None
    assert stores.jobs.begin(job)
    assert stores.jobs.begin(job), "again, its reply lost"
    assert stores.jobs.current("search", "fill") == job
    assert stores.marks.read("search", []).run == "j1"
    assert not stores.jobs.begin(a_job("j2", work=ResyncWork({})))
    check = a_job("j3", work=VerifyWork(("shop.listings",), repair=True))
    assert stores.jobs.begin(check), "another slot"
    assert stores.jobs.current("search", "verify") == check
    assert stores.marks.read("search", []).run == "j1"
    over = msgspec.structs.replace(job, state="done", ended_ms=9, outcome="12 rows")
    stores.jobs.end(over)
    assert stores.jobs.current("search", "fill") is None
    assert stores.marks.read("search", []).run == ""
    (kept,) = stores.jobs.ended("search", 10)
    assert kept == msgspec.structs.replace(over, holder="", token=0, beat=0)
    assert stores.jobs.begin(a_job("j2", work=ResyncWork({})))
    assert stores.jobs.current("search", "verify") == check
    assert stores.jobs.current("other", "fill") is None


@pytest.mark.parametrize("work", [CutoverWork(), SnapshotWork()], ids=["cutover", "snapshot"])
def test_a_job_that_sends_no_rows_is_no_run(stores: Any, work: Any) -> None:
    """Else a consumer would record each deletion while readers are moved, and nobody reads that."""
    assert stores.jobs.begin(a_job(holder="one", work=work))
    assert stores.marks.read("search", []).run == ""
    taken = stores.jobs.take(stores.jobs.current("search", "fill"), "two")
    stores.jobs.save(taken)
    assert stores.marks.read("search", []).run == ""


def test_progress_is_stored_by_the_holder_alone(stores: Any) -> None:
    stores.jobs.begin(a_job(holder="one"))
    first = stores.jobs.current("search", "fill")
    work = ResyncWork(
        {
            "shop.é": TableFill(
                cursor='["ü"]',
                rows=7,
                complete=True,
                floor=5 << 40,
                chunks=(SentChunk("[1]", Position("bin.000007", 4, "0-1-77"), "mariadb-1"),),
                settles={"shop.é": "0-1-7@1"},
                settles_own={"shop.*": "behind"},
                ghosts=2,
            )
        },
        attempt=3,
    )
    saved = stores.jobs.save(msgspec.structs.replace(first, work=work, state="paused"))
    assert saved.beat > first.beat
    assert stores.jobs.current("search", "fill") == saved
    second = stores.jobs.take(saved, "two")
    assert (second.holder, second.state, second.work) == ("two", "running", work)
    assert second.token > saved.token
    assert stores.jobs.take(saved, "three") is None, "somebody was faster"
    for former in (stores.jobs.save, stores.jobs.end):
        with pytest.raises(JobLost, match="another process has taken over"):
            former(msgspec.structs.replace(saved, outcome="mine"))
    assert stores.jobs.current("search", "fill") == second
    assert stores.jobs.ended("search", 10) == []


def test_a_job_is_asked_to_stop_and_whoever_takes_it_next_is_not(stores: Any) -> None:
    job = a_job(holder="one")
    stores.jobs.begin(job)
    stores.jobs.ask(job, "pause")
    saved = stores.jobs.save(job)
    assert saved.asked == "pause"
    stores.jobs.ask(a_job("gone"), "cancel")
    assert stores.jobs.current("search", "fill") == saved
    assert stores.jobs.take(saved, "two").asked == ""
    assert stores.jobs.current("search", "fill").asked == ""


def test_jobs_that_are_over_are_listed_last_begun_first(stores: Any) -> None:
    for number in (2, 1, 3):
        job = a_job(f"2026112{number}T000000-a")
        stores.jobs.begin(job)
        stores.jobs.end(msgspec.structs.replace(job, state="cancelled"))
    over = stores.jobs.ended("search", 2)
    assert [job.id for job in over] == ["20261123T000000-a", "20261122T000000-a"]


def test_a_job_that_is_over_is_amended_and_what_its_end_left_is_forgotten(stores: Any) -> None:
    job = a_job()
    stores.jobs.begin(job)
    stores.jobs.end(msgspec.structs.replace(job, state="done"))
    stores.deletions.record("search", "j1", {"listings/7": 1})
    (over,) = stores.jobs.ended("search", 2)
    stores.jobs.amend(msgspec.structs.replace(over, outcome="removed"))
    assert [job.outcome for job in stores.jobs.ended("search", 2)] == ["removed"]
    assert stores.deletions.read("search", "j1") == {}
    stores.jobs.amend(msgspec.structs.replace(over, id="j2"))
    assert len(stores.jobs.ended("search", 2)) == 1, "what is not kept does not come back"


def test_a_backfill_that_the_former_version_began_is_read_and_continued(stores: Any) -> None:
    """The item was recorded from the version that had one untyped run a consumer."""
    if isinstance(stores.jobs, MemoryJobs):
        pytest.skip("the twin holds no items")
    run = (
        '{"id":"20261126T101500-9f31c2","tables":{"market.listings":{"cursor":"[4200]","rows":4200,'
        '"sent":71,"estimate":15000,"rewrite":"0-1-77@1764152100"},"market.photos":{"cursor":"",'
        '"rows":0,"sent":0,"estimate":9,"rewrite":"","complete":true,"left":true}},'
        '"started_ms":1764152100123,"attempt":2,"runner":"9f31c2aa"}'
    )
    item = {"pk": "consumer#search", "sk": "run", "id": "20261126T101500-9f31c2", "run": run}
    stores.jobs._table.put(item)
    job = stores.jobs.current("search", "fill")
    assert job == Job(
        "20261126T101500-9f31c2",
        "search",
        BackfillWork(
            {
                "market.listings": TableFill(
                    "[4200]", 4200, 71, 15000, settles={"market.listings": "0-1-77@1764152100"}
                ),
                "market.photos": TableFill(estimate=9, complete=True, left=True),
            },
            attempt=2,
        ),
        state="paused",
        began_ms=1764152100123,
    )
    assert stores.marks.read("search", []).run == job.id
    taken = stores.jobs.take(job, "one")
    assert stores.jobs.take(job, "two") is None
    assert stores.jobs.save(taken).work == job.work
    former = stores.jobs._table.get("consumer#search", "run")["run"]
    assert msgspec.json.decode(former) == {"id": job.id, "tables": {}}


def test_the_highest_deletion_stays(stores: Any) -> None:
    stores.deletions.record("search", "r1", {"listings/1": 10, "listings/ü#2": 20})
    stores.deletions.record("search", "r1", {"listings/1": 9, "listings/ü#2": 21})
    assert stores.deletions.read("search", "r1") == {"listings/1": 10, "listings/ü#2": 21}
    assert stores.deletions.read("search", "r1", ["listings/1", "listings/1", "listings/3"]) == {
        "listings/1": 10
    }
    assert stores.deletions.read("search", "r2") == {}


def test_a_message_is_done_however_often_that_is_noted(stores: Any) -> None:
    stores.done_messages.note("search", "r1", [f"m{number}" for number in range(60)])
    stores.done_messages.note("search", "r1", ["m1", "m1", "m60"])
    assert (
        len(stores.done_messages.noted("search", "r1", [f"m{number}" for number in range(100)]))
        == 61
    )
    assert stores.done_messages.noted("search", "r1", ["m1", "m60", "m61"]) == {"m1", "m60"}
    assert stores.done_messages.noted("search", "r2", ["m1"]) == set()


def test_ending_a_job_forgets_its_deletions_and_done_messages(stores: Any) -> None:
    job = a_job()
    stores.jobs.begin(job)
    stores.deletions.record(
        "search", "j1", {f"listings/{number}": number + 1 for number in range(30)}
    )
    stores.done_messages.note("search", "j1", ["m1"])
    stores.jobs.end(job)
    assert stores.deletions.read("search", "j1") == {}
    assert stores.done_messages.noted("search", "j1", ["m1"]) == set()


def test_the_last_report_is_kept(stores: Any) -> None:
    assert stores.reports.read("search") is None
    stores.reports.save("search", {"differences": 3, "tables": {"shop.listings": [1, 2]}})
    stores.reports.save("search", {"differences": 0})
    assert stores.reports.read("search") == {"differences": 0}


def test_segments_of_a_stream_are_kept_in_order_and_never_change(stores: Any) -> None:
    assert stores.coverage.segments("shop") == []
    assert stores.coverage.last("shop") is None
    some = [
        CoverageSegment(
            SegmentStart(number, number << 40), "mariadb-1", Position("bin.000001", 4), ("shop.é",)
        )
        for number in range(1, 13)
    ]
    for one in reversed(some):
        stores.coverage.append("shop", one)
    stores.coverage.append("shop", msgspec.structs.replace(some[3], tables=()))
    assert stores.coverage.segments("shop") == some
    assert stores.coverage.last("shop") == some[-1]


def test_the_relays_of_a_source_have_a_coverage_each(stores: Any) -> None:
    first, second = (
        CoverageSegment(SegmentStart(1, seq), "mariadb-1", Position("bin.000001", 4), ())
        for seq in (1, 2)
    )
    stores.coverage.append("shop", first)
    stores.coverage.append("shop/events", second)
    assert stores.coverage.segments("shop") == [first]
    assert stores.coverage.segments("shop/events") == [second]


def test_one_run_of_the_watch_holds_its_lease_until_it_ends_or_its_time_is_over(
    stores: Any,
) -> None:
    pulses = stores.pulses
    assert pulses.read() == Pulse()
    assert pulses.begin("one", 1_000, 61_000) == Pulse()
    assert pulses.begin("two", 61_000, 121_000) is None
    assert pulses.begin("one", 1_000, 61_000) == Pulse(), "its reply was lost"
    pulses.end("two", Pulse(5))
    assert pulses.read() == Pulse(), "what another holds is not touched"
    pulses.end("one", Pulse(40_000, {"figures": "SQS"}))
    pulses.end("one", Pulse(40_000))
    assert pulses.begin("two", 40_001, 100_000) == Pulse(40_000, {"figures": "SQS"})
    assert pulses.begin("three", 100_001, 160_000) == Pulse(40_000, {"figures": "SQS"})
    pulses.end("two", Pulse(7))
    assert pulses.read().at_ms == 40_000


def test_the_progress_of_the_archive_is_the_last_that_was_saved(stores: Any) -> None:
    assert stores.archive_progress.read() == ArchiveProgress()
    height = Height(7, {"shop": 5})
    for progress in (
        ArchiveProgress(7, {"shop": 4}, {"shop": 7}, (height,), "Glue did not answer."),
        ArchiveProgress(9, {"shop": 5}),
    ):
        stores.archive_progress.save(progress)
        assert stores.archive_progress.read() == progress


def test_parked_changes_are_kept_by_group_and_seq_and_the_first_failure_stays(stores: Any) -> None:
    store = stores.parked
    assert list(store.all("search")) == []
    late, early = parked("b", 700 << 32), parked("a", 9)
    other = parked("c", 5, "t-2", "r9", stack="x", joined=True, version="v", trace="00-1")
    near = parked("d", 1, "t-1#x")
    for one in (late, early, other, near):
        store.add("search", one, f"body of {one.id}")
    store.add("search", msgspec.structs.replace(early, message="later", parked_ms=99), "again")
    assert store.of_group("search", "t-1") == [early, late]
    assert store.of_group("search", "t-1", (10, 700 << 32)) == [late]
    assert store.of_group("search", "t-1", (9, 9)) == [early]
    assert store.of_group("search", "t-1", (0, 8)) == []
    assert sorted(store.all("search"), key=lambda one: one.id) == [early, late, other, near]
    assert list(store.all("other")) == []
    assert store.body("search", late) == "body of b"

    tried = msgspec.structs.replace(early, attempts=2, last="second", tried_ms=70)
    store.update("search", tried)
    assert store.of_group("search", "t-1") == [tried, late]

    store.remove("search", [early, other])
    store.remove("search", [early])
    assert store.of_group("search", "t-1") == [late]
    assert store.of_group("search", "t-2") == []
    assert store.body("search", early) is None


def test_parked_changes_are_counted_and_looked_up_without_reading_all(stores: Any) -> None:
    store = stores.parked
    assert store.count_some("search") == (0, "")
    every = [parked(f"c{n:03}", n, f"t-{n % 3}") for n in range(7)]
    for one in every:
        store.add("search", one, "body")
    counted, after = store.count_some("search")
    while after:
        more, after = store.count_some("search", after)
        counted += more
    assert counted == 7
    store.remove("search", every[:1])
    tried = msgspec.structs.replace(every[3], attempts=2)
    store.update("search", tried)
    assert store.held("search", [every[3], every[0], every[5]]) == [tried, every[5]]
    assert store.held("search", []) == []


def test_a_payload_expires_and_its_change_stays(stores: Any) -> None:
    stores.parked.add("search", gone := parked("a", 1, expires=1), "body")
    stores.parked.add("search", kept := parked("b", 2, payload="s3://claims/parked/b"), "")
    assert stores.parked.of_group("search", "t-1") == [gone, kept]
    assert stores.parked.body("search", gone) is None
    assert stores.parked.body("search", kept) is None


def test_rows_with_parked_changes(stores: Any) -> None:
    store = stores.parked
    one, two = RowItem("t-1", "r1"), RowItem("t-1", "r2", "closed", newest=9)
    elsewhere = RowItem("t-2", "r1", newest=1)
    store.put_rows("search", [one, two, elsewhere])
    wanted = [("t-1", "r1"), ("t-2", "r1"), ("t-1", "none")]
    assert bare(store.rows("search", wanted).values()) == [one, elsewhere]
    assert bare(store.rows_of("search", "t-1")) == [one, two]
    assert store.rows("other", wanted) == {}

    (read,) = store.rows("search", [one.id]).values()
    store.put_rows("search", [RowItem("t-1", "r1", "closed", 5), RowItem("t-1", "r2", "open", 8)])
    closed, newer = RowItem("t-1", "r1", "closed", 5), RowItem("t-1", "r2", "open", 9)
    assert bare(store.rows_of("search", "t-1")) == [closed, newer], "the newest seq never falls"

    store.remove_rows("search", [read])
    assert bare(store.rows_of("search", "t-1")) == [closed, newer], "it was stored again since"
    (read,) = store.rows("search", [one.id]).values()
    store.remove_rows("search", [read])
    store.remove_rows("search", [read])
    assert bare(store.rows_of("search", "t-1")) == [newer]


def test_a_row_says_whether_a_change_of_it_is_surely_parked(stores: Any) -> None:
    store, begun = stores.parked, RowItem("t-1", "r1", "closed", newest=4)
    sure = msgspec.structs.replace(begun, holds=True)
    for row in (begun, sure):
        store.put_rows("search", [row])
        assert bare(store.rows("search", [row.id]).values()) == [row]
        assert bare(store.rows_of("search", "t-1")) == [row]
    store.put_rows("search", [msgspec.structs.replace(sure, newest=2)])
    assert bare(store.rows_of("search", "t-1")) == [sure], "also where it knows less"


def test_a_row_that_was_removed_is_not_made_again_by_a_batch_that_had_read_it(stores: Any) -> None:
    store, began = stores.parked, time.time_ns() // 1_000_000
    store.put_rows("search", [RowItem("t-1", "r1", newest=4)])
    (read,) = store.rows_of("search", "t-1")
    assert began - 60_000 < stored_ms(read.token) < began + 60_000
    newer, older = (msgspec.structs.replace(read, newest=seq, holds=True) for seq in (7, 6))
    for row in (newer, older):
        store.update_rows("search", [row])
        assert bare(store.rows_of("search", "t-1")) == bare([newer])
    (stored,) = store.rows_of("search", "t-1")
    assert stored.token == read.token, "the watch knows for how long nothing was parked"
    store.remove_rows("search", [stored])
    store.update_rows("search", [newer])
    assert store.rows_of("search", "t-1") == []


def bare(rows: Iterable[RowItem]) -> list[RowItem]:
    """Rows without their tokens, in order."""
    return sorted((msgspec.structs.replace(row, token="") for row in rows), key=lambda row: row.id)


def test_the_read_of_the_marks_names_the_groups_with_parked_rows(stores: Any) -> None:
    assert stores.marks.read("search", []).parked == frozenset()
    stores.parked.flag("search", [])
    stores.parked.flag("search", ["t-1", "t-2"])
    stores.parked.flag("search", ["t-2", "u-7"])
    before = stores.parked.flags("search")
    assert set(before) == {"t-1", "t-2", "u-7"}
    assert all(stored_ms(token) > 0 for token in before.values())
    stores.parked.flag("search", ["u-7"])
    for group in ("t-1", "none", "u-7"):
        stores.parked.unflag("search", group, before.get(group, ""))
    assert stores.marks.read("search", ["t-1"]).parked == {"t-2", "u-7"}
    assert stores.marks.read("other", ["t-1"]).parked == frozenset()
    for group, token in stores.parked.flags("search").items():
        stores.parked.unflag("search", group, token)
    assert stores.marks.read("search", ["t-1"]).parked == frozenset()


def test_more_flags_than_an_item_holds_are_refused_and_those_before_stay(stores: Any) -> None:
    stores.parked.flag("search", ["t-1"])
    with pytest.raises(FlagsFull, match=r"so many message groups.*rowline parked list search"):
        stores.parked.flag("search", [f"{n:01000d}" for n in range(450)])
    assert "t-1" in stores.parked.flags("search")


def test_what_became_of_redriven_changes_is_kept_until_the_job_ends(stores: Any) -> None:
    job = Job("j1", "search", RedriveWork("table=shop.items"), token=1, beat=1)
    assert stores.jobs.begin(job)
    assert stores.jobs.current("search", "redrive") == job
    assert stores.jobs.current("search", "fill") is None
    stores.redriven.note("search", "j1", {})
    stores.redriven.note("search", "j1", {"a": "applied", "b": "again"})
    stores.redriven.note("search", "j1", {"b": "superseded"})
    assert stores.redriven.read("search", "j1") == {"a": "applied", "b": "superseded"}
    assert stores.redriven.read("search", "j2") == {}
    stores.jobs.end(msgspec.structs.replace(job, state="done"))
    assert stores.redriven.read("search", "j1") == {}


def test_a_gate_is_open_and_changes_only_from_the_version_seen(stores: Any) -> None:
    gates = stores.gates
    assert gates.read("search") == Gate()
    assert Gate().is_open
    closed = gates.write("search", Gate(cause="outage", reason="down", since_ms=7))
    assert closed == Gate(cause="outage", reason="down", since_ms=7, version=1)
    assert gates.write("search", Gate(paused="me")) is None
    assert gates.read("search") == closed
    paused = gates.write("search", msgspec.structs.replace(closed, paused="me", paused_ms=3))
    assert paused
    assert (paused.version, paused.is_open, paused.closed_ms) == (2, False, 3)
    assert stores.marks.read("search", ["t-1"]).gate == paused
    assert stores.marks.read("other", []).gate == Gate()


def test_the_reply_to_a_write_of_a_gate_may_be_lost(stores: Any) -> None:
    first = stores.gates.write("search", Gate(cause="outage", since_ms=7))
    if isinstance(stores.gates, MemoryGates):
        pytest.skip("the twin is the process")
    assert stores.gates.write("search", Gate(cause="outage", since_ms=7)) == first


def test_the_budget_of_a_minute_is_shared_and_never_exceeded(stores: Any) -> None:
    store = stores.parked
    assert store.count("search", 7, 10, 1) == (10, 1)
    assert store.count("search", 7, 5, 5) == (15, 6)
    assert store.count("search", 8, 1, 0) == (1, 0)
    assert [store.take("search", 7, 3, 8) for _ in range(3)] == [True, True, False]
    assert store.take("search", 7, 2, 8)
    assert not store.take("search", 7, 1, 8)
    assert store.take("search", 8, 8, 8)
    assert not store.take("search", 9, 9, 8)
    assert not store.take("search", 9, 1, 0)
    assert store.count("search", 7, 0, 0) == (15, 6)


def test_a_group_in_hand_is_known_until_it_is_ended(stores: Any) -> None:
    store = stores.groups_in_hand
    assert store.read("search", ["g", "h"]) == {}
    store.begin("search", {"g": GroupInHand(version="v1"), "h": GroupInHand("tx/1", 2, "v1")})
    last = GroupInHand("tx/1", 3, "v1", 4, 5, ("a", "b"), True)
    store.begin("search", {"h": last})
    assert store.read("search", ["g", "h", "i"]) == {
        "g": GroupInHand(version="v1"),
        "h": last,
    }
    assert store.read("other", ["g"]) == {}
    store.end("search", ["g", "g", "none"])
    assert set(store.read("search", ["g", "h"])) == {"h"}


def test_pairs_change_only_as_they_were_seen_and_come_with_the_marks(stores: Any) -> None:
    assert stores.pairs.read("search") == NO_PAIRS
    pair = IndexPair("listings", "listings-000001", "listings-000002", "a", "b")
    first = stores.pairs.write("search", IndexPairs({"listings": pair}, filling=True))
    assert first == IndexPairs({"listings": pair}, filling=True, version=1)
    assert stores.marks.read("search", []).pairs == first
    assert stores.marks.read("other", []).pairs == NO_PAIRS
    assert stores.pairs.write("search", IndexPairs()) is None
    second = stores.pairs.write("search", first.exchanged(7))
    assert second.exchanged_ms == 7
    assert second == stores.pairs.read("search")
    assert (second.cut, second.pairs["listings"].serving) == (True, "listings-000002")
    gone = stores.pairs.write("search", msgspec.structs.replace(NO_PAIRS, version=2))
    assert (gone.pairs, gone.version) == ({}, 3)
    assert stores.pairs.write("search", first) is None
