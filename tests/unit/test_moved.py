"""What no function saw is never lost without a word: its table is due."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.queue.contract import Queue
from shared.domain.open_dues import open_dues
from shared.flows.watch.dead_letters import settle_moved
from shared.values.due_cause import DueCause
from tests.worlds.consumer_world import change, delivery
from tests.worlds.outage_world import OutageWorld
from tests.worlds.twins.queue import MemoryQueue
from tests.worlds.twins.state import begin_fill
from tests.worlds.twins.topic import Entry


@pytest.fixture
def world() -> OutageWorld:
    return OutageWorld()


def due(world: OutageWorld) -> dict[str, str]:
    settings = world.parts.settings
    found = open_dues(world.world.state.dues, world.world.settings, settings.sources["shop"])
    return {one.table: one.why for one in found}


def due_whys(world: OutageWorld) -> set[str]:
    settings = world.parts.settings
    found = open_dues(world.world.state.dues, world.world.settings, settings.sources["shop"])
    return {one.why for one in found}


def entry(seq: int, group: str = "g1", run: str = "", **more: str) -> Entry:
    lane = "backfill" if run else "live"
    one = delivery([change(seq, "u", seq, price=1)], group, lane=lane, run=run)
    return Entry(one.body, group, one.deduplication_id, {**one.attributes, **more})


def test_a_moved_message_makes_its_table_due_before_it_goes(world: OutageWorld) -> None:
    held: list[dict[str, str]] = []

    class Watching:
        def __getattr__(self, name: str) -> Any:
            if name == "delete":
                held.append(due(world))
            return getattr(world.dlq, name)

    world.dlq.send([entry(1)])
    dlq: Any = Watching()
    world.parts.queues["dlq", "search"] = dlq
    world.watch()
    assert held == [{"shop.items": "SQS moved changes to the DLQ"}]
    assert world.dlq.depth() == (0, 0)
    assert world.figures["DlqMessages"] == 1  # as it was found, or no alarm would ring
    world.advance(60)
    assert world.figures["TablesDue"] == 1


def test_what_sns_could_not_deliver_makes_its_table_due(world: OutageWorld) -> None:
    undelivered: Queue = world.parts.undelivered("search")
    undelivered.send([entry(1)])
    world.watch()
    assert due(world) == {"shop.items": "SNS could not deliver changes"}
    assert undelivered.depth() == (0, 0)


def test_a_body_that_is_no_message_makes_all_tables_due(world: OutageWorld) -> None:
    world.dlq.send([Entry("{", "g", "d", {})])
    world.watch()
    assert list(due(world)) == ["shop.items"]


def test_what_an_earlier_version_set_aside_is_due_with_its_reason(world: OutageWorld) -> None:
    world.dlq.send([entry(1, reason="mapper_parsing_exception: failed to parse 'Ann'")])
    world.watch()
    why = "an earlier version set changes aside: mapper_parsing_exception"
    assert due(world) == {"shop.items": why}
    assert world.dlq.depth() == (0, 0)


def test_many_old_messages_hide_no_new_one(world: OutageWorld) -> None:
    for seq in range(1, 251):
        world.dlq.send([entry(seq, f"g{seq}", reason="mapper_parsing_exception")])
    new = entry(251, "g251")
    world.dlq.send([new])
    world.advance(180)
    assert world.dlq.depth() == (0, 0)
    assert "SQS moved changes to the DLQ" in due_whys(world)


def test_a_job_does_not_wait_for_a_message_that_was_moved(world: OutageWorld) -> None:
    begin_fill(world.world.state, "run-1")
    moved, other = entry(1, run="run-1"), entry(2, "g2", run="run-0")
    world.dlq.send([moved, other])
    world.watch()
    assert world.world.state.done_messages.noted(
        "search", "run-1", [moved.deduplication_id, other.deduplication_id]
    ) == {moved.deduplication_id}
    assert list(due(world)) == ["shop.items"]


def test_a_kill_between_note_and_deletion_repeats_the_note(world: OutageWorld) -> None:
    world.dlq.send([entry(1)])
    (one,) = world.dlq.receive(visibility=1)
    cause = DueCause(f"moved:{one.message_id}", "SQS moved changes to the DLQ")
    world.world.state.dues.note_consumer("search", "shop.items", cause)
    world.advance(120)
    assert world.dlq.depth() == (0, 0)
    assert world.world.state.dues.of_consumer("search") == {"shop.items": cause}


def test_more_messages_than_one_receive_takes_are_settled(world: OutageWorld) -> None:
    for seq in range(1, 36):
        world.dlq.send([entry(seq, f"g{seq % 3}")])
    world.watch()
    assert world.dlq.depth() == (0, 0)


def test_hundreds_of_messages_are_settled_in_one_run(world: OutageWorld) -> None:
    """A resync that somebody runs after the repair is followed by no further cause."""
    for seq in range(1, 1_501):
        world.dlq.send([entry(seq, f"g{seq % 7}")])
    world.watch()
    assert world.dlq.depth() == (0, 0)
    assert list(due(world)) == ["shop.items"]


def test_a_dlq_that_is_empty_is_not_received_from(world: OutageWorld) -> None:
    class Empty(MemoryQueue):
        def receive(self, *_: Any, **__: Any) -> Any:
            raise AssertionError

    world.parts.queues["dlq", "search"] = Empty(world.clock)
    world.watch()
    assert world.parts.state.pulses.read().problems == {}
    assert settle_moved.__doc__


def test_fifteen_days_without_the_sink_make_the_tables_due(world: OutageWorld) -> None:
    world.down = True
    for hour in range(15 * 8):
        world.write(hour % 20, hour)
        world.days(1 / 8)
    assert due(world) == {
        "shop.items": "the consumer was closed for 12 days, and SQS deletes changes after 14"
    }
    assert world.queue.expired > 0
    world.down = False
    world.settle()
    assert list(due(world)) == ["shop.items"], "until a resync has settled it"
    assert world.dlq.depth() == (0, 0)


def test_thirteen_days_without_the_sink_make_them_due_too_and_a_resync_settles_that_once(
    world: OutageWorld,
) -> None:
    world.down = True
    world.write(1, 1)
    world.days(11.9)
    assert due(world) == {}
    world.days(0.2)
    dues = world.world.state.dues
    (cause,) = dues.of_consumer("search").values()
    dues.settle("search", {}, {"shop.items": cause.id})
    world.days(1)
    assert due(world) == {}, "it is not noted again for the same days"


def test_a_consumer_that_is_twelve_days_behind_says_so_itself(world: OutageWorld) -> None:
    world.functions.switch("search", on=False)
    world.watching = False
    world.advance(61)
    world.write(1, 1)
    world.days(12.1)
    batch = world.queue.receive()
    assert world.runtime().handle(batch, lambda: 60.0).applied == 1
    assert "12 days behind" in due(world)["shop.items"]


def test_the_last_message_of_a_group_that_comes_back_was_seen(world: OutageWorld) -> None:
    """Nothing has overtaken it. See test_consumer_faults.py for those that later ones overtook."""
    world.write(1, 1)
    world.write(1, 2)
    batch = world.queue.receive()
    assert world.runtime().handle(batch, lambda: 60.0).applied == 2
    world.queue.delete([one.receipt_handle for one in batch])
    world.now += 1_000
    world.queue.send([Entry(batch[1].body, batch[1].group, "last", batch[1].attributes)])
    assert world.runtime().handle(world.queue.receive(), lambda: 60.0).duplicate == 1
    assert due(world) == {}


def test_a_subscription_that_is_not_as_deployed_makes_the_tables_due_twice(
    world: OutageWorld,
) -> None:
    signs, dues = world.parts.observation.of, world.world.state.dues
    right = signs["search"]
    world.watch()
    assert due(world) == {}
    for filter in (None, {**(right.filter or {}), "table": ["shop.other"]}):
        signs["search"] = replace(right, filter=filter)
        world.advance(180)
        (cause,) = dues.of_consumer("search").values()
        assert "subscription" in due(world)["shop.items"]
        dues.settle("search", {}, {"shop.items": cause.id})
        world.advance(180)
        assert due(world) == {}, "what a resync read meanwhile is settled"
        signs["search"] = right
        world.advance(180)
        (cause,) = dues.of_consumer("search").values()
        dues.settle("search", {}, {"shop.items": cause.id})
