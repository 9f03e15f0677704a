"""Faults between two steps of a consumer and its watch (long: a case each): nothing waits."""

from typing import Any

import pytest
from msgspec.structs import replace

from shared.adapters.stack.cloudformation import Stack
from shared.adapters.topic.contract import Entry
from shared.domain import gate_transitions
from shared.domain.open_dues import open_dues
from shared.domain.polling import Polling
from shared.flows.job_slice import JobSlice
from shared.flows.redrive.redrive_setup import RedriveSetup
from shared.flows.watch.dead_letters import settle_moved
from shared.flows.watch.leftover_row_removal import remove_leftover_items
from shared.values.errors import ConfigError, StateUnavailable
from shared.values.job import Job
from shared.values.message import PUBLISHED
from shared.values.parked_change import RowItem
from shared.values.redrive_command import RedriveCommand
from shared.values.redrive_work import RedriveWork
from shared.values.settings import StageSettings
from tests.unit.test_consume_property import Between, CallFault
from tests.unit.test_every_change import EveryChangeWorld
from tests.worlds.consumer_world import ALIAS, ConsumerWorld, change, delivery
from tests.worlds.killed import Killed
from tests.worlds.memory_parts import watch_setup
from tests.worlds.outage_world import OutageWorld
from tests.worlds.redrive_world import BAD, RedriveWorld
from tests.worlds.twins.queue import MemoryQueue


def due(world: OutageWorld) -> dict[str, str]:
    source = world.parts.settings.sources["shop"]
    found = open_dues(world.world.state.dues, world.world.settings, source)
    return {one.table: one.why for one in found}


# Deployments


def test_a_subscription_is_not_judged_while_the_stage_is_deployed() -> None:
    world = OutageWorld()
    signs, right = world.parts.observation.of, world.parts.observation.of["search"]
    world.watch()
    world.parts.changing = True
    for filter in (None, {"table": ["shop.other"]}):
        signs["search"] = replace(right, filter=filter)
        world.advance(120)
        assert due(world) == {}
    signs["search"], world.parts.changing = right, False
    world.advance(120)
    assert due(world) == {}, "the deployment left it as it should be"
    signs["search"] = replace(right, filter=None)
    world.parts.changing = True
    world.advance(120)
    world.parts.changing = False
    world.advance(120)
    assert "subscription" in due(world)["shop.items"], "it is judged afterwards"


