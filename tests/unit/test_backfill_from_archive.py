"""A backfill from snapshot and archive (long: one world): the index becomes the source, whatever
happens meanwhile, without a query on the source.
"""

from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.flows.archive import chosen_changes, reading_order
from shared.flows.jobs import subscription_in_force
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.backfill_from_archive import fill_from_archive
from shared.flows.replay.replay_plan import PlanSetup
from shared.values.coverage import CoverageSegment, SegmentStart
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError, RowlineError
from shared.values.position import Position
from shared.values.seq import make_seq, split_seq
from tests.tier import TIER
from tests.unit.test_replay import at_rest
from tests.worlds.backfill_world import SOURCE
from tests.worlds.consumer_world import ALIAS, consumer_settings
from tests.worlds.replay_archive import BEGAN_MS
from tests.worlds.replay_world import ReplayWorld


def capture(world: ReplayWorld, number: int = 1, *, seq: int = 0, tables: Any = None) -> None:
    """From this number on the stream captures these tables."""
    named = ("shop.items",) if tables is None else tables
    start = SegmentStart(number, seq or make_seq(1, 0), former=seq, follows=True, at_ms=BEGAN_MS)
    world.state.coverage.append("shop", CoverageSegment(start, "mariadb-1", Position(), named))


def snapshot(world: ReplayWorld) -> None:
    """Each row was read at a moment of its own, between floor and now, as chunks are.

    `world.past` is the state after each published change.
    """
    first = world.random.randint(0, len(world.numbers))
    rows: dict[Any, tuple[int, dict[str, Any]]] = {}
    cuts = sorted(world.random.randint(first, len(world.numbers)) for _ in range(2))
    for key in world.keys:
        at = cuts[key > 5]
        state = rows_after(world, at)
        if key in state:
            rows[key] = (world.numbers[at - 1] if at else make_seq(1, 0), state[key])
    world.archive.take_snapshot("s1", rows)
    held = world.archive.snapshots.manifests["s1"]
    low, high = (world.numbers[at - 1] if at else make_seq(1, 0) for at in cuts)
    table = msgspec.structs.replace(held.tables["shop.items"], floor=low, ceiling=high)
    world.archive.snapshots.put(msgspec.structs.replace(held, tables={"shop.items": table}))


def rows_after(world: ReplayWorld, count: int) -> dict[int, dict[str, Any]]:
    """The rows after so many published changes."""
    rows: dict[int, dict[str, Any]] = {}
    for change in world.log[:count]:
        if change.after is None:
            rows.pop(change.key["id"], None)
        else:
            rows[change.key["id"]] = change.after
    return rows


def plan_setup(world: ReplayWorld, **more: Any) -> PlanSetup:
    return PlanSetup(
        more.pop("consumer", world.world.settings),
        SOURCE,
        ["shop"],
        world.state,
        ArchiveReader(world.archive.ask),
        more.pop("retention_days", 0),
        BEGAN_MS,
    )


def no_query(*_args: object, **_options: object) -> Any:
    raise AssertionError("the source was asked")


def emptied(seed: int, steps: int = 80) -> ReplayWorld:
    """Rows that all came while the archive was on, and a snapshot of them in between."""
    world = ReplayWorld(Random(seed))
    for key in list(world.rows):
        world.database.delete("shop.items", key)
    world.rows.clear()
    capture(world)
    world.write()
    for _ in range(world.random.randrange(steps)):
        world.step()
    at_rest(world)
    snapshot(world)
    for _ in range(world.random.randrange(steps)):
        world.step()
    at_rest(world)
    return world


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_order, "PART_CHANGES", 8)
    monkeypatch.setattr(chosen_changes, "MOST_HELD", 3_000)
    monkeypatch.setattr(chosen_changes, "FIRST_TRY", 1_500)


