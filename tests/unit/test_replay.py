"""A replay (long: one world): wherever it is killed, no row goes back in time."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.adapters.search.contract import Action
from shared.domain.polling import Polling
from shared.domain.sink import Outcome, Slice
from shared.flows.jobs import job_control
from shared.flows.replay.replay import Replay
from shared.flows.replay.replay_sending import ReplaySending
from shared.values.archive_pages import PageRow
from shared.values.deduplication_id import hash_ids
from shared.values.errors import ConfigError
from shared.values.mark import Mark
from shared.values.message import decode
from shared.values.replay_work import ReplayWork
from shared.values.seq import make_seq
from tests.tier import TIER
from tests.worlds.consumer_world import ALIAS, change, consumer_settings, delivery
from tests.worlds.killed import Killed
from tests.worlds.replay_archive import BEGAN_MS, EPOCH, SOURCE, row_of
from tests.worlds.replay_world import ITEMS, ReplayWorld
from tests.worlds.twins.claims import MemoryClaims
from tests.worlds.twins.queue import MemoryQueue


def at_rest(world: ReplayWorld) -> None:
    """Everything that was written is published, applied and archived."""
    world.drain()
    while world._bodies:
        world.store()


def replayed(world: ReplayWorld) -> list[tuple[str, int]]:
    """(key, seq) of what was sent and is in the queue."""
    return [
        (str(change.key["id"]), change.seq)
        for entries in world.queue.groups.values()
        for entry in entries
        if entry.attributes["lane"] == "replay"
        for change in decode(entry.body).changes
    ]


def in_many_worlds(test: Callable[[int, float, float], None]) -> Callable[[], None]:
    """With a seed, and how often processes are killed and requests fail."""
    size = settings(
        max_examples=TIER.replay_runs, deadline=None, suppress_health_check=list(HealthCheck)
    )
    drawn = given(
        seed=st.integers(0, 2**32),
        kill_rate=st.sampled_from([0.0, 0.02, 0.1]),
        failing=st.sampled_from([0.0, 0.3]),
    )
    return pytest.mark.soak(drawn(size(test)))


@in_many_worlds
def test_lost_documents_come_back_and_no_row_goes_back(
    seed: int, kill_rate: float, failing: float
) -> None:
    random = Random(seed)
    world = ReplayWorld(random)
    for key in list(world.rows):  # of these rows the archive knows nothing
        world.database.delete("shop.items", key)
    world.rows.clear()
    for _ in range(random.randrange(80)):
        world.step()
    at_rest(world)
    whole = random.random() < 0.5
    if whole:  # a bug of the consumer has lost them
        world.world.search.indexes.pop(ALIAS, None)
    first = 0 if whole else random.randrange(max(1, len(world.log)))
    world.kill_rate, world.queue.failing = kill_rate, failing
    world.submit(world.choice(first), rate=random.choice((1.0, 50.0, 1000.0)))
    done = world.until_over()
    world.kill_rate = world.queue.failing = 0.0
    assert done.state == "done"
    at_rest(world)
    assert world.index() == world.source()


@pytest.fixture
def world() -> ReplayWorld:
    """Rows 1 to 6, of which 5 and 6 are deleted; everything applied and archived, then at rest."""
    made = ReplayWorld(Random(3))
    made.rows.clear()
    made.pace = {made.commit: 1}
    for key in range(1, 7):
        made.rows[key] = made.row(key)
        made.note("c", None, made.rows[key])
    for key in (5, 6):
        made.note("d", made.rows.pop(key), None)
    at_rest(made)
    return made


def test_only_rows_whose_newest_change_is_in_the_window_are_sent(world: ReplayWorld) -> None:
    world.world.search.indexes[ALIAS].clear()
    world.submit(world.choice(2, 7))  # rows 3 and 4, and the deletion of 5
    done = world.until_over()
    assert (done.result["changes"], sorted(world.index())) == (3, ["3", "4"])
    assert done.outcome == "3 changes of 1 table"


def test_a_deletion_that_the_index_has_forgotten_stays(world: ReplayWorld) -> None:
    world.world.search.forget_deletions()
    world.submit(world.choice(0, 6))  # without the deletions
    assert world.until_over().result["changes"] == 4
    assert world.index() == world.source()


def test_a_row_that_is_deleted_while_its_change_is_on_its_way_stays_deleted(
    world: ReplayWorld,
) -> None:
    world.submit(world.choice())
    send = world.queue.send

    def deleted_meanwhile(entries: Any) -> Any:
        world.queue.send = send  # type: ignore[method-assign]
        world.note("d", world.rows.pop(3), None)
        world.publish()
        world.deliver()
        world.world.search.forget_deletions()
        return send(entries)

    world.queue.send = deleted_meanwhile  # type: ignore[method-assign]
    world.until_over()
    at_rest(world)
    assert "3" not in world.index()
    assert world.index() == world.source()


def test_it_waits_until_the_archive_has_what_the_consumer_has_applied(world: ReplayWorld) -> None:
    """Else an older change would be taken for the newest of its row."""
    store, world.store = world.store, lambda: None  # type: ignore[method-assign]
    world.note("d", world.rows.pop(4), None)
    world.publish()
    world.deliver()  # applied, and not in the checkpoint yet
    world.world.search.forget_deletions()
    world.submit(world.choice(0, 6))
    waits = 0
    wait = world.sleep

    def sleep(seconds: float) -> None:
        nonlocal waits
        waits += 1
        wait(seconds)
        if waits > 3:
            store()

    world.sleep = sleep  # type: ignore[method-assign]
    world.until_over()
    assert waits > 3
    assert "4" not in world.index()


def test_a_deletion_of_a_function_that_began_before_the_replay_stays(world: ReplayWorld) -> None:
    """The function knew of no replay, so it recorded nothing; its mark moves only later."""
    store, world.store = world.store, lambda: None  # type: ignore[method-assign]
    world.note("d", world.rows.pop(4), None)
    world.publish()
    ((group, entries),) = ((group, held) for group, held in world.queue.groups.items() if held)
    (deletion,) = decode(entries[0].body).changes
    entries.clear()  # it is in the hands of the function
    world.world.search.bulk([Action(ALIAS, "4", deletion.seq, None)])
    world.world.search.forget_deletions()
    assert "4" not in world.index()
    world.submit(world.choice(0, 6))
    ends, wait, marks = world.now + world.world.settings.timeout, world.sleep, world.state.marks
    before = marks.read("search", [group]).marks[group]
    moves = [{group: (before, Mark(deletion.seq, before.count + 1))}]

    def sleep(seconds: float) -> None:
        wait(seconds)
        if moves and world.now >= ends - 1:
            marks.advance("search", moves.pop())
        elif not moves:
            store()

    world.sleep = sleep  # type: ignore[method-assign]
    world.until_over()
    assert not moves
    assert "4" not in world.index()
    assert world.index() == world.source()


def test_an_archive_that_lacks_changes_for_long_is_an_error_that_names_them(
    world: ReplayWorld,
) -> None:
    store, world.store = world.store, lambda: None  # type: ignore[method-assign]
    world.note("d", world.rows.pop(4), None)
    world.publish()
    world.deliver()
    world.submit(world.choice())
    assert world.slice(seconds=10_000.0) == "failed"
    held = world.state.jobs.current("search", "fill")
    assert held
    assert "has lacked shop 1/9 for 10 min" in held.outcome
    assert "audit --heal, then rowline jobs resume" in held.outcome
    world.store = store  # type: ignore[method-assign]
    world.resume()
    assert world.until_over().state == "done"


def test_an_archive_that_stays_behind_by_more_than_a_slice_is_waited_for(
    world: ReplayWorld,
) -> None:
    """What is published during the wait does not count: else the job would never begin."""
    store, world.store = world.store, lambda: None  # type: ignore[method-assign]
    wait, late = world.sleep, list[tuple[float, Any]]()

    def sleep(seconds: float) -> None:
        wait(seconds)
        former, world.rows[1] = world.rows[1], world.row(1)
        world.note("u", former, world.rows[1])
        world.publish()
        world.deliver()
        late.extend((world.now + 200.0, body) for body in world._bodies)
        world._bodies[:] = [body for at, body in late if at <= world.now]
        late[:] = [each for each in late if each[0] > world.now]
        while world._bodies:
            store()

    world.sleep = sleep  # type: ignore[method-assign]
    world.submit(world.choice())
    ends = [world.slice(seconds=120.0) for _ in range(20)]
    assert "done" in ends
    assert ends.index("done") > 2


def test_killed_between_sending_and_storing_it_sends_the_same_messages(world: ReplayWorld) -> None:
    world.world.search.indexes[ALIAS].clear()
    world.submit(world.choice(), rate=0.4)  # two at once
    ids: list[str] = []
    send, save = world.queue.send, world.state.jobs.save

    def sent(entries: Any) -> Any:
        ids.extend(entry.deduplication_id for entry in entries)
        return send(entries)

    def killed(job: Any) -> Any:
        if ids and isinstance(job.work, ReplayWork):
            world.state.jobs.save = save  # type: ignore[method-assign]
            raise Killed
        return save(job)

    world.queue.send = sent  # type: ignore[method-assign]
    world.state.jobs.save = killed  # type: ignore[method-assign]
    with contextlib.suppress(Killed):
        world.slice()
    first = list(ids)
    assert first
    world.queue.forget_ids()
    done = world.until_over()
    assert ids[len(first) : 2 * len(first)] == first
    assert done.result["changes"] == 6
    assert world.index() == world.source()


def test_cancelled_what_is_on_its_way_is_dropped(world: ReplayWorld) -> None:
    world.world.search.indexes[ALIAS].clear()
    job = world.submit(world.choice(), rate=0.4)
    deliver, world.deliver = world.deliver, lambda most=2: None  # type: ignore[method-assign]
    assert world.slice(seconds=64.0 + 65.0) == "continues"
    held = world.state.jobs.current("search", "fill")
    assert held
    assert replayed(world)
    job_control.cancel(world.state, held, world.world.sink(), lambda _: None, world.setup().polling)
    world.deliver = deliver  # type: ignore[method-assign]
    at_rest(world)
    assert world.index() == {}
    assert world.state.jobs.ended("search", 1)[0].id == job.id


def test_another_replay_while_one_is_under_way_is_refused(world: ReplayWorld) -> None:
    job = world.submit(world.choice())
    job_control.pause(world.state, job, lambda _: None, world.setup().polling)
    with pytest.raises(ConfigError, match="of other changes is under way"):
        world.submit(world.choice(3))
    again = world.submit(world.choice(), rate=7.0)
    assert isinstance(again.work, ReplayWork)
    assert (again.id, again.work.rate) == (job.id, 7.0)


def test_a_stage_without_an_archive_says_so(world: ReplayWorld) -> None:
    setup = replace(world.setup(), ask_archive=None)
    with pytest.raises(ConfigError, match="no archive any more"):
        Replay(setup).run(ReplayWork(world.choice(), 1.0))


def test_an_older_change_of_a_deleted_row_is_superseded_at_once(world: ReplayWorld) -> None:
    """The index has forgotten the deletion; the consumer's record of it remembers."""
    job = world.submit(world.choice())
    consumer = world.world
    consumer.handle(delivery([change(make_seq(1, 50), "d", 3)]))
    consumer.search.forget_deletions()
    for op in ("c", "u"):
        old = change(make_seq(1, 20), op, 3, price=1, title="old")
        done = consumer.handle(delivery([old], lane="replay", run=job.id))
        assert (done.superseded, done.applied) == (1, 0)
        assert "3" not in world.index()
        world.state.done_messages.runs.clear()  # type: ignore[attr-defined]


