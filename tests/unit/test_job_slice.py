"""The jobs function (long: each job): whatever kills a slice, a job ends as one run would have."""

import contextlib
from collections.abc import Callable
from itertools import pairwise
from random import Random
from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from shared.adapters.state.state import State
from shared.domain.polling import Polling
from shared.flows.backfill import documents_without_row
from shared.flows.backfill.backfill_report import BackfillReport
from shared.flows.consume.sinks.elasticsearch.index_takeover import IndexTakeover
from shared.flows.job_slice import JobSlice
from shared.flows.jobs import chunk_reading, job_control
from shared.flows.jobs.following_job import PATIENCE_SECONDS, follow_job
from shared.flows.jobs.job_lease import HOLDER_SILENT_SECONDS, Tenure
from shared.flows.jobs.job_refused import JobBusy
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.slice_end import RESERVE_SECONDS
from shared.flows.jobs.submission import submit
from shared.flows.verify import walking
from shared.values.errors import ConfigError, SearchUnavailable, StackError, StateUnavailable
from shared.values.job import BackfillWork, Job, ResyncWork, Slot, VerifyWork, Wanted, Work
from shared.values.lineage import Lineage
from tests.tier import TIER
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.consumer_world import elasticsearch_settings
from tests.worlds.killed import Killed

pytestmark = pytest.mark.usefixtures("small_chunks")


class JobsFunction:
    """The jobs function of a world, and the people who use it."""

    def __init__(self, world: BackfillWorld, seconds: float = 840.0) -> None:
        self.world, self.seconds = world, seconds
        self.failing: Exception | None = None

    def submit(self, work: Work, **wanted: Any) -> Job:
        return submit(
            self.world.state.jobs,
            "search",
            work,
            Wanted(**wanted),
            by="ann@desk",
            now_ms=self.now_ms,
            polling=self.polling,
        )

    def now_ms(self) -> int:
        return int(1_700_000_000_000 + self.world.now * 1000)

    @property
    def polling(self) -> Polling:
        return Polling(lambda: self.world.now, self.world.sleep)

    def slice(self, slot: Slot = "fill", consumer: str = "search") -> str:
        """One invocation; raises Killed when it is killed."""
        world, ends = self.world, self.world.now + self.seconds

        def setup(_: str, tenure: Tenure) -> JobSetup:
            if self.failing:
                raise self.failing
            search = world.between(world.world.search)
            sink = elasticsearch_settings(world.world.settings)
            takeover = IndexTakeover(world.world.settings, sink, search, lambda: world.now)
            return world.setup(tenure=tenure, takeover=takeover)

        return JobSlice(
            world.state,
            setup,
            setup,
            sharing_source=lambda _: ["search", "other"],
            by="lambda 1",
            left=lambda: ends - world.now,
            now_ms=self.now_ms,
            polling=self.polling,
        ).run(consumer, slot)[0]

    def until_over(self, slot: Slot = "fill", most: int = 300) -> Job:
        """Slices, one a minute, until the job is over.

        In the end nothing is killed.
        """
        jobs = self.world.state.jobs
        begun = jobs.current("search", slot)
        assert begun
        for life in range(most):
            if life == most - 50:
                self.world.kill_rate = 0.0
            with contextlib.suppress(Killed):
                self.slice(slot)
            held = jobs.current("search", slot)
            if held is None:  # others may have ended within the same second
                (over,) = [one for one in jobs.ended("search", 99) if one.id == begun.id]
                return over
            if held.state == "failed":  # for want of time; a person lets it continue
                job_control.resume(self.world.state, held)
            self.world.sleep(5.0)
        raise AssertionError("it never ends")


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}
    return made


@pytest.fixture
def machine(world: BackfillWorld) -> JobsFunction:
    return JobsFunction(world)


def current(world: BackfillWorld, slot: Slot = "fill") -> Job:
    held = world.state.jobs.current("search", slot)
    assert held
    return held


