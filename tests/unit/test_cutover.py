"""A cutover (long: one world): no reader ever sees an older state than before."""

import contextlib
import itertools
from collections.abc import Callable, Iterator
from random import Random
from typing import Any
from unittest import mock

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.flows.cutover.cutover import Cutover, CutoverReport
from shared.flows.jobs import job_control
from shared.flows.jobs.filling_beside import Beside
from shared.values.change import Change, Row
from shared.values.errors import SearchUnavailable, StackError
from shared.values.index_pair import NO_PAIRS, IndexPair, IndexPairs
from shared.values.job import BackfillWork, CutoverWork, Job, ResyncWork, VerifyWork, Work
from shared.values.new_indexes import NewIndexes
from tests.tier import TIER
from tests.unit.test_job_slice import JobsFunction
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import ALIAS, ConsumerWorld, change, delivery
from tests.worlds.killed import Killed
from tests.worlds.twins.search import MemorySearch

pytestmark = pytest.mark.usefixtures("small_chunks")

OLD, NEW = f"{ALIAS}-000001", f"{ALIAS}-000002"


class Readers:
    """Somebody who searches the alias, and somebody who gets documents by id, again and again.

    Each state of a row has a greater price than the one before.
    """

    def __init__(self, world: BackfillWorld) -> None:
        self.world, self.searched, self.got = world, dict[str, int](), dict[str, int]()
        world.pace[self.read] = 1.0
        world.pace[self.refresh] = 2.0

    def refresh(self) -> None:
        """Each index shows what is new when it likes."""
        self.world.world.search.refresh([self.world.random.choice([OLD, NEW])])

    def read(self) -> None:
        search = self.world.world.search
        seen = {id: body["price"] for id, body in search.seen(ALIAS).items()}
        self.searched = self._compared(self.searched, seen, "search")
        held = in_index(self.world, ALIAS)
        got = {id: body["price"] for id, body in held.items()}
        self.got = self._compared(self.got, got, "get")

    def _compared(self, before: dict[str, int], now: dict[str, int], how: str) -> dict[str, int]:
        for id, price in before.items():
            if id in now:
                assert now[id] >= price, f"{how}: row {id} went back"
            else:
                assert self._deleted_after(int(id), price), f"{how}: row {id} is missing"
        return now

    def _deleted_after(self, key: int, price: int) -> bool:
        return any(
            one.op == "d" and one.key["id"] == key and (one.before or {})["price"] >= price
            for one in reversed(self.world.log)  # it was lately
        )


def growing(random: Random) -> BackfillWorld:
    """A world in which each state of a row has a greater price."""
    count, row = itertools.count(), BackfillWorld.row

    class Growing(BackfillWorld):
        def row(self, key: int) -> Row:
            return {**row(self, key), "price": next(count)}

    return Growing(random)


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}
    made.backfill()
    made.drain()
    made.world.search.show_new()
    return made


@pytest.fixture
def machine(world: BackfillWorld) -> JobsFunction:
    return JobsFunction(world)


def run(machine: JobsFunction, work: Work, **wanted: Any) -> Job:
    job = machine.submit(work, **wanted)
    machine.until_over()
    (done,) = (one for one in machine.world.state.jobs.ended("search", 99) if one.id == job.id)
    return done


def filled(machine: JobsFunction) -> None:
    assert run(machine, BackfillWork(into=NewIndexes())).state == "done"


def failed(machine: JobsFunction, work: Work, **wanted: Any) -> str:
    """Why a job is refused; its slot is free afterwards."""
    job = machine.submit(work, **wanted)
    assert machine.slice(job.slot) == "failed"
    assert machine.world.state.jobs.current("search", job.slot) is None
    (over,) = (one for one in machine.world.state.jobs.ended("search", 99) if one.id == job.id)
    assert over.state == "cancelled"
    return over.outcome


def in_index(world: BackfillWorld, index: str) -> dict[str, Any]:
    held = world.world.search.indexes[world.world.search.key(index)]
    return {id: one.body for id, one in held.items() if one.body is not None}


