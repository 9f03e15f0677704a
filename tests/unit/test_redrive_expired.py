"""Redrive of changes whose payloads have expired: their rows are read again, or a person acts."""

from typing import Any

import msgspec
import pytest

from shared.adapters.topic.contract import Entry
from shared.domain.parked_where import ParkedWhere
from shared.flows.redrive.redrive_report import lines_of, lines_of_report
from shared.values.errors import StateUnavailable
from tests.unit.test_redrive import counts
from tests.worlds.consumer_world import change
from tests.worlds.redrive_world import BAD, RedriveWorld


@pytest.fixture
def world() -> RedriveWorld:
    return RedriveWorld()


def test_a_change_whose_payload_has_expired_makes_its_table_due(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=BAD))
    world.drain()
    world.publish(change(3, "u", 2, price=3))
    world.drain()
    world.fix_the_mapping()
    world.now += 91 * 86_400
    plan = world.redriving().plan(ParkedWhere())
    assert (plan.expired, plan.superseded, plan.due_tables) == (2, 1, ["shop.items"])
    assert "  then: rowline resync search --tables 'shop.items'" in list(lines_of(plan))
    assert world.state.dues.of_consumer("search") == {}, "a plan only reads"
    report = world.redrive()
    assert counts(report) == {"chosen": 2, "due": 1, "superseded": 1}
    assert report.due_tables == ["shop.items"]
    assert "  next: rowline resync search --tables 'shop.items'" in list(
        lines_of_report(report, "rowline verify search")
    )
    assert world.state.dues.of_consumer("search")["shop.items"].why
    assert world.nothing_is_left()


def test_a_table_is_due_before_its_expired_change_is_forgotten(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.now += 91 * 86_400
    real, calls = world.state.dues.note_consumer, []

    def note(*arguments: Any) -> None:
        calls.append(len(world.parked()))
        if len(calls) == 1:
            raise StateUnavailable("did not answer.", thing="state table")
        real(*arguments)

    world.state.dues.note_consumer = note  # type: ignore[method-assign, assignment]
    assert counts(world.redrive()) == {"chosen": 1, "due": 1}
    assert calls == [1, 1]
    assert list(world.state.dues.of_consumer("search")) == ["shop.items"]


def test_an_expired_change_of_a_sink_that_needs_every_change_stays(world: RedriveWorld) -> None:
    world.settings = msgspec.structs.replace(world.settings, ordering="every-change")
    world.consume = world.cold_start()
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.now += 91 * 86_400
    plan = world.redriving().plan(ParkedWhere())
    assert (plan.expired, plan.due_tables) == (1, [])
    assert counts(world.redrive()) == {"chosen": 1, "expired": 1}
    assert len(world.parked()) == 1
    assert world.state.dues.of_consumer("search") == {}
    assert counts(world.redrive("", "drop")) == {"chosen": 1, "dropped": 1}
    assert world.nothing_is_left()


def test_an_expired_body_that_was_no_message_makes_all_tables_due(world: RedriveWorld) -> None:
    assert world.queue.send([Entry("hello", "odd#g", "1", {"lane": "live"})]) == [None]
    world.drain()
    world.now += 91 * 86_400
    assert counts(world.redrive()) == {"chosen": 1, "due": 1}
    assert set(world.state.dues.of_consumer("search")) == set(world.settings.tables)