@pytest.mark.parametrize(
    ("before", "after", "changing"),
    [
        (("UPDATE_COMPLETE", "1"), ("UPDATE_COMPLETE", "1"), False),
        (("CREATE_COMPLETE", ""), ("CREATE_COMPLETE", ""), False),
        (("UPDATE_COMPLETE", "1"), ("UPDATE_IN_PROGRESS", "2"), True),
        (("UPDATE_IN_PROGRESS", "1"), ("UPDATE_COMPLETE", "1"), True),
        (("UPDATE_COMPLETE", "1"), ("UPDATE_COMPLETE", "2"), True),
        (("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "1"), ("UPDATE_COMPLETE", "1"), True),
        (("UPDATE_ROLLBACK_FAILED", "1"), ("UPDATE_ROLLBACK_FAILED", "1"), False),
    ],
)
def test_a_deployment_that_began_or_ended_meanwhile_is_seen(
    before: tuple[str, str], after: tuple[str, str], changing: bool
) -> None:
    def stack(status: str, updated: str) -> Stack:
        return Stack("rowline-dev", status, StageSettings("rowline", "dev", {}, {}), {}, updated)

    assert stack(*before).has_changed_to(stack(*after)) is changing


# Commands that SQS moved away


@pytest.mark.parametrize("action", ["apply", "drop"])
def test_a_command_that_was_moved_to_the_dlq_is_sent_again(action: Any) -> None:
    world = RedriveWorld()
    world.publish(*(change(n, "c", n, price=BAD if n < 4 else n) for n in range(1, 9)))
    world.drain()
    world.fix_the_mapping()
    watch = watch_setup(world, lambda: world.now)
    dlq: Any = MemoryQueue(lambda: world.now)
    watch.parts.queues["dlq", "search"] = dlq  # type: ignore[attr-defined]

    def move() -> None:
        batch = world.queue.receive()
        assert batch, "the command waits"
        dlq.send([Entry(e.body, e.group, e.deduplication_id, e.attributes) for e in batch])
        world.queue.delete([one.receipt_handle for one in batch])
        settle_moved(watch)

    world.waits = [move, move]
    report = world.redrive(action=action)
    assert (report.applied + report.dropped, report.gone) == (3, 0)
    assert world.waits == []
    assert world.nothing_is_left()
    assert world.state.dues.of_consumer("search") == {}, "a command holds no rows"


# Kills while a change is parked


@pytest.mark.parametrize("kind", ["killed before", "killed after"])
@pytest.mark.parametrize("at", range(1, 25))
def test_whatever_is_killed_the_first_refused_change_keeps_its_reason(at: int, kind: str) -> None:
    fault = CallFault()
    world = EveryChangeWorld(wrap=lambda twin: Between(twin, fault))
    world.recorder.poison = {"tx/1"}
    world.publish(change(1, "u", 1), change(2, "u", 1), change(3, "u", 2))
    fault.plan(at, kind, lambda: None)
    try:
        world.work()
    except Killed:
        world.consume = world.cold_start()
    fault.plan(0, "", lambda: None)
    world.drain()
    assert [(one.id, one.joined, one.error) for one in world.parked()] == [
        ("tx/1", False, "HandlerError"),
        ("tx/2", True, "joined"),
    ]
    assert dict.fromkeys(world.order(2)) == {"tx/3": None}
    world.recorder.poison = set()
    world.redrive()
    assert world.order(1) == ["tx/1", "tx/2"]
    assert world.nothing_is_left()


def test_a_row_that_was_closed_for_a_change_that_is_accepted_now_is_open() -> None:
    fault = CallFault()
    world = EveryChangeWorld(wrap=lambda twin: Between(twin, fault))
    for at in range(1, 25):
        one, two = 2 * at, 2 * at + 1
        world.recorder.poison = {f"tx/{one}"}
        world.publish(change(one, "u", 1), change(two, "u", 1))
        fault.plan(at, "killed before", lambda: None)
        killed = False
        try:
            world.work()
        except Killed:
            killed, world.consume = True, world.cold_start()
        fault.plan(0, "", lambda: None)
        world.recorder.poison = set()
        world.drain()
        if killed and world.parked():
            assert not world.parked()[0].joined, f"killed at call {at}"
        world.redrive()
    assert list(dict.fromkeys(world.order(1))) == [f"tx/{n}" for n in range(2, 50)]
    assert world.nothing_is_left()


def empty_row(world: RedriveWorld) -> None:
    """A function is killed when it has stored a row, and the change is accepted then."""

    def add(*_: Any) -> bool:
        raise Killed

    parked: Any = world.state.parked
    world.publish(change(1, "c", 1, price=BAD))
    parked.add = add
    with pytest.raises(Killed):
        world.work()
    del parked.add
    world.consume = world.cold_start()
    world.fix_the_mapping()
    assert [row.holds for row in rows_of(world)] == [False]
    assert not world.parked()


@pytest.mark.parametrize("holds", [False, True])
def test_the_watch_removes_a_row_that_holds_nothing_when_no_function_can_be_about_to_park(
    holds: bool,
) -> None:
    world = RedriveWorld()
    empty_row(world)
    if holds:  # it says so, and is mistaken
        world.state.parked.put_rows("search", [RowItem("g", rows_of(world)[0].row, holds=True)])
    watch = watch_setup(world, lambda: world.now)
    world.now += 60
    remove_leftover_items(watch)
    assert len(rows_of(world)) == 1, "a function may be about to park"
    world.now += 1_300
    world.drain()
    remove_leftover_items(watch)
    assert len(rows_of(world)) == holds
    world.now += 3_600 - world.now % 3_600
    remove_leftover_items(watch)
    assert world.nothing_is_left()


def rows_of(world: RedriveWorld) -> list[RowItem]:
    return world.state.parked.rows_of("search", "g")


@pytest.mark.parametrize("seconds", [0, 1_800])
def test_what_is_parked_keeps_its_row_and_flag(seconds: int) -> None:
    world = RedriveWorld()
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=2))
    world.drain()
    world.now += seconds + 3_600 - world.now % 3_600
    remove_leftover_items(watch_setup(world, lambda: world.now))
    assert [row.holds for row in rows_of(world)] == [True]
    assert world.state.marks.read("search", []).parked == {"g"}


