"""Operations and filter: what reaches a sink, and what verify expects of a filtered row."""

from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.domain.row_filter import FilterError, RowFilter
from shared.flows.verify.verify import Verify
from shared.values.change import Change
from shared.values.settings import ConsumerSettings, FilterSettings
from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import World, change, consumer_settings, delivery

ACTIVE = FilterSettings({"title": ("active",)})


def consumer(
    operations: tuple[str, ...] = (), changed: tuple[str, ...] = (), **values: Any
) -> ConsumerSettings:
    wanted = {name: one if isinstance(one, tuple) else (one,) for name, one in values.items()}
    return consumer_settings(operations=operations, filter=FilterSettings(wanted, changed))


def update(before: dict[str, Any] | None, after: dict[str, Any]) -> Change:
    made = change(1, "u", 1, **after)
    return msgspec.structs.replace(made, before=before and {"id": 1, **before})


def ops(filter: RowFilter, *changes: Change) -> list[str | None]:
    return [made.op if (made := filter.passed(each)) else None for each in changes]


def test_a_row_that_leaves_or_was_never_inside_is_a_deletion_for_a_sink_of_state() -> None:
    filter = RowFilter(consumer(title="active"))
    inside, outside = {"title": "active"}, {"title": "sold"}
    assert ops(
        filter,
        update(inside, outside),
        update(outside, outside),
        update(None, outside),
        update(outside, inside),
        change(1, "c", 1, **outside),
        change(1, "r", 1, **outside),
        change(1, "d", 1, **outside),
        change(1, "t", 0),
    ) == ["d", "d", "d", "u", "d", "d", "d", "t"]
    made = filter.passed(change(1, "c", 1, **outside))
    assert made is not None
    assert (made.before, made.after) == ({"id": 1, "title": "sold"}, None)


def test_a_sink_of_side_effects_hears_only_of_rows_that_were_inside() -> None:
    filter = RowFilter(consumer(title="active"), keeps_state=False)
    inside, outside = {"title": "active"}, {"title": "sold"}
    assert ops(
        filter,
        update(inside, outside),
        update(outside, outside),
        change(1, "c", 1, **outside),
        change(1, "d", 1, **outside),
    ) == ["d", None, None, "d"]


def test_changed_needs_another_value_unless_nothing_says_what_was_before() -> None:
    filter = RowFilter(consumer(changed=("price",)))
    same = update({"price": 1, "title": "a"}, {"price": 1, "title": "b"})
    other = update({"price": 1, "title": "a"}, {"price": 2, "title": "a"})
    unknown = update(None, {"price": 1, "title": "b"})
    assert ops(filter, same, other, unknown) == [None, "u", "u"]
    assert [filter.is_unproven(each) for each in (same, other, unknown)] == [False, False, True]


def test_a_row_that_enters_the_filter_passes_although_the_column_is_unchanged() -> None:
    filter = RowFilter(consumer(changed=("price",), title="active"))
    enters = update({"price": 1, "title": "draft"}, {"price": 1, "title": "active"})
    leaves = update({"price": 1, "title": "active"}, {"price": 1, "title": "sold"})
    assert ops(filter, enters, leaves) == ["u", "d"]


def test_operations_are_those_after_the_filter() -> None:
    filter = RowFilter(consumer(("u",), title="active"))
    leaves = update({"title": "active"}, {"title": "sold"})
    inside = update({"title": "active"}, {"title": "active"})
    assert ops(filter, leaves, inside, change(1, "c", 1, title="active")) == [None, "u", None]


def test_a_backfilled_row_counts_as_created_and_a_truncation_as_deleted() -> None:
    row, all_rows = change(1, "r", 1), change(1, "t", 0)
    assert ops(RowFilter(consumer(("c",))), row, all_rows) == ["r", None]
    assert ops(RowFilter(consumer(("u", "d"))), row, all_rows) == [None, "t"]
    assert ops(RowFilter(consumer(("r", "t"))), row, all_rows) == ["r", "t"]