def test_sqs_does_not_take_a_replay_for_the_live_message_or_for_another_replay() -> None:
    """Within five minutes it would drop a message with an id that it has seen."""
    archived = row_of(1, "u", 7, BEGAN_MS, price=1)
    row = PageRow(
        "",
        SOURCE,
        make_seq(EPOCH, 1),
        archived["id"],
        "u",
        archived["key"],
        BEGAN_MS,
        None,
        archived["after"],
        "tx",
        0,
        True,
        1,
        archived["group"],
    )
    sent = []
    for job in ("one", "two", "one"):
        queue = MemoryQueue()
        sending = ReplaySending(queue, MemoryClaims(), SOURCE, job, Polling())
        sent += sending.rows(ITEMS, [row])
        (received,) = queue.receive()
        assert received.attributes["lane"] == "replay"
        assert decode(received.body).changes[0].after == {"id": 7, "price": 1}
    live = hash_ids([row.id], run=f"epoch {EPOCH}")
    assert len({*sent, live}) == 3
    assert sent[0] == sent[2]


class ReplayRecorder:
    """Own code with side effects: what it was called with, by lane and in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int, str]] = []

    def probe(self) -> str:
        return ""

    def apply(self, slice: Slice) -> list[Outcome]:
        for arrival in slice.arrivals:
            change = arrival.change
            self.calls.append((arrival.lane, str(change.key["id"]), change.seq, change.id))
        return [Outcome("applied")] * len(slice.arrivals)


@in_many_worlds
def test_every_change_of_the_window_comes_again_in_order_with_its_id(
    seed: int, kill_rate: float, failing: float
) -> None:
    random = Random(seed)
    consumer = msgspec.structs.replace(consumer_settings(), ordering="every-change")
    world, recorder = ReplayWorld(random, consumer=consumer), ReplayRecorder()
    world.world.sink = lambda _wrap=None: recorder  # type: ignore[assignment,misc]
    world.world.consume = world.world.cold_start()
    for _ in range(random.randrange(80)):
        world.step()
    at_rest(world)
    once = {id: (key, seq) for lane, key, seq, id in recorder.calls if lane == "live"}
    count = len(world.log)
    first, last = sorted((random.randint(0, count), random.randint(0, count)))
    world.kill_rate, world.queue.failing = kill_rate, failing
    world.submit(world.choice(first, last, newest=False), rate=random.choice((1.0, 50.0)))
    done = world.until_over()
    world.kill_rate = world.queue.failing = 0.0
    assert (done.state, done.result["changes"]) == ("done", last - first)
    calls = [call for call in recorder.calls if call[0] == "replay"]
    assert sorted(id for *_, id in calls) == sorted(f"tx/{at}" for at in range(first, last))
    assert all(once[id] == (key, seq) for _, key, seq, id in calls)
    for wanted in {key for _, key, _, _ in calls}:
        own = [seq for _, key, seq, _ in calls if key == wanted]
        assert own == sorted(own)
