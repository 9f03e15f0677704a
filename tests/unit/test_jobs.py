"""Jobs are listed, paused and cancelled from anywhere."""

from collections.abc import Callable, Iterator
from random import Random

import msgspec
import pytest

from shared.adapters.search.contract import Document
from shared.domain.polling import Polling
from shared.flows.consume.sinks.elasticsearch import deletion_recorder
from shared.flows.health.findings.job_findings import job_findings
from shared.flows.jobs import job_control
from shared.flows.jobs.job_lease import HOLDER_SILENT_SECONDS, JobStopped, Tenure
from shared.flows.verify.verify import Verify
from shared.values.errors import ConfigError, StackError
from shared.values.job import Job
from tests.unit.test_backfill import job
from tests.worlds.backfill_world import BackfillWorld
from tests.worlds.killed import Killed
from tests.worlds.twins.state import begin_fill


@pytest.fixture
def world() -> BackfillWorld:
    made = BackfillWorld(Random(1))
    made.pace = {made.commit: 1}
    return made


def under_way(world: BackfillWorld) -> Job:
    held = world.state.jobs.current("search", "fill")
    assert held
    return held


def killed(world: BackfillWorld) -> Job:
    """A backfill whose process is gone after it had sent some rows."""
    world.kill_rate = 1.0
    with pytest.raises(Killed):
        job(world, queue=world.between(world.queue)).run()
    world.kill_rate = 0.0
    return under_way(world)


def meanwhile(world: BackfillWorld, stop: Callable[[Job, Polling], Job]) -> Job:
    """Stop the backfill from elsewhere while it works: it goes on while the other one waits."""
    stopped: list[Job] = []

    def wait(seconds: float) -> None:
        world.now += seconds

    def show(_: object) -> None:
        if under_way(world).work.tables["shop.items"].rows and not stopped:  # type: ignore[union-attr]
            world.state.jobs.ask(under_way(world), "pause")

    with pytest.raises(JobStopped):
        job(world, show=show).run()
    stopped.append(stop(under_way(world), Polling(lambda: world.now, wait)))
    return stopped[0]


def test_a_paused_job_is_kept_where_it_was_and_continued(world: BackfillWorld) -> None:
    paused = meanwhile(
        world, lambda held, polling: job_control.pause(world.state, held, lambda _: None, polling)
    )
    assert (paused.state, paused.holder) == ("paused", "")
    assert job(world).run().job == paused.id
    assert world.index() == world.source()


def test_a_job_whose_process_is_gone_is_paused_once_it_was_silent(world: BackfillWorld) -> None:
    held, began = killed(world), world.now
    told: list[str] = []
    job_control.pause(world.state, held, told.append, Polling(lambda: world.now, world.sleep))
    assert world.now - began == pytest.approx(HOLDER_SILENT_SECONDS, abs=2)
    assert told[0] == f"waiting until {held.holder} stops"
    assert under_way(world).state == "paused"


def test_a_cancelled_backfill_brings_no_row_back(world: BackfillWorld) -> None:
    held = killed(world)
    key = next(iter(world.rows))
    # A row that it sent is applied, then deleted, then forgotten by the index; another row that it
    # sent is still in the queue.
    world.drain()
    world.state.deletions.record("search", held.id, {f"shop-items/{key}": 9 << 40})
    polling = Polling(lambda: world.now, world.sleep)
    ended = job_control.cancel(world.state, held, world.world.sink(), lambda _: None, polling)
    assert (ended.state, ended.outcome) == ("cancelled", "cancelled")
    assert world.state.jobs.current("search", "fill") is None
    assert str(key) not in world.index()
    assert [one.state for one in job_control.jobs_of(world.state, ["search"])] == ["cancelled"]
    with pytest.raises(StackError, match="is over"):
        job_control.cancel(world.state, held, world.world.sink(), lambda _: None, polling)


def test_a_cancelled_backfill_is_held_while_a_truncated_table_is_deleted_again(
    world: BackfillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes it for dead would continue the job beside the deletions."""
    world.backfill()
    world.drain()
    held, search, beats = killed(world), world.world.search, list[int]()
    world.state.deletions.record("search", held.id, {"shop-items/": 9 << 40})
    monkeypatch.setattr(deletion_recorder, "_BATCH", 1)
    real = search.scan

    def slow(alias: str) -> Iterator[Document]:
        for each in real(alias):
            world.now += HOLDER_SILENT_SECONDS / 2
            beats.append(under_way(world).beat)
            yield each

    search.scan = slow  # type: ignore[method-assign]
    polling = Polling(lambda: world.now, world.sleep)
    job_control.cancel(world.state, held, world.world.sink(), lambda _: None, polling)
    assert len(beats) > 3
    assert beats == sorted(set(beats)), "each step renewed the hold"


def test_a_wait_goes_on_on_a_machine_whose_clock_is_ahead(world: BackfillWorld) -> None:
    """Functions that began before the wait may still be at work until all of it is over."""
    begin_fill(world.state, "r1")
    ends, began = [world.now + 20], world.now

    def wait(seconds: float) -> None:
        world.now += seconds
        if world.now >= ends[0]:
            raise Killed

    def hold(now_ms: int) -> Tenure:
        polling = Polling(lambda: world.now, wait)
        jobs = world.state.jobs
        taken = jobs.take(under_way(world), f"at {now_ms}")
        assert taken
        return Tenure(
            jobs, taken, show=lambda _: None, polling=polling, now_ms=lambda: now_ms, left=None
        )

    with pytest.raises(Killed):
        hold(0).wait_out(65.0, "every function knows")
    ends[0] += 1_000
    hold(600_000).wait_out(65.0, "every function knows")
    assert 65 <= world.now - began <= 70
    hold(0).wait_out(65.0, "every function knows")
    assert world.now - began <= 70


def test_jobs_are_found_by_their_id(world: BackfillWorld) -> None:
    done = job(world).run().job
    held = killed(world)
    Verify(world.setup(), chunk_rows=3).run()
    listed = job_control.jobs_of(world.state, ["search", "other"])
    assert [(one.kind, one.state) for one in listed[:1]] == [("backfill", "running")]
    assert {(one.kind, one.state) for one in listed[1:]} == {
        ("backfill", "done"),
        ("verify", "done"),
    }
    assert job_control.find(world.state, ["search"], done).state == "done"
    assert job_control.find(world.state, ["search"], held.id).holder == held.holder
    with pytest.raises(ConfigError, match="nothing: is no job of this stage"):
        job_control.find(world.state, ["search"], "nothing")


def test_a_job_that_failed_is_a_finding(world: BackfillWorld) -> None:
    held = killed(world)
    assert job_findings(world.state.jobs, "search") == []
    world.state.jobs.save(msgspec.structs.replace(held, state="failed", outcome="it is down."))
    (found,) = job_findings(world.state.jobs, "search")
    assert (found.thing, found.level, found.what) == (
        "backfill search",
        "warn",
        "failed: it is down.",
    )
    assert f"rowline jobs resume {held.id}" in found.fix