@pytest.mark.parametrize(
    ("wanted", "value", "admitted"),
    [
        ("active", "active", True),
        ("active", "Active", False),
        (("a", "b"), "b", True),
        (5, 5, True),
        ("5", 5, True),
        (12.5, "12.50", True),
        (12.5, "12.51", False),
        ("05", "5", False),
        (True, 1, True),
        (None, None, True),
        (None, "", False),
        (0, None, False),
        ("x", 5, False),
    ],
)
def test_values_are_compared_as_they_arrive(wanted: Any, value: Any, admitted: bool) -> None:
    assert RowFilter(consumer(v=wanted)).admits({"v": value}) is admitted


def test_a_missing_column_is_refused_and_named() -> None:
    with pytest.raises(FilterError, match="no column state"):
        RowFilter(consumer(state="x")).admits({"id": 1})
    world = World(consumer(state="x"))
    done = world.handle(delivery([change(1, "c", 1, title="active"), change(2, "d", 1)]))
    assert (done.parked, done.applied, done.failed) == (1, 1, [])
    (parked,) = world.parked()
    assert parked.message == "FilterError: the row has no column state"


def test_the_index_holds_the_rows_inside_and_what_was_filtered_is_counted() -> None:
    world = World(consumer(changed=("price",), title="active"))
    unchanged = msgspec.structs.replace(
        change(4, "u", 1, title="active", price=1), before={"id": 1, "title": "active", "price": 1}
    )
    done = world.handle(
        delivery(
            [
                change(1, "c", 1, title="active", price=1),
                change(2, "c", 2, title="draft", price=2),
                change(3, "u", 2, title="active", price=2),
                unchanged,
            ]
        )
    )
    assert (done.applied, done.filtered, done.failed) == (3, 1, [])
    assert done.figures(now_ms=0)["ChangesFiltered"] == 1
    assert sorted(world.documents()) == ["1", "2"]
    world.handle(delivery([change(5, "u", 1, title="sold", price=1)]))
    assert sorted(world.documents()) == ["2"]
    assert world.mark() == (5, 5)


def inside(world: BackfillWorld) -> dict[str, Any]:
    return {id: row for id, row in world.source().items() if row["title"] in ("t1", "t2", "t7")}


FILTERED = consumer(title=("t1", "t2", "t7"))


@given(seed=st.integers(0, 2**32))
@settings(max_examples=TIER.verify_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_backfill_and_verify_take_a_row_outside_the_filter_for_one_without_a_document(
    seed: int,
) -> None:
    world = BackfillWorld(Random(seed), consumer=FILTERED)
    for _ in range(world.random.randrange(30)):
        world.step()
    world.backfill()
    world.drain()
    assert world.index() == inside(world)
    world.pace = {world.commit: 1}
    report = Verify(world.setup(), chunk_rows=3).run()
    assert (report.differences, report.rows) == (0, len(world.source()))


def test_a_document_of_a_filtered_row_is_extra_and_repaired() -> None:
    world = BackfillWorld(Random(1), consumer=consumer_settings())
    world.pace = {world.commit: 1}
    world.backfill()
    world.drain()
    assert world.index() == world.source()
    world.world.settings = FILTERED
    world.world.consume = world.world.cold_start()
    outside = sorted(set(world.source()) - set(inside(world)))
    report = Verify(world.setup(), chunk_rows=3).run()
    assert sorted((one.id, one.kind) for one in report.listed) == [(id, "extra") for id in outside]
    Verify(world.setup(consent=lambda _: True), repair=True, chunk_rows=3).run()
    assert world.index() == inside(world)


def test_a_resync_deletes_the_documents_of_rows_outside() -> None:
    world = BackfillWorld(Random(1), consumer=consumer_settings())
    world.pace = {world.commit: 1}
    world.backfill()
    world.drain()
    world.world.settings = FILTERED
    world.world.consume = world.world.cold_start()
    world.resync(["shop.items"])
    world.drain()
    assert world.index() == inside(world)


def test_changes_that_are_filtered_say_nothing_of_the_sink() -> None:
    """Otherwise a probe of filtered changes alone would open the gate of a sink that is down."""
    world = World(consumer(("d",)))
    world.search.down = True
    world.handle(delivery([change(1, "d", 1, title="x")]))
    suspect = world.state.gates.read("search").suspect_ms
    assert suspect
    world.handle(delivery([change(2, "c", 2, title="x")], "b"))
    assert world.state.gates.read("search").suspect_ms == suspect