@pytest.mark.parametrize("at", range(1, 20))
def test_a_row_is_not_forgotten_while_a_slow_function_parks_a_change_of_it(at: int) -> None:
    """The watch looks between any two of its calls: row and flag are there in the end."""
    fault = CallFault()
    world = RedriveWorld(wrap=lambda twin: Between(twin, fault))
    empty_row(world)
    world.now += 1_300
    world.search.definitions[ALIAS]["mappings"]["properties"]["price"] = {"type": "long"}
    watch = watch_setup(world, lambda: world.now)
    fault.plan(at, "meanwhile", lambda: remove_leftover_items(watch))
    world.work()
    assert [one.id for one in world.parked()] == ["tx/1"]
    assert [row.holds for row in rows_of(world)] == [True]
    assert world.state.marks.read("search", []).parked == {"g"}


def test_a_command_of_a_job_that_is_over_tidies_up_after_a_kill() -> None:
    world = EveryChangeWorld()
    world.recorder.poison = {"tx/1"}
    world.publish(change(1, "u", 1))
    world.drain()
    world.state.parked.remove("search", world.parked())  # and there the redrive was killed
    command = RedriveCommand("over", 1, "apply", "g", {"r": ["tx/1"]})
    entry = Entry(command.encoded(), "g", command.deduplication_id, command.attributes("shop"))
    world.queue.send([entry])
    assert world.queue.receive()
    world.now += 100
    world.work()
    assert world.nothing_is_left()


# What a batch leaves in a warm function


def test_an_outage_while_parking_does_not_repeat_the_reason_of_an_earlier_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = ConsumerWorld()
    first = [change(n, "c", n, price=BAD if n < 13 else n) for n in range(1, 21)]
    world.handle(delivery(first))
    gates = world.state.gates
    assert not gates.read("search").is_open
    gates.write("search", gate_transitions.opened(gates.read("search"), 1))

    def away(*_: Any) -> Any:
        raise StateUnavailable("did not answer.", thing="DynamoDB")

    monkeypatch.setattr(world.state.parked, "count", away)
    world.handle(delivery([change(30, "c", 30, price=BAD), change(31, "c", 31, price=1)], "h"))
    assert gates.read("search").is_open


# A redrive that the jobs function continues


def test_a_slice_of_a_redrive_opens_neither_source_nor_sink() -> None:
    world = RedriveWorld()
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=2))
    world.drain()
    world.fix_the_mapping()
    work = RedriveWork("", int(world.now * 1000) + 1)
    assert world.state.jobs.begin(Job("r1", "search", work, in_function=True))

    def refuse(*_: Any) -> Any:
        raise ConfigError("ROWLINE_ARCHIVE_BUCKET is not set.")

    polling = Polling(lambda: world.now, world.wait)
    ended, why = JobSlice(
        world.state,
        refuse,
        lambda _, tenure: RedriveSetup(
            world.settings,
            world.state,
            world.claims,
            world.queue,
            polling=polling,
            now_ms=lambda: int(world.now * 1000),
            tenure=tenure,
        ),
        sharing_source=lambda _: ["search"],
        by="lambda 1",
        left=lambda: 800.0,
        now_ms=lambda: int(world.now * 1000),
        polling=polling,
    ).run("search", "redrive")
    assert (ended, why) == ("done", "")
    assert world.nothing_is_left()


# Messages that come back


@pytest.mark.parametrize(
    ("told", "seconds", "returned"),
    [
        ({PUBLISHED: "as at first"}, 31, True),
        ({PUBLISHED: "as at first"}, 29, False),
        ({PUBLISHED: "now"}, 3_600, False),  # a relay repeats it and tells the later time
        ({}, 901, True),  # by a relay of an earlier version
        ({}, 899, False),
        ({PUBLISHED: "yesterday"}, 901, True),
        ({"reason": "mapper_parsing_exception"}, 60, True),
    ],
)
def test_a_message_that_somebody_moves_back_makes_its_table_due(
    told: dict[str, str], seconds: int, returned: bool
) -> None:
    """It was never applied, and the mark of its group has passed it."""
    world = OutageWorld()
    world.write(1, 1)
    (moved,) = world.queue.receive()
    world.queue.delete([moved.receipt_handle])
    world.write(1, 2)
    batch = world.queue.receive()
    assert world.runtime().handle(batch, lambda: 60.0).applied == 1
    world.queue.delete([one.receipt_handle for one in batch])
    marks = dict(moved.attributes)
    times = {"as at first": marks.pop(PUBLISHED), "now": str(int((world.now + seconds) * 1000))}
    marks |= {name: times.get(value, value) for name, value in told.items()}
    world.now += seconds
    world.queue.send([Entry(moved.body, moved.group, "back", marks)])
    assert world.runtime().handle(world.queue.receive(), lambda: 60.0).duplicate == 1
    assert ("came back" in due(world).get("shop.items", "")) == returned