def test_a_new_index_is_filled_while_the_serving_one_serves(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    before = in_index(world, OLD)
    done = run(machine, BackfillWork(into=NewIndexes()))
    assert done.result["into"] == {ALIAS: NEW}
    assert in_index(world, NEW) == before == world.source()
    assert world.world.search.index_behind(ALIAS) == OLD
    pairs = world.state.pairs.read("search")
    assert (pairs.filled, pairs.filling, pairs.cut) == (True, False, False)
    world.write()
    world.delete()
    world.drain()
    assert in_index(world, NEW) == in_index(world, OLD) == world.source()


def test_an_index_that_was_dropped_is_filled_beside_the_empty_one(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    search = world.world.search
    search.indexes.clear()
    search.aliases.clear()
    assert run(machine, BackfillWork(into=NewIndexes())).result["into"] == {ALIAS: NEW}
    assert in_index(world, OLD) == {}
    assert in_index(world, NEW) == world.source()
    assert run(machine, CutoverWork()).state == "done"
    world.write()
    world.drain()
    assert search.index_behind(ALIAS) == NEW
    assert in_index(world, NEW) == world.source()


def test_an_index_that_was_dropped_after_a_cutover_is_not_the_former_one(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    """The former index is there still, without its alias and with what was long ago."""
    search = world.world.search
    filled(machine)
    run(machine, CutoverWork())
    run(machine, CutoverWork(step="finish"))
    search.indexes[OLD] = search.indexes.pop(ALIAS)
    del search.indexes[NEW], search.aliases[ALIAS]
    world.write()
    world.drain()
    assert search.index_behind(ALIAS) == NEW
    third = f"{ALIAS}-000003"
    assert run(machine, BackfillWork(into=NewIndexes())).result["into"] == {ALIAS: third}
    assert run(machine, CutoverWork()).state == "done"
    assert search.index_behind(ALIAS) == third
    assert in_index(world, third) == world.source()


def test_cutover_rollback_and_finish(world: BackfillWorld, machine: JobsFunction) -> None:
    filled(machine)
    search = world.world.search
    report = msgspec.convert(run(machine, CutoverWork()).result, CutoverReport)
    assert (report.aliases, report.left) == ({ALIAS: NEW}, [OLD])
    assert report.counts == {ALIAS: (len(world.rows), len(world.rows))}
    assert search.index_behind(ALIAS) == NEW
    world.write()
    world.drain()
    assert in_index(world, NEW) == in_index(world, OLD) == world.source()
    run(machine, CutoverWork(step="rollback"))
    assert search.index_behind(ALIAS) == OLD
    assert in_index(world, ALIAS) == world.source(), "the state of this moment"
    run(machine, CutoverWork())
    run(machine, CutoverWork(step="finish"))
    assert world.state.pairs.read("search").pairs == {}
    assert [name for name in search.aliases if name.endswith(".direct")] == []
    world.write()
    world.drain()
    assert in_index(world, NEW) == world.source()
    assert in_index(world, OLD) != world.source()
    assert run(machine, BackfillWork(into=NewIndexes())).result["into"] == {
        ALIAS: f"{ALIAS}-000003"
    }


def test_steps_in_a_wrong_order_are_explained(world: BackfillWorld, machine: JobsFunction) -> None:
    assert "no new index that is filled" in failed(machine, CutoverWork(step="cutover"))
    assert "nothing to roll back" in failed(machine, CutoverWork(step="rollback"))
    assert "no cutover to finish" in failed(machine, CutoverWork(step="finish"))
    assert "no new index" in failed(machine, CutoverWork(step="abandon"))
    filled(machine)
    assert "no cutover to finish" in failed(machine, CutoverWork(step="finish"))
    run(machine, CutoverWork())
    assert "cut over already" in failed(machine, CutoverWork(step="cutover"))
    assert "--rollback" in failed(machine, CutoverWork(step="abandon"))


def test_what_writes_to_one_index_alone_waits_for_the_end(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    filled(machine)
    for work in (
        ResyncWork(),
        BackfillWork(),
        BackfillWork(into=NewIndexes()),
        VerifyWork(repair=True),
    ):
        outcome = failed(machine, work, tables=("shop.items",))
        assert "a new index beside the serving one" in outcome
        assert "rowline cutover search" in outcome


def test_an_abandoned_index_is_not_written_any_more(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    filled(machine)
    run(machine, CutoverWork(step="abandon"))
    world.write()
    world.drain()
    assert world.world.search.index_behind(ALIAS) == OLD
    assert in_index(world, OLD) == world.source() != in_index(world, NEW)


def test_a_cancelled_fill_leaves_the_serving_index_alone(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job = machine.submit(BackfillWork(into=NewIndexes()))
    world.kill_rate = 1.0
    with contextlib.suppress(Killed):
        machine.slice()
    world.kill_rate = 0.05
    for _ in range(30):
        with contextlib.suppress(Killed):
            machine.slice()
        if world.state.pairs.read("search").filling:
            break
    world.kill_rate = 0.0
    held = world.state.jobs.current("search", "fill")
    if held:
        job_control.cancel_in_function(world.state, held, lambda _: None, machine.polling)
        assert machine.until_over().state == "cancelled"
    assert job.id in [one.id for one in world.state.jobs.ended("search", 9)]
    world.write()
    world.drain()
    assert in_index(world, OLD) == world.source()


def test_a_fill_after_a_cancelled_one_takes_another_index(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    """What the cancelled one left has rows that were deleted since: it is never filled further."""
    held = filling(machine)
    job_control.cancel_in_function(world.state, held, lambda _: None, machine.polling)
    assert machine.until_over().state == "cancelled"
    (over,) = (one for one in world.state.jobs.ended("search", 9) if one.id == held.id)
    assert over.outcome.startswith(f"cancelled; the new index {NEW} stays"), over.outcome
    assert f"DELETE /{NEW}" in over.outcome
    world.write()
    report = run(machine, BackfillWork(into=NewIndexes())).result
    (second,) = report["into"].values()
    assert second not in (OLD, NEW)
    world.drain()
    assert in_index(world, second) == in_index(world, OLD) == world.source()


def test_a_fill_cancelled_without_the_sink_names_the_command_that_ends_its_writes(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    held, sink = filling(machine), mock.Mock(spec=["apply"])
    over = job_control.cancel(world.state, held, sink, lambda _: None, machine.polling)
    assert over.outcome.endswith("rowline cutover search --abandon")
    run(machine, CutoverWork(step="abandon"))
    assert not world.state.pairs.read("search").pairs


def filling(machine: JobsFunction) -> Job:
    """A job that was killed just before its new index counted as filled."""
    machine.submit(BackfillWork(into=NewIndexes()))
    with mock.patch.object(Beside, "end", side_effect=Killed), contextlib.suppress(Killed):
        machine.slice()
    held = machine.world.state.jobs.current("search", "fill")
    assert held
    assert machine.world.state.pairs.read("search").filling
    return held


def test_parked_changes_stop_a_cutover_unless_accepted(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    filled(machine)
    search = world.world.search
    search.definitions[NEW].setdefault("mappings", {})["properties"] = {"title": {"type": "long"}}
    key = min(world.rows)
    world.rows[key] = {"id": key, "price": 1, "title": ["x"]}
    world.database.put("shop.items", world.rows[key])
    world.note("u", world.rows[key], world.rows[key])
    world.drain()
    assert len(world.world.parked()) == 1
    assert in_index(world, OLD)[str(key)]["title"] == ["x"], "the serving index took it"
    assert "1 parked changes" in failed(machine, CutoverWork(step="cutover"))
    assert run(machine, CutoverWork(accept=1)).result["parked"] == 1


def test_an_index_that_was_made_again_is_not_cut_over(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    filled(machine)
    held = world.state.pairs.read("search")
    pair = msgspec.structs.replace(held.pairs[ALIAS], beside_id="another")
    world.state.pairs.write("search", msgspec.structs.replace(held, pairs={ALIAS: pair}))
    assert f"{NEW} is gone, or was made again" in failed(machine, CutoverWork(step="cutover"))


def test_a_plain_index_under_the_name_of_the_alias_is_explained(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    world.world.search.plain.add(ALIAS)
    outcome = failed(machine, BackfillWork(into=NewIndexes()))
    assert "an index of its own, not an alias" in outcome
    assert "Choose another alias" in outcome


def two_indexes(made: ConsumerWorld) -> IndexPair:
    made.handle(delivery([change(1, "c", 1, price=1)]))
    search, pair = made.search, IndexPair(ALIAS, OLD, NEW)
    search.put_alias(OLD, pair.targets[1])
    search.make_index(
        NEW, pair.targets[0], {"mappings": {"properties": {"price": {"type": "long"}}}}
    )
    made.state.pairs.write("search", IndexPairs({ALIAS: pair}))
    return pair


@pytest.mark.parametrize("broken", ["beside", "serving"])
def test_a_change_that_only_one_index_took_is_received_again(broken: str) -> None:
    """And the serving one never has it alone."""
    made = ConsumerWorld()
    pair = two_indexes(made)
    real = made.search.bulk
    target = pair.targets[0 if broken == "beside" else 1]

    def bulk(actions: Any) -> Any:
        results = real([one for one in actions if one.index != target])
        return results + [
            msgspec.structs.replace(results[0], kind="transient") if results else _transient()
            for one in actions
            if one.index == target
        ]

    made.search.bulk = bulk  # type: ignore[method-assign]
    done = made.handle(delivery([change(2, "u", 1, price=2)]))
    assert len(done.failed) == 1
    made.search.bulk = real  # type: ignore[method-assign]
    held = {name: made.search.get(name, ["1"]) for name in pair.targets}
    assert held[pair.targets[1]]["1"].version == 1, "the serving index shows nothing new"
    made.handle(delivery([change(2, "u", 1, price=2)], attempt=2))
    assert [made.search.get(name, ["1"])["1"].version for name in pair.targets] == [2, 2]


def _transient() -> Any:
    from shared.adapters.search.contract import Result

    return Result("transient", "es_rejected_execution_exception")


def test_a_truncation_and_a_deletion_reach_both() -> None:
    made = ConsumerWorld()
    pair = two_indexes(made)
    made.handle(delivery([change(2, "c", 2, price=2), change(3, "c", 3, price=3)]))
    made.handle(delivery([change(4, "d", 2)]))
    assert [sorted(one.id for one in made.search.scan(name)) for name in pair.targets] == [
        ["3"],
        ["1", "3"],
    ]
    made.handle(delivery([change(5, "t", 0)]))
    assert [list(made.search.scan(name)) for name in pair.targets] == [[], []]


def test_rows_of_the_fill_go_to_the_new_index_alone() -> None:
    made = ConsumerWorld()
    pair = two_indexes(made)
    held = made.state.pairs.read("search")
    made.state.pairs.write("search", msgspec.structs.replace(held, filling=True))
    assert made.state.jobs.begin(Job("r1", "search", BackfillWork(), token=1, beat=1))
    made.handle(delivery([change(9, "r", 7, price=2)], lane="backfill", run="r1"))
    assert [list(made.search.get(name, ["7"])) for name in pair.targets] == [["7"], []]


def test_a_deletion_is_recorded_only_for_the_index_that_gets_the_rows() -> None:
    made = ConsumerWorld()
    pair = two_indexes(made)
    held = made.state.pairs.read("search")
    assert made.state.jobs.begin(Job("r1", "search", BackfillWork(), token=1, beat=1))
    made.state.pairs.write("search", msgspec.structs.replace(held, filling=True))
    made.handle(delivery([change(8, "d", 1)]))
    assert made.state.deletions.read("search", "r1") == {f"{pair.targets[0]}/1": 8}
    made.handle(delivery([change(7, "r", 1, price=2)], lane="backfill", run="r1"))
    assert [list(made.search.get(name, ["1"])) for name in pair.targets] == [[], []]


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(seed=st.integers(0, 2**32), kill_rate=st.sampled_from([0.0, 0.02, 0.08]))
@settings(max_examples=TIER.backfill_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_reader_goes_back_whatever_is_killed(seed: int, kill_rate: float) -> None:
    random = Random(seed)
    world = growing(random)
    world.backfill()
    world.drain()
    readers = Readers(world)
    machine = JobsFunction(world)
    world.kill_rate = kill_rate
    for work in (
        BackfillWork(into=NewIndexes()),
        CutoverWork(),
        CutoverWork(step="rollback"),
        CutoverWork(),
    ):
        done = run(machine, work)
        assert done.state == "done"
        for _ in range(random.randrange(20)):
            world.step()
        readers.read()
    world.kill_rate = 0.0
    world.drain()
    assert in_index(world, NEW) == in_index(world, OLD) == world.source()
    assert world.state.pairs.read("search") != NO_PAIRS
    run(machine, CutoverWork(step="finish"))
    world.write()
    world.drain()
    assert in_index(world, ALIAS) == world.source()
    assert world.world.parked() == []


def within_exchange(happens: Callable[[MemorySearch], None]) -> tuple[BackfillWorld, JobsFunction]:
    """A world that is filled; `happens` comes just before readers are moved."""
    world = growing(Random(3))
    world.backfill()
    world.drain()
    machine, search = JobsFunction(world), world.world.search
    world.pace = {world.commit: 1}
    filled(machine)
    real = search.move_aliases

    def move(moves: Any, permit: str) -> None:
        search.move_aliases = real  # type: ignore[method-assign]
        happens(search)
        real(moves, permit)

    search.move_aliases = move  # type: ignore[method-assign]
    return world, machine


def test_what_a_function_was_killed_with_is_in_the_former_index_before_a_rollback() -> None:
    """Readers have seen it in the new index alone, and its message is hidden for 90 s."""
    visible_at = [0.0]

    def happens(search: MemorySearch) -> None:
        world.write()
        world.publish()
        real, visible_at[0] = search.bulk, world.now + 90.0

        def bulk(actions: Any) -> Any:
            if any(one.index == f"{OLD}.direct" for one in actions):
                raise Killed
            return real(actions)

        search.bulk = bulk  # type: ignore[method-assign]
        with pytest.raises(Killed):
            world.deliver()
        search.bulk = real  # type: ignore[method-assign]
        world.deliver = come_again  # type: ignore[method-assign]

    def come_again(most: int = 2) -> None:
        if world.now >= visible_at[0]:
            BackfillWorld.deliver(world, most)

    world, machine = within_exchange(happens)
    readers = Readers(world)
    world.pace = {world.commit: 1, readers.read: 1}
    assert run(machine, CutoverWork()).state == "done"
    readers.read()
    assert in_index(world, NEW) != in_index(world, OLD)
    began = world.now
    run(machine, CutoverWork(step="rollback"))
    readers.read()
    assert in_index(world, OLD) == world.source()
    assert world.now - began < 130
    began = world.now
    run(machine, CutoverWork())
    assert world.now - began < 75, "the queue is empty"


def test_what_is_written_within_the_exchange_is_seen_by_moved_readers() -> None:
    """The serving index must not show what the other has not refreshed yet."""

    def happens(search: MemorySearch) -> None:
        for _ in range(9):
            world.write()
        world.drain()
        search.refresh([OLD])
        readers.read()

    world, machine = within_exchange(happens)
    readers = Readers(world)
    world.pace = {world.commit: 1}
    readers.read()
    assert run(machine, CutoverWork()).state == "done"
    readers.read()


def test_readers_see_new_changes_wherever_an_exchange_was_killed() -> None:
    """No step of it holds anything back, so it may take until the next slice, or for ever."""
    for life in range(99):
        world, machine = within_exchange(lambda _: None)
        readers, calls = Readers(world), itertools.count()
        world.pace = {world.commit: 1}
        machine.submit(CutoverWork())

        def meanwhile(life: int = life, calls: Iterator[int] = calls) -> None:
            if next(calls) == life:
                raise Killed

        world.meanwhile = meanwhile  # type: ignore[method-assign]
        try:
            machine.slice()
        except Killed:
            world.write()
            world.drain()
            world.world.search.show_new()
            readers.read()
            assert world.world.search.seen(ALIAS) == world.source()
            machine.until_over()
            readers.read()
            assert world.world.search.index_behind(ALIAS) == NEW
        else:
            assert life > 10
            return
    raise AssertionError("it never ends without a kill")


def test_a_request_to_move_readers_that_arrives_late_moves_nothing() -> None:
    """Its process was not dead, only slow; meanwhile others moved the readers there and back."""

    def happens(search: MemorySearch) -> None:
        world.sleep(30.0)
        machine.until_over()
        assert search.index_behind(ALIAS) == NEW
        run(machine, CutoverWork(step="rollback"))
        assert search.index_behind(ALIAS) == OLD

    world, machine = within_exchange(happens)
    machine.submit(CutoverWork())
    machine.slice()
    assert world.world.search.index_behind(ALIAS) == OLD
    assert not world.state.pairs.read("search").cut
    assert run(machine, CutoverWork()).state == "done"


@pytest.mark.parametrize("moved", [False, True])
def test_a_cancelled_cutover_leaves_readers_where_the_pairs_say(moved: bool) -> None:
    def happens(search: MemorySearch) -> None:
        if moved:
            search.move_aliases([(ALIAS, OLD, NEW)], next(iter(search.permits[ALIAS]))[0])
        raise Killed

    world, machine = within_exchange(happens)
    job, search = machine.submit(CutoverWork()), world.world.search
    with contextlib.suppress(Killed):
        machine.slice()
    assert world.state.pairs.read("search").shown_first
    job_control.cancel_in_function(world.state, job, lambda _: None, machine.polling)
    assert machine.until_over().state == "cancelled"
    held = world.state.pairs.read("search")
    assert (held.cut, held.shown_first) == (moved, False)
    assert held.pairs[ALIAS].serving == search.index_behind(ALIAS) == (NEW if moved else OLD)
    assert not any(search.permits.values())


def test_a_cutover_that_is_refused_late_leaves_the_usual_order() -> None:
    """Changes were parked while it waited."""
    world = growing(Random(3))
    world.backfill()
    world.drain()
    machine = JobsFunction(world)
    filled(machine)
    machine.submit(CutoverWork())
    levels = iter([0, StackError("has 1 parked changes", thing="consumer search")])
    with mock.patch.object(Cutover, "_require_level", side_effect=levels):
        assert machine.slice() == "failed"
    assert not world.state.pairs.read("search").shown_first


def test_a_truncation_that_only_one_index_took_is_received_again() -> None:
    made = ConsumerWorld()
    pair = two_indexes(made)
    made.handle(delivery([change(2, "c", 2, price=2)]))
    real, target = made.search.scan, pair.targets[1]

    def scan(index: str) -> Any:
        if index == target:
            raise SearchUnavailable("does not answer.", thing="memory", hint="Again.")
        return real(index)

    made.search.scan = scan  # type: ignore[method-assign]
    assert len(made.handle(delivery([change(5, "t", 0)])).failed) == 1
    made.search.scan = real  # type: ignore[method-assign]
    assert not made.handle(delivery([change(5, "t", 0)], attempt=2)).failed
    assert [list(made.search.scan(name)) for name in pair.targets] == [[], []]


@pytest.mark.parametrize("next_one", [change(3, "u", 1, price=3), change(3, "t", 0)])
def test_searches_of_the_index_beside_see_a_change_first_while_readers_may_move(
    next_one: Change,
) -> None:
    made = ConsumerWorld()
    pair = two_indexes(made)
    held = made.state.pairs.read("search")
    made.state.pairs.write("search", msgspec.structs.replace(held, shown_first=True))
    made.handle(delivery([change(2, "c", 1, price=2)]))
    assert [len(made.search.seen(name)) for name in pair.targets] == [1, 0]
    made.search.refresh(pair.targets)
    real, beside, serving = made.search.bulk, *pair.targets

    def bulk(actions: Any) -> Any:
        if any(one.index == serving for one in actions):
            assert made.search.seen(beside) == dict(made.search.seen(beside), **shown())
        return real(actions)

    def shown() -> Any:
        return {id: one.body for id, one in made.search.get(beside, ["1"]).items()}

    made.search.bulk = bulk  # type: ignore[method-assign]
    assert not made.handle(delivery([next_one])).failed
    assert made.search.seen(beside) == shown()


@pytest.mark.parametrize("cancelled", [False, True])
def test_functions_that_may_run_longer_than_a_slice_are_waited_for_in_several(
    world: BackfillWorld, machine: JobsFunction, cancelled: bool
) -> None:
    world.world.settings = msgspec.structs.replace(world.world.settings, timeout=900)
    began = world.now
    if cancelled:
        job = machine.submit(BackfillWork(into=NewIndexes()))
        assert machine.slice() == "continues"
        job_control.cancel_in_function(world.state, job, lambda _: None, machine.polling)
        assert machine.until_over().state == "cancelled"
    else:
        filled(machine)
        assert world.now - began > 900
        assert run(machine, CutoverWork()).state == "done"
        assert world.world.search.index_behind(ALIAS) == NEW
        assert run(machine, CutoverWork(step="finish")).state == "done"
    assert world.now - began > 1600
