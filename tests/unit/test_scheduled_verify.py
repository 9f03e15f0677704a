"""A verify by schedule is started once, at its time, and one that is not done is overdue."""

from typing import Any

import msgspec

from shared.flows.watch.alarm_figures import emit_figures
from shared.flows.watch.schedule_due import LATE_SECONDS
from shared.flows.watch.scheduled_verifies import OVERDUE_SECONDS, start_verifies
from shared.values.job import Job, VerifyWork
from shared.values.verify_schedule import VerifySchedule
from tests.unit.test_watch import WatchWorld, a_job

NIGHT = 1_795_744_800.0
"""2026-11-27 02:00 UTC."""


def nightly(world: WatchWorld, **options: Any) -> None:
    settings = world.parts.settings
    wanted = VerifySchedule("nightly", **options)
    search = msgspec.structs.replace(settings.consumers["search"], verify=wanted)
    world.parts.settings = msgspec.structs.replace(
        settings, consumers={**settings.consumers, "search": search}
    )


def verify_job(world: WatchWorld) -> Job | None:
    return world.parts.state.jobs.current("search", "verify")


def test_a_scheduled_verify_is_started_once() -> None:
    world = WatchWorld()
    nightly(world, repair=True)
    world.now = NIGHT - 1
    start_verifies(world.setup())
    assert verify_job(world) is None, "its time has not come"
    world.now = NIGHT + 30
    start_verifies(world.setup())
    job = verify_job(world)
    assert job
    assert (job.by, job.in_function, job.work) == ("schedule", True, VerifyWork(repair=True))
    assert world.parts.state.jobs.current("other", "verify") is None
    world.now += 60
    start_verifies(world.setup())
    assert verify_job(world) == job
    world.parts.state.jobs.end(msgspec.structs.replace(job, state="done"))
    world.now += 60
    start_verifies(world.setup())
    assert verify_job(world) is None, "it was done already"
    world.now = NIGHT + 86_400 + 30
    start_verifies(world.setup())
    assert verify_job(world), "the next night"


def test_a_verify_that_failed_is_begun_again_at_its_next_time() -> None:
    world = WatchWorld()
    nightly(world)
    world.now = NIGHT + 30
    start_verifies(world.setup())
    jobs = world.parts.state.jobs
    job = verify_job(world)
    assert job
    jobs.save(msgspec.structs.replace(job, state="failed", outcome="is down."))
    world.now += 120
    start_verifies(world.setup())
    failed = verify_job(world)
    assert failed
    assert failed.state == "failed", "not before"
    world.now = NIGHT + 86_400 + 30
    start_verifies(world.setup())
    again = verify_job(world)
    assert again
    assert (again.id, again.state, again.wanted.restart) == (job.id, "running", True)


def test_a_verify_of_a_person_is_left_alone() -> None:
    world = WatchWorld()
    nightly(world)
    mine = a_job(world, "search", 5, work=VerifyWork(), holder="ann", in_function=False)
    world.now = NIGHT + 30
    start_verifies(world.setup())
    assert verify_job(world) == mine


def test_a_time_that_passed_long_ago_is_not_made_up_for() -> None:
    world = WatchWorld()
    nightly(world)
    world.now = NIGHT + LATE_SECONDS + 60
    start_verifies(world.setup())
    assert verify_job(world) is None


def test_a_scheduled_verify_that_is_not_done_is_overdue() -> None:
    world = WatchWorld()
    nightly(world)

    def overdue() -> float:
        emit_figures(world.setup())
        return world.figures["consumer", "search"]["VerifyOverdue"]

    world.now = NIGHT + OVERDUE_SECONDS + 60
    assert overdue() == 0, "it was never scheduled yet"
    world.parts.state.reports.save("search", {"finished_ms": (NIGHT + 60) * 1000})
    assert overdue() == 0
    world.now += 86_400
    assert overdue() == 1
    world.parts.state.reports.save("search", {"finished_ms": world.now * 1000})
    assert overdue() == 0
    world.now = NIGHT + 2 * 86_400 + 30
    start_verifies(world.setup())
    world.now += OVERDUE_SECONDS + 60
    assert overdue() == 1, "it is still at work, or failed"
    assert world.figures["consumer", "other"]["VerifyOverdue"] == 0