def test_a_job_is_begun_without_a_database_and_done_in_the_function(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job = machine.submit(BackfillWork())
    assert (job.in_function, job.holder, current(world)) == (True, "", job)
    assert machine.slice() == "done"
    done = follow_job(world.state, job, lambda _: None, machine.polling)
    report = msgspec.convert(done.result, BackfillReport)
    assert (done.state, done.by, report.tables) == ("done", "ann@desk", ["shop.items"])
    assert report.rows == len(world.rows)
    assert world.index() == world.source()
    assert machine.slice() == "none"


def test_a_state_that_does_not_answer_for_a_while_does_not_end_the_watching(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job, real = machine.submit(BackfillWork()), world.state.jobs.current
    notes, failures = list[str](), iter(range(9))

    def current(consumer: str, slot: Slot) -> Job | None:
        if next(failures, None) is None:
            if real(consumer, slot):
                machine.slice()
            return real(consumer, slot)
        raise StateUnavailable("did not answer in time.", thing="state", hint="Again.")

    state = SimpleNamespace(jobs=SimpleNamespace(current=current, ended=world.state.jobs.ended))
    done = follow_job(cast(State, state), job, lambda now: notes.append(now.note), machine.polling)
    assert done.state == "done"
    assert notes[:9] == ["did not answer in time; the job continues, asking again"] * 9


def test_a_job_that_cannot_be_watched_continues(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job = machine.submit(BackfillWork())
    down = mock.Mock(side_effect=StateUnavailable("did not answer.", thing="state", hint="Again."))
    state, began = SimpleNamespace(jobs=SimpleNamespace(current=down)), world.now
    with pytest.raises(StateUnavailable, match=r"continues in the jobs function.*--watch"):
        follow_job(cast(State, state), job, lambda _: None, machine.polling)
    assert world.now - began >= PATIENCE_SECONDS
    assert machine.slice() == "done"


def test_two_started_at_once_the_second_is_refused(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    first = machine.submit(BackfillWork())
    with pytest.raises(JobBusy, match=rf"backfill {first.id}.*under way.*rowline jobs show"):
        machine.submit(BackfillWork())
    with pytest.raises(JobBusy):
        machine.submit(ResyncWork())
    with pytest.raises(JobBusy, match="the jobs function"):
        world.backfill()
    assert machine.slice() == "done"
    assert len(world.state.jobs.ended("search", 9)) == 1


def test_a_second_slice_of_a_job_leaves_it_alone(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    machine.submit(BackfillWork())
    ended: list[str] = []
    begin = world.sleep

    def sleep(seconds: float) -> None:  # the world of the second slice: the first one works on
        begin(seconds)
        held = world.state.jobs.current("search", "fill")
        if held and held.holder == "lambda 0":
            world.state.jobs.save(held)

    taken = world.state.jobs.take(current(world), "lambda 0")
    assert taken
    world.sleep = sleep  # type: ignore[method-assign]
    ended.append(machine.slice())
    assert ended == ["busy"]
    assert current(world).token == taken.token


@pytest.mark.parametrize("slot", ["fill", "verify"])
def test_short_slices_bring_a_job_to_its_end(
    world: BackfillWorld, slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "PART_ROWS", 3)
    if slot == "verify":
        world.backfill()
    machine = JobsFunction(world, seconds=RESERVE_SECONDS + 1)
    machine.submit(BackfillWork() if slot == "fill" else VerifyWork())
    ended = [machine.slice(slot)]
    while world.state.jobs.current("search", slot):
        world.sleep(60)
        ended.append(machine.slice(slot))
        assert len(ended) < 50
    assert ended[-1] == "done"
    assert set(ended[:-1]) <= {"continues"}
    assert world.index() == world.source()


@pytest.mark.parametrize("repair", [False, True])
def test_a_verify_in_slices_finds_what_one_run_finds(
    world: BackfillWorld, repair: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed or ended within a table, nothing is counted twice and nothing is missed."""
    monkeypatch.setattr(walking, "PART_ROWS", 3)
    world.backfill()
    keys = sorted(world.index())
    held = world.world.search.indexes["shop-items"]
    del held[keys[0]], held[keys[-1]]
    for id in (keys[1], keys[-2]):
        changed = {**(held[id].body or {}), "title": "changed"}
        held[id] = type(held[id])(held[id].version, changed)
    held["99"] = type(held[keys[1]])(1, {"id": 99})
    machine = JobsFunction(world)
    machine.submit(VerifyWork(repair=repair), accept=5)
    stored, real = [], world.state.jobs.save

    def save(job: Job) -> Job:  # each part of the table that is stored is the last of its slice
        result = real(job)
        if isinstance(job.work, VerifyWork) and job.work.part not in (None, *stored):
            stored.append(job.work.part)
            raise Killed
        return result

    world.state.jobs.save = save  # type: ignore[method-assign]
    done = machine.until_over("verify")
    assert len(stored) >= 2
    assert (done.result["missing"], done.result["different"], done.result["extra"]) == (2, 2, 1)
    assert done.result["rows"] == len(world.rows)
    assert done.result["differences"] == (0 if repair else 5)
    assert sorted(one["id"] for one in done.result["listed"]) == sorted(
        ["99", keys[0], keys[1], keys[-1], keys[-2]]
    )
    if repair:
        assert world.index() == world.source()


def test_many_deletions_are_asked_for_where_a_person_is(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    world.backfill()
    keys = sorted(world.rows)
    for key in range(100, 120):
        row = {"id": key, "price": 1, "title": "x"}
        held = world.world.search.indexes["shop-items"]
        held[str(key)] = type(held[str(keys[0])])(1, row)
    machine.submit(VerifyWork(repair=True))
    assert machine.slice("verify") == "failed"
    job = current(world, "verify")
    assert (job.state, job.refused) == ("failed", 20)
    assert "20 of" in job.outcome
    resumed = job_control.resume(world.state, job, Wanted(accept=job.refused))
    assert (resumed.state, resumed.refused) == ("running", 0)
    assert machine.slice("verify") == "done"
    assert world.index() == world.source()


def test_an_outage_is_waited_for_an_error_is_not(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    machine.submit(BackfillWork())
    machine.failing = SearchUnavailable("is down.", thing="Elasticsearch")
    for _ in range(59):
        assert machine.slice() == "continues"
    assert current(world).outcome == "Elasticsearch: is down."
    assert machine.slice() == "failed"
    job_control.resume(world.state, current(world))
    machine.failing = ConfigError("is wrong.", thing="the stanza")
    assert machine.slice() == "failed"
    assert current(world).outcome == "the stanza: is wrong."
    machine.failing = None
    assert machine.slice() == "none", "nobody resumed it"
    job_control.resume(world.state, current(world))
    assert machine.slice() == "done"


def test_a_step_longer_than_a_slice_is_named(world: BackfillWorld) -> None:
    machine = JobsFunction(world, seconds=RESERVE_SECONDS - 1)
    machine.submit(VerifyWork())
    ended = [machine.slice("verify") for _ in range(4)]
    assert ended[-1] == "failed"
    assert "--here" in current(world, "verify").outcome


@pytest.mark.parametrize("fails_over", [False, True])
def test_a_relay_that_is_far_behind_makes_no_job_too_large(
    monkeypatch: pytest.MonkeyPatch, fails_over: bool
) -> None:
    """What is not proved yet is stored with the job; a former server's rows are read again."""
    monkeypatch.setattr(chunk_reading, "MOST_UNPROVED", 3)
    world = BackfillWorld(Random(2), keys=40)
    world.pace, behind, again = {world.deliver: 1}, True, fails_over
    for _ in range(60):
        world.write()
    world.commit()
    machine = JobsFunction(world)
    machine.submit(BackfillWork())
    read, counts = world.database.chunk, list[int]()

    def chunk(*args: Any, **options: Any) -> list[dict[str, Any]]:
        work = current(world).work
        assert isinstance(work, BackfillWork)
        counts.append(len(work.tables["shop.items"].chunks))
        world.write()
        world.commit()
        return read(*args, **options)

    def sleep(seconds: float) -> None:
        nonlocal behind, fails_over
        world.now += seconds
        world.deliver(99)
        world.publish()
        if counts and counts[-1] == 3 and world.now % 7 < 1:
            behind = False
            if fails_over:
                fails_over = False
                world.lineage = Lineage("mariadb-1", started=99)
        if not counts or not behind:
            world.checkpointed = world.published
        world.lease = world.streams.renew("shop", world.lease, world.checkpoint())

    world.database.chunk = chunk  # type: ignore[method-assign]
    world.sleep = sleep  # type: ignore[method-assign]
    assert machine.slice() == "done"
    while world.queue.groups and any(world.queue.groups.values()):
        world.publish()
        world.deliver(99)
    assert max(counts) == 3
    assert (counts.count(0) == 2) == again
    assert world.index() == world.source()


@pytest.mark.parametrize("when", ["before the first row", "after the last row"])
def test_slices_wait_for_the_same_place_in_the_binlog(when: str) -> None:
    """A relay that is behind by many slices, and a source that writes as fast as it reads.

    Slices that asked for the end of the binlog each for itself would never reach it.
    """
    world = BackfillWorld(Random(2), keys=40)
    world.pace = {world.deliver: 1}
    read = world.database.chunk

    def write(times: int) -> None:
        for _ in range(times):
            world.write()
        world.commit()

    def chunk(*args: Any, **options: Any) -> list[dict[str, Any]]:
        rows = read(*args, **options)
        write(20 if when == "after the last row" else 0)
        return rows

    def sleep(seconds: float) -> None:
        world.now += seconds
        write(1)
        world.deliver(99)
        world.publish()
        world.checkpointed = min(world.published, world.checkpointed + 1)
        world.lease = world.streams.renew("shop", world.lease, world.checkpoint())

    write(200 if when == "before the first row" else 0)
    world.database.chunk = chunk  # type: ignore[method-assign]
    world.sleep = sleep  # type: ignore[method-assign]
    machine = JobsFunction(world, seconds=RESERVE_SECONDS + 15)
    machine.submit(BackfillWork())
    ended = []
    while world.state.jobs.current("search", "fill"):
        ended.append(machine.slice())
        assert len(ended) < 60
    assert ended[-1] == "done"
    assert len(ended) > 5
    assert set(ended[:-1]) == {"continues"}


def test_a_job_is_paused_between_slices_and_resumed(world: BackfillWorld) -> None:
    machine = JobsFunction(world, seconds=RESERVE_SECONDS - 1)
    job = machine.submit(BackfillWork())
    assert machine.slice() == "continues"
    paused = job_control.pause(world.state, job, lambda _: None, machine.polling)
    assert (paused.state, machine.slice()) == ("paused", "none")
    again = machine.submit(BackfillWork())
    assert (again.id, again.state) == (job.id, "running")
    machine.seconds = 840
    assert machine.slice() == "done"


@pytest.mark.parametrize("wish", ["pause", "cancel"])
def test_a_job_whose_holder_and_whoever_asked_it_to_stop_are_gone_is_paused(
    world: BackfillWorld, machine: JobsFunction, wish: Any
) -> None:
    job = machine.submit(BackfillWork())
    assert world.state.jobs.take(job, "lambda 0")  # and is killed
    world.state.jobs.ask(job, wish)  # and so is the command
    assert machine.slice() == "stopped"
    held = current(world)
    assert (held.state, held.outcome) == ("paused", f"somebody asked it to stop ({wish})")
    job_control.resume(world.state, held)
    assert machine.slice() == "done"


@pytest.mark.parametrize("ask", [job_control.pause, job_control.cancel_in_function])
def test_a_slice_that_begins_between_two_writes_of_a_command_stops_too(
    world: BackfillWorld, machine: JobsFunction, ask: Any
) -> None:
    job = machine.submit(BackfillWork())
    save, begun = world.state.jobs.save, list[Job]()

    def after_a_slice(one: Job) -> Job:
        if not begun:
            begun.append(current(world))
            assert world.state.jobs.take(begun[0], "lambda 0")
        return save(one)

    world.state.jobs.save = after_a_slice  # type: ignore[method-assign]
    stopped = ask(world.state, job, lambda _: None, machine.polling)
    assert stopped == current(world)
    assert (stopped.state == "paused") != stopped.wanted.cancel


def test_a_restart_reads_behind_what_made_its_tables_due(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    """It settles causes that were noted since it began: the relay must have passed them first."""
    job = machine.submit(BackfillWork())
    chunk, dues, noted, reached = world.database.chunk, world.state.dues, [0], list[int]()

    def killed(*_: Any, **__: Any) -> Any:
        raise Killed

    world.database.chunk = killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        machine.slice()
    job_control.pause(world.state, job, lambda _: None, machine.polling)
    of_source = dues.of_source

    def written_before(source: str) -> Any:
        world.write()
        world.commit()
        noted.append(len(world.log))
        return of_source(source)

    def read(*args: Any, **options: Any) -> Any:
        reached.append(world.checkpointed)
        return chunk(*args, **options)

    dues.of_source = written_before  # type: ignore[method-assign]
    world.database.chunk = read  # type: ignore[method-assign]
    machine.submit(BackfillWork(), restart=True)
    assert machine.slice() == "done"
    assert reached[0] >= noted[1]


def test_cancelled_means_that_the_invocation_is_over(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job = machine.submit(VerifyWork(repair=True))
    taken = world.state.jobs.take(msgspec.structs.replace(job, left_s=400.0), "lambda 0")
    assert taken  # and is frozen there
    began = world.now
    job_control.cancel(world.state, taken, world.world.sink(), lambda _: None, machine.polling)
    assert world.now - began >= 400


def test_a_wish_that_a_slice_took_away_is_asked_again(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    job = machine.submit(BackfillWork())
    real: Callable[[Job, Any], None] = world.state.jobs.ask
    asked = []

    def ask(one: Job, wish: Any) -> None:
        real(one, wish)
        if not asked:  # a slice that looked before takes the job, and with it the wish
            world.state.jobs.take(current(world), "lambda 0")
        asked.append(wish)

    def sleep(seconds: float) -> None:
        world.sleep(seconds)
        held = current(world)
        if held.holder and held.asked:
            world.state.jobs.save(msgspec.structs.replace(held, holder="", state="paused"))
        elif held.holder:
            world.state.jobs.save(held)

    world.state.jobs.ask = ask  # type: ignore[method-assign]
    polling = Polling(lambda: world.now, sleep)
    assert job_control.pause(world.state, job, lambda _: None, polling).state == "paused"
    assert len(asked) >= 2


def test_a_job_of_another_consumer_of_the_source_takes_its_turn(
    world: BackfillWorld, machine: JobsFunction
) -> None:
    other = Job("j9", "other", BackfillWork(), token=1, beat=1, in_function=True)
    world.state.jobs.begin(other)
    held = world.state.jobs.take(other, "lambda 0")
    assert held
    machine.submit(BackfillWork())
    machine.submit(VerifyWork())
    assert machine.slice() == "waits"
    assert machine.slice("verify") == "done"
    world.state.jobs.save(msgspec.structs.replace(held, holder=""))
    assert machine.slice() == "done"


@pytest.mark.parametrize("work", [VerifyWork(), ResyncWork()])
def test_a_holder_that_looks_at_many_documents_is_not_taken_for_dead(
    monkeypatch: pytest.MonkeyPatch, work: Work
) -> None:
    """Else each minute's slice would take the job over, and none would come to its end."""
    world = BackfillWorld(Random(1), keys=60)
    world.pace = {world.commit: 1}
    world.backfill()
    for module in (walking, documents_without_row):
        monkeypatch.setattr(module, "LOOKED_AT", 2)
    scan, save, saved = world.world.search.scan, world.state.jobs.save, [world.now]

    def slow(alias: str) -> Any:
        for each in scan(alias):
            world.now += 4
            yield each

    def saving(job: Job) -> Job:
        saved.append(world.now)
        return save(job)

    world.between = lambda twin: twin  # type: ignore[method-assign]
    world.world.search.scan = slow  # type: ignore[method-assign]
    world.state.jobs.save = saving  # type: ignore[method-assign]
    machine = JobsFunction(world)
    machine.submit(work, tables=("shop.items",))
    assert machine.slice("verify" if isinstance(work, VerifyWork) else "fill") == "done"
    assert len(world.index()) * 4 > 2 * HOLDER_SILENT_SECONDS
    assert max(later - one for one, later in pairwise(saved)) < HOLDER_SILENT_SECONDS


def test_a_resync_of_nothing_is_done(world: BackfillWorld, machine: JobsFunction) -> None:
    machine.submit(ResyncWork())
    assert machine.slice() == "done"
    assert world.state.jobs.ended("search", 1)[0].outcome == "nothing is due"


def test_another_job_in_the_slot_is_named(world: BackfillWorld, machine: JobsFunction) -> None:
    job = machine.submit(BackfillWork(), tables=("shop.items",))
    job_control.pause(world.state, job, lambda _: None, machine.polling)
    with pytest.raises(ConfigError, match=rf"backfill {job.id} is under way"):
        machine.submit(ResyncWork())
    with pytest.raises(ConfigError, match="--restart"):
        machine.submit(BackfillWork(), tables=("shop.other",))
    assert machine.submit(BackfillWork()).wanted.tables == ("shop.items",)


def test_a_job_that_is_over_is_not_resumed(world: BackfillWorld, machine: JobsFunction) -> None:
    job = machine.submit(BackfillWork())
    machine.slice()
    with pytest.raises(StackError, match="is over"):
        job_control.resume(world.state, job)


@pytest.mark.soak
@pytest.mark.usefixtures("long_polls")
@given(
    seed=st.integers(0, 2**32),
    kill_rate=st.sampled_from([0.0, 0.02, 0.1]),
    seconds=st.sampled_from([RESERVE_SECONDS + 20, RESERVE_SECONDS + 60, 840.0]),
    kind=st.sampled_from([BackfillWork, ResyncWork]),
)
@settings(max_examples=TIER.backfill_runs, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_killed_the_index_becomes_the_source(
    seed: int, kill_rate: float, seconds: float, kind: type[BackfillWork | ResyncWork]
) -> None:
    random = Random(seed)
    world = BackfillWorld(random)
    for _ in range(random.randrange(30)):
        world.step()
    world.kill_rate = kill_rate
    machine = JobsFunction(world, seconds)
    machine.submit(kind(), tables=("shop.items",), accept=1_000)
    done = machine.until_over()
    assert done.state == "done"
    world.kill_rate = 0.0
    world.world.search.forget_deletions()
    world.drain()
    assert world.index() == world.source()