def test_a_fill_waits_until_the_filter_of_the_subscription_acts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is published before does not reach the consumer, and the archive must have it."""
    monkeypatch.setattr(subscription_in_force, "ACTS_AFTER_MS", 120_000)
    world = emptied(7, steps=20)
    world.world.search.indexes.get(ALIAS, {}).clear()
    world.submit_work(fill_from_archive(plan_setup(world), [], into=False))
    began, publish, setup = world.now, world.publish, world.setup

    def not_delivered() -> None:
        before = {id(one) for entries in world.queue.groups.values() for one in entries}
        publish()
        if world.now < began + 115:
            for entries in world.queue.groups.values():
                entries[:] = [
                    one for one in entries if id(one) in before or one.attributes["lane"] != "live"
                ]

    def sleep(seconds: float) -> None:
        world.now += seconds
        world.write()
        world.commit()
        not_delivered()
        world.save_checkpoint()
        world.store()
        world.deliver()

    world.pace = {world.deliver: 1}
    world.publish, world.sleep = not_delivered, sleep  # type: ignore[method-assign]
    since = int(1_700_000_000_000 + began * 1000)
    world.setup = lambda **more: setup(subscribed_ms=since, **more)  # type: ignore[method-assign]
    world.until_over()
    at_rest(world)
    assert world.index() == world.source()


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(
    seed=st.integers(0, 2**32),
    kill_rate=st.sampled_from([0.0, 0.02, 0.1]),
    failing=st.sampled_from([0.0, 0.3]),
    into=st.booleans(),
)
@settings(
    max_examples=TIER.fill_runs,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_the_index_becomes_the_source(
    seed: int, kill_rate: float, failing: float, into: bool
) -> None:
    world = emptied(seed)
    if not into:
        world.world.search.indexes.pop(ALIAS, None)
    work = fill_from_archive(plan_setup(world), (), into=into)
    world.kill_rate, world.queue.failing = kill_rate, failing
    world.database.chunk = world.database.rows = no_query  # type: ignore[method-assign]
    world.submit_work(work)
    done = world.until_over()
    world.kill_rate = world.queue.failing = 0.0
    assert done.state == "done"
    assert done.kind == "backfill"
    at_rest(world)
    assert world.index() == world.source(), "the serving index"
    if into:
        (made,) = done.result["into"].values()
        held = world.world.search.indexes[world.world.search.key(made)]
        bodies = {id: each.body for id, each in held.items() if each.body is not None}
        assert bodies == world.source()


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda world: world.archive.snapshots.manifests.clear(), "in no complete snapshot"),
        (
            lambda world: interrupted(world),
            "not captured for a while",
        ),
        (
            lambda world: world.state.dues.note_source(
                "shop", "shop.items", DueCause("tx/1", "DROP COLUMN")
            ),
            "is due: DROP COLUMN.*rowline resync",
        ),
        (lambda world: settled(world), "changed without events since its snapshot: DROP COLUMN"),
        (lambda world: older(world), "begins with shop epoch 1 n 1, and the snapshot is older"),
        (lambda world: dropped(world), "partitions of it were dropped"),
    ],
)
def test_it_is_refused_where_the_archive_cannot_know_all_rows(spoil: Any, reason: str) -> None:
    world = emptied(5)
    spoil(world)
    with pytest.raises(RowlineError, match=reason):
        fill_from_archive(plan_setup(world), (), into=False)


def interrupted(world: ReplayWorld) -> None:
    """The table is captured again, after a while in which it was not."""
    capture(world, 2, seq=world.numbers[-1], tables=("shop.other",))
    capture(world, 3, seq=world.numbers[-1] + 1)


def settled(world: ReplayWorld) -> None:
    """A resync has repaired the index since: neither snapshot nor archive has that."""
    world.state.dues.note_source("shop", "shop.items", DueCause("tx/1", "DROP COLUMN"))
    world.state.dues.settle("search", {"shop.items": "tx/1"}, {})


def older(world: ReplayWorld) -> None:
    """The snapshot is from before the archive."""
    held = world.archive.snapshots.manifests["s1"]
    table = msgspec.structs.replace(held.tables["shop.items"], floor=make_seq(0, 5))
    world.archive.snapshots.put(msgspec.structs.replace(held, tables={"shop.items": table}))


def dropped(world: ReplayWorld) -> None:
    """A partition is dropped after the snapshot."""
    last = dict(world.archive.rows[-1])
    last |= {"n": split_seq(world.numbers[-1])[1] + 1, "op": "t", "key": '{"partitions":["p"]}'}
    world.archive.append([last])


def test_numbers_that_are_on_their_way_are_waited_for_by_the_job() -> None:
    """While changes come, a later one is often archived before an earlier one."""
    world = emptied(5)
    last = dict(world.archive.rows[-1])
    last["n"] = split_seq(world.numbers[-1])[1] + 3
    world.archive.append([last])
    world.submit_work(fill_from_archive(plan_setup(world), (), into=False))
    assert world.until_over().state == "done"
    at_rest(world)
    assert world.index() == world.source()


def test_a_table_that_never_had_a_row_is_left_out() -> None:
    """Nobody knows its columns, and its index comes with its first row."""
    world = emptied(5)
    both = ("shop.items", "shop.empty")
    capture(world, 2, seq=world.numbers[-1], tables=both)
    held = world.archive.snapshots.manifests["s1"]
    empty = msgspec.structs.replace(held.tables["shop.items"], rows=0)
    tables = {**held.tables, "shop.empty": empty}
    world.archive.snapshots.put(msgspec.structs.replace(held, tables=tables))
    consumer = msgspec.structs.replace(world.world.settings, tables=both)
    work = fill_from_archive(plan_setup(world, consumer=consumer), (), into=True)
    assert [each.full for each in work.choice.tables] == ["shop.items"]
    assert list(work.bases) == ["shop.items"]


def test_a_consumer_of_every_change_is_refused() -> None:
    consumer = msgspec.structs.replace(
        consumer_settings(), ordering="every-change", sink={"kind": "handler"}
    )
    with pytest.raises(ConfigError, match=r"receives every change.*rowline replay"):
        fill_from_archive(plan_setup(emptied(5), consumer=consumer), (), into=False)


def test_a_snapshot_older_than_the_archive_keeps_changes_is_refused() -> None:
    world = emptied(5)
    held = world.archive.snapshots.manifests["s1"]
    old = msgspec.structs.replace(held, began_ms=BEGAN_MS - 3 * 86_400_000)
    world.archive.snapshots.put(old)
    with pytest.raises(RowlineError, match="older than the 2 days of the archive"):
        fill_from_archive(plan_setup(world, retention_days=2), (), into=False)


def test_the_next_page_is_asked_for_before_one_is_sent() -> None:
    world = emptied(5)
    work = fill_from_archive(plan_setup(world), (), into=False)
    happened, requests = list[str](), list[Any]()
    ask, send = world.archive.ask, world.queue.send

    def asked(event: dict[str, Any]) -> dict[str, Any]:
        happened.append(event["do"])
        requests.append(event.get("request"))
        return ask(event)

    def sent(entries: list[Any]) -> Any:
        if entries[0].attributes["lane"] == "backfill":
            happened.append("send")
            requests.append(None)
        return send(entries)

    world.archive.ask, world.queue.send = asked, sent  # type: ignore[method-assign]
    world.submit_work(work)
    assert world.until_over().state == "done"
    order = [each for each in happened if each in ("page", "send")]
    assert order[:3] == ["page", "page", "send"]
    pages = [one for one, what in zip(requests, happened, strict=True) if what == "page"]
    assert all(pages.count(one) == 1 for one in pages), "no page is read twice"
