"""Ordering `every-change` (long: one world): per row each change in commit order, without a gap."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from shared.domain import gate_transitions, probe_schedule
from shared.domain.parked_where import ParkedWhere
from shared.domain.sink import Outcome, Slice
from shared.flows.consume import pausing
from shared.flows.redrive.changes_to_redrive import chosen_changes, commands
from shared.flows.watch.leftover_row_removal import remove_leftover_items
from shared.values.change import Change
from shared.values.delivery import Delivery
from shared.values.gate import Cause
from shared.values.job import Job
from shared.values.redrive_work import RedriveWork
from tests.tier import TIER
from tests.unit.test_consume_property import Between, CallFault
from tests.worlds.consumer_world import change, consumer_settings, delivery
from tests.worlds.killed import Killed
from tests.worlds.memory_parts import watch_setup
from tests.worlds.redrive_world import RedriveWorld
from tests.worlds.twins.state import begin_fill, end_fill

GROUPS = ("g0", "g1")
SETTINGS = msgspec.structs.replace(consumer_settings(), ordering="every-change")


class RecordingCode:
    """Own code with side effects: it records the ids that it was called with.

    poison: ids that it refuses. unwell: ids that fail once, by themselves.
    """

    def __init__(self) -> None:
        self.record: list[tuple[str, Change]] = []
        self.poison: set[str] = set()
        self.unwell: set[str] = set()

    def probe(self) -> str:
        return ""

    def apply(self, slice: Slice) -> list[Outcome]:
        return [self._one(arrival.message.group, arrival.change) for arrival in slice.arrivals]

    def _one(self, group: str, change: Change) -> Outcome:
        if change.id in self.unwell:
            self.unwell.discard(change.id)
            return Outcome("failed", "busy")
        if change.id in self.poison:
            return Outcome("refused", "HandlerError: KeyError 'currency'", "in handle")
        self.record.append((group, change))
        return Outcome("applied")


class EveryChangeWorld(RedriveWorld):
    least_rows = 1 << 30

    def __init__(self, wrap: Callable[[Any], Any] = lambda twin: twin) -> None:
        self.recorder = RecordingCode()
        super().__init__(SETTINGS, wrap)

    def sink(self, wrap: Callable[[Any], Any] = lambda twin: twin) -> Any:
        return wrap(self.recorder)

    def order(self, key: int | None = None) -> list[str]:
        """The ids in the order of the calls, of one row or of all."""
        return [one.id for _, one in self.recorder.record if key is None or one.key == {"id": key}]


@pytest.fixture
def world() -> EveryChangeWorld:
    return EveryChangeWorld()


def test_a_refused_change_closes_its_row_and_no_other(world: EveryChangeWorld) -> None:
    world.recorder.poison = {"tx/2"}
    world.publish(*(change(n, "u", n % 2) for n in range(1, 5)))
    world.publish(change(5, "u", 0), change(6, "u", 1))
    world.drain()
    assert world.order() == ["tx/1", "tx/3", "tx/6"]
    assert [(one.id, one.joined) for one in world.parked()] == [
        ("tx/2", False),
        ("tx/4", True),
        ("tx/5", True),
    ]
    assert world.mark() == (6, 6)


def test_after_a_redrive_the_row_is_open_again_and_in_order(world: EveryChangeWorld) -> None:
    world.recorder.poison = {"tx/2"}
    world.publish(*(change(n, "u", 1) for n in range(1, 5)))
    world.drain()
    assert world.redriving().plan(ParkedWhere.parse("reason~KeyError")).changes == 3
    report = world.redrive("reason~KeyError")
    assert (report.chosen, report.again, report.applied) == (3, 3, 0)
    world.recorder.poison = set()
    world.publish(change(5, "u", 1))
    report = world.redrive("reason~KeyError")
    world.publish(change(6, "u", 1))
    world.drain()
    assert world.order(1) == [f"tx/{n}" for n in range(1, 7)]
    assert world.nothing_is_left()
    first = [one for one in world.parked() if not one.joined]
    assert first == []


def test_a_change_that_joined_and_is_refused_itself_says_why(world: EveryChangeWorld) -> None:
    """There is no earlier change left that it waits for."""
    world.recorder.poison = {"tx/2"}
    world.publish(*(change(n, "u", 1) for n in range(2, 5)))
    world.drain()
    world.recorder.poison = {"tx/3"}
    report = world.redrive()
    assert (report.applied, report.again) == (1, 2)
    own, follows = world.parked()
    assert (own.id, own.joined, own.error, own.attempts) == ("tx/3", False, "HandlerError", 1)
    assert own.reason == own.last == own.message == "HandlerError: KeyError 'currency'"
    assert own.stack == "in handle"
    assert (follows.id, follows.joined) == ("tx/4", True)
    assert world.redriving().plan(ParkedWhere.parse("reason~KeyError")).changes == 2


def test_a_replay_that_ends_after_the_batch_began_repeats_nothing(world: EveryChangeWorld) -> None:
    """Its end removes the notes of what was done; a killed function gets the message again."""
    begin_fill(world.state, "r1")
    again = delivery([change(1, "u", 1)], lane="replay", run="r1")
    for one in (again, delivery([change(2, "u", 1)], lane="replay", run="r1")):
        world.consume.handle([one], lambda: 60.0)
    noted = world.state.done_messages.noted

    def ended_before(consumer: str, run: str, ids: list[str]) -> set[str]:
        end_fill(world.state)
        return noted(consumer, run, ids)

    world.state.done_messages.noted = ended_before  # type: ignore[method-assign]
    done = world.consume.handle([again], lambda: 60.0)
    assert (world.order(1), done.failed) == (["tx/1", "tx/2"], [])


def test_a_truncation_waits_for_closed_rows_and_the_group_for_it(world: EveryChangeWorld) -> None:
    world.recorder.poison = {"tx/2"}
    world.publish(change(1, "u", 1), change(2, "u", 2), change(3, "u", 1), change(4, "t", 0))
    world.publish(change(5, "c", 1), change(6, "c", 3))
    world.publish(change(7, "c", 9), group="h")
    world.drain()
    assert world.order() == ["tx/1", "tx/3", "tx/7"] or world.order() == ["tx/1", "tx/7", "tx/3"]
    world.recorder.poison = set()
    assert world.redrive("key=2").applied == 4
    order = [id for id in world.order() if id != "tx/7"]
    assert order == ["tx/1", "tx/3", "tx/2", "tx/4", "tx/5", "tx/6"]
    assert world.nothing_is_left()


def test_dropping_the_poison_keeps_what_joined_it(world: EveryChangeWorld) -> None:
    world.recorder.poison = {"tx/1"}
    world.publish(change(1, "u", 1), change(2, "u", 1))
    world.drain()
    assert world.redrive("reason~KeyError", "drop").dropped == 1
    world.publish(change(3, "u", 1))
    world.drain()
    assert world.order() == []
    assert world.redrive().applied == 2
    world.publish(change(4, "u", 1))
    world.drain()
    assert world.order() == ["tx/2", "tx/3", "tx/4"]
    assert world.nothing_is_left()


def closed(world: EveryChangeWorld, cause: Cause) -> None:
    gates, now_ms = world.state.gates, int(world.now * 1000)
    assert gates.write("search", gate_transitions.closed(gates.read("search"), cause, "", now_ms))


def probed(world: EveryChangeWorld) -> bool | None:
    """The verdict of the next probe."""
    world.now += 3_600
    gates, now_ms = world.state.gates, int(world.now * 1000)
    gate = gates.write("search", probe_schedule.probing(gates.read("search"), now_ms))
    assert gate is not None
    return world.consume.probe(gate.version, lambda: 60.0)


def test_what_a_probe_finds_behind_a_refusal_does_not_reach_the_sink_with_each(
    world: EveryChangeWorld,
) -> None:
    world.recorder.poison = {"tx/2", "tx/3", "tx/4"}
    world.publish(*(change(n, "u", n) for n in range(1, 7)))
    closed(world, "refusals")
    assert [probed(world) for _ in range(3)] == [False, False, False]
    assert (world.order(), world.nothing_is_left()) == (["tx/1"], True)
    world.recorder.poison = set()
    assert probed(world)
    world.drain()
    assert world.order() == [f"tx/{n}" for n in range(1, 7)]


def test_a_person_opens_a_gate_that_no_probe_can_open(world: EveryChangeWorld) -> None:
    """One group, whose first change is poison, after the mapping was repaired."""
    world.recorder.poison = {"tx/1"}
    world.publish(*(change(n, "u", n) for n in range(1, 40)))
    closed(world, "refusals")
    assert [probed(world) for _ in range(3)] == [False, False, False]
    assert pausing.resume(world.state.gates, "search", int(world.now * 1000)).is_open
    world.drain()
    assert [one.id for one in world.parked()] == ["tx/1"]
    assert world.order() == [f"tx/{n}" for n in range(2, 40)]


def test_what_the_sink_took_behind_a_change_that_is_not_parked_comes_again(
    world: EveryChangeWorld,
) -> None:
    """So docs/parked.md says."""
    world.settings = msgspec.structs.replace(SETTINGS, park_budget=0)
    world.consume = world.cold_start()
    world.recorder.poison = {"tx/2"}
    world.publish(*(change(n, "u", n) for n in range(1, 4)))
    world.work()
    assert (world.order(), world.parked()) == (["tx/1", "tx/3"], [])
    world.recorder.poison = set()
    world.drain()
    assert world.order() == ["tx/1", "tx/3", "tx/2", "tx/3"]


@pytest.mark.parametrize("others", [0, 2])
def test_what_joins_a_closed_row_holds_up_no_probe(world: EveryChangeWorld, others: int) -> None:
    world.recorder.poison = {"tx/1"}
    world.publish(change(1, "u", 1))
    world.drain()
    world.publish(change(2, "u", 1), *(change(3 + n, "u", 3 + n) for n in range(others)))
    closed(world, "outage")
    assert probed(world)
    world.drain()
    assert world.order() == [f"tx/{3 + n}" for n in range(others)]
    assert [one.id for one in world.parked()] == ["tx/1", "tx/2"]


class SlowRecordingCode(RecordingCode):
    """Each call takes 0.3 seconds; the function is killed in the call of so many in all."""

    def __init__(self, killed_at: int) -> None:
        super().__init__()
        self.left, self.killed_at = 100.0, killed_at

    def apply(self, slice: Slice) -> list[Outcome]:
        self.left -= 0.3
        outcomes = super().apply(slice)
        if len(self.record) == self.killed_at:
            self.killed_at = 0
            raise Killed
        return outcomes


@pytest.mark.parametrize("killed_at", [1, 2, 9, 30, 39, 40])
@pytest.mark.parametrize("poison", [set[str](), {"tx/7"}])
def test_a_kill_repeats_only_what_followed_the_last_progress(
    killed_at: int, poison: set[str]
) -> None:
    world = EveryChangeWorld()
    world.recorder = slow = SlowRecordingCode(killed_at)
    slow.poison = poison
    world.consume = world.cold_start()
    world.publish(*(change(n, "u", n % 9) for n in range(1, 31)))
    world.publish(*(change(n, "u", n % 9) for n in range(31, 46)))
    with pytest.raises(Killed):
        world.consume.handle(world.queue.receive(), lambda: slow.left)
    world.consume = world.cold_start()
    world.now += 100
    world.drain()
    slow.poison = set()
    world.redrive()
    for key in range(9):
        mine = [f"tx/{n}" for n in range(1, 46) if n % 9 == key]
        assert list(dict.fromkeys(world.order(key))) == mine
    repeated = len(world.order()) - 45
    if not poison:
        assert 1 <= repeated <= 5, "calls within a second, and the one that was killed"
    assert world.mark() == (45, 45)
    assert world.nothing_is_left()


def test_a_short_batch_writes_its_marks_once_and_a_long_one_each_second(
    world: EveryChangeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.recorder = slow = SlowRecordingCode(0)
    world.consume = world.cold_start()
    moves: list[int] = []
    advance = world.state.marks.advance

    def counted(consumer: str, some: Any) -> set[str]:
        moves.append(len(some))
        return advance(consumer, some)

    monkeypatch.setattr(world.state.marks, "advance", counted)
    for first, count, most in ((1, 3, 1), (11, 30, 10)):
        world.publish(*(change(n, "u", n) for n in range(first, first + count)))
        batch = world.queue.receive()
        assert world.consume.handle(batch, lambda: slow.left).failed == []
        world.queue.delete([one.receipt_handle for one in batch])
        assert 1 <= len(moves) <= most
        moves.clear()
    assert world.mark() == (40, 33)


class Random:
    """Random writes, failures, kills, duplicate deliveries and redrives on one consumer."""

    def __init__(self, seed: int, *, kills: bool) -> None:
        self.random = random.Random(seed)
        self.fault = CallFault()
        self.world = EveryChangeWorld(lambda twin: Between(twin, self.fault))
        self.kills = kills
        self.setup = watch_setup(self.world, lambda: self.world.now)
        self.log: list[tuple[str, Change]] = []
        self.queues: dict[str, list[Delivery]] = {group: [] for group in GROUPS}
        self.gone: list[Delivery] = []
        self.numbers = 0

    def write(self) -> None:
        batch: dict[str, list[Change]] = {group: [] for group in GROUPS}
        for _ in range(self.random.randint(1, 6)):
            seq = len(self.log) + 1
            if self.random.random() < 0.05:
                group, one = self.random.choice(GROUPS), change(seq, "t", 0)
            else:
                key = self.random.randrange(4)
                group, one = GROUPS[key % 2], change(seq, "u", key)
            if self.random.random() < 0.12:
                self.world.recorder.poison.add(one.id)
            if self.random.random() < 0.1:
                self.world.recorder.unwell.add(one.id)
            self.log.append((group, one))
            batch[group].append(one)
        for group, changes in batch.items():
            if changes:
                self.enqueue(group, delivery(changes, group))

    def enqueue(self, group: str, one: Delivery) -> None:
        self.numbers += 1
        self.queues[group].append(msgspec.structs.replace(one, message_id=f"m{self.numbers}"))

    def redrive(self) -> None:
        state = self.world.state
        if state.jobs.current("search", "redrive") is None:
            assert state.jobs.begin(Job("j", "search", RedriveWork(), token=1, beat=1))
        where = ParkedWhere((("key", "=", str(self.random.randrange(4))),))
        meant = where if self.random.random() < 0.7 else ParkedWhere()
        some = chosen_changes(state.parked, "search", meant, 1 << 62, closes=True)
        for command in commands(some, "j", self.numbers, "apply"):
            marks = command.attributes("shop")
            id = command.deduplication_id
            made = Delivery("", id, command.encoded(), command.group, id, 1, marks)
            self.enqueue(command.group, made)

    def deliver(self, *, faults: bool = True) -> None:
        batch = [
            one for group in GROUPS for one in self.queues[group][: self.random.randint(0, 4)]
        ][:10]
        if not batch:
            return
        if faults and self.kills and self.random.random() < 0.4:
            kind = self.random.choice(("killed before", "killed after"))
            self.fault.plan(self.random.randint(1, 40), kind, lambda: None)
        record, parked = self.world.recorder.record, {one.id for one in self.world.parked()}
        before, marks = len(record), {group: self.world.mark(group)[0] for group in GROUPS}
        try:
            failed = set(
                self.world.consume.handle(batch, lambda: 60 - 0.4 * (len(record) - before)).failed
            )
        except Killed:
            self.world.consume = self.world.cold_start()
            return
        finally:
            self.fault.plan(0, "", lambda: None)
            for group, one in record[before:]:
                assert one.seq > marks[group] or one.id in parked, "its progress was recorded"
        for one in batch:
            if one.message_id not in failed:
                self.queues[one.group].remove(one)
                self.gone.append(one)

    def late(self) -> None:
        """A message that was deleted long ago comes once more."""
        if self.gone:
            one = self.random.choice(self.gone)
            self.world.consume.handle([one], lambda: 60.0)

    def watch(self) -> None:
        """Half an hour later, no function runs any more that has stored something."""
        self.world.now += 1_800
        remove_leftover_items(self.setup)

    def run(self) -> None:
        steps: Sequence[Callable[[], None]] = (
            self.write,
            self.write,
            self.deliver,
            self.deliver,
            self.deliver,
            self.deliver,
            self.redrive,
            self.late,
            self.fix_some,
            self.watch,
        )
        for _ in range(60):
            self.random.choice(steps)()
        self.world.recorder.poison.clear()
        self.world.recorder.unwell.clear()
        for _ in range(400):
            if not any(self.queues.values()):
                if not self.world.parked():
                    break
                some = chosen_changes(
                    self.world.state.parked, "search", ParkedWhere(), 1 << 62, closes=True
                )
                assert some
                self.redrive()
            self.deliver(faults=False)
        assert not any(self.queues.values())

    def fix_some(self) -> None:
        poison = self.world.recorder.poison
        for id in sorted(poison):
            if self.random.random() < 0.5:
                poison.discard(id)

    def check(self) -> None:
        record = self.world.recorder.record
        for group in GROUPS:
            rows = {one.key["id"] for at, one in self.log if at == group and one.op != "t"}
            for row in rows:
                mine = [
                    one.id
                    for at, one in self.log
                    if at == group and (one.op == "t" or one.key == {"id": row})
                ]
                called = [
                    one.id
                    for at, one in record
                    if at == group and (one.op == "t" or one.key == {"id": row})
                ]
                assert list(dict.fromkeys(called)) == mine
        if not self.kills:
            ids = [one.id for _, one in record]
            assert len(ids) == len(set(ids)), "without a kill nothing is repeated"
            assert self.world.nothing_is_left()
        self.watch()
        assert self.world.nothing_is_left()


@pytest.mark.soak
@pytest.mark.parametrize("kills", [False, True])
def test_whatever_happens_each_row_is_in_commit_order_without_gaps(kills: bool) -> None:
    for seed in range(TIER.consume_runs):
        world = Random(seed, kills=kills)
        try:
            world.run()
            world.check()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}") from error
