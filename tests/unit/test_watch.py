"""The watch: its tasks do not stop each other, one run works at a time, and its silence shows."""

from typing import Any

import msgspec
import pytest

from shared.flows.health import thresholds
from shared.flows.health.findings.watch_findings import watch_findings
from shared.flows.watch.next_slices import start_slices
from shared.flows.watch.watch_loop import RUN_SECONDS, watch
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.due_cause import DueCause
from shared.values.errors import StateUnavailable
from shared.values.job import BackfillWork, Job, JobState, VerifyWork
from shared.values.pulse import Pulse
from shared.values.settings import SourceSettings, StageSettings, TableSettings
from tests.worlds.consumer_world import consumer_settings, parked_change
from tests.worlds.memory_parts import MemoryParts
from tests.worlds.twins.topic import Entry


class WatchWorld:
    """A stage of one source and two consumers, on a clock of its own."""

    def __init__(self) -> None:
        shop = SourceSettings("shop", "secret", {"shop.items": TableSettings()})
        consumers = {name: consumer_settings() for name in ("search", "other")}
        self.parts = MemoryParts(StageSettings("rowline", "dev", {"shop": shop}, consumers))
        self.now, self.given = 1_700_000_000.0, 60.0
        self.figures: dict[tuple[str, str], dict[str, float]] = {}
        self.started: list[Job] = []

    def setup(self, holder: str = "one") -> WatchSetup:
        ends = self.now + self.given

        def emit(dimension: str, value: str, figures: dict[str, float]) -> None:
            self.figures.setdefault((dimension, value), {}).update(figures)

        def sleep(seconds: float) -> None:
            self.now += seconds

        return WatchSetup(
            self.parts,
            emit,
            holder,
            lambda: ends - self.now,
            lambda: self.now,
            sleep,
            start_slice=self.started.append,
        )

    def spend(self, seconds: float) -> None:
        self.now += seconds


def test_a_task_that_fails_is_reported_and_stops_no_other() -> None:
    world, done = WatchWorld(), []

    def broken(_: Any) -> None:
        raise KeyError("x")

    def away(_: Any) -> None:
        raise StateUnavailable("did not answer.", thing="SQS")

    tasks = {"a": broken, "b": lambda _: done.append("b"), "c": away}
    pulse = watch(world.setup(), tasks)
    assert pulse == world.parts.state.pulses.read()
    assert pulse == Pulse(1_700_000_000_000, {"a": "KeyError: 'x'", "c": "SQS: did not answer."})
    assert done == ["b"]


def test_one_run_works_at_a_time_and_a_dead_one_is_followed() -> None:
    world, ran = WatchWorld(), []
    inner = world.setup("two")
    tasks = {"a": lambda _: ran.append(watch(inner, {"b": lambda _: ran.append("b")}))}
    assert watch(world.setup("one"), tasks)
    assert ran == [None], "the second run left at once"
    pulses = world.parts.state.pulses
    assert pulses.begin("killed", int(world.now * 1000), int((world.now + 60) * 1000))
    assert watch(world.setup("three"), {}) is None
    world.spend(61)
    assert watch(world.setup("four"), {}) is not None


def test_a_task_may_ask_to_be_called_again_in_the_same_run() -> None:
    world, calls = WatchWorld(), []
    began = world.now

    def again(_: Any) -> float:
        calls.append(world.now - began)
        return world.now + 20

    watch(world.setup(), {"again": again})
    assert calls == [0.0, 20.0, 40.0]
    assert calls[-1] <= RUN_SECONDS


def test_a_slow_task_leaves_the_rest_to_the_next_run() -> None:
    world, done = WatchWorld(), []
    tasks = {"slow": lambda _: world.spend(58), "late": lambda _: done.append(1)}
    pulse = watch(world.setup(), tasks)
    assert pulse
    assert pulse.problems == {"late": "the function's time was over"}
    assert done == []


def test_every_figure_that_an_alarm_reads_is_written_and_is_zero_where_all_is_well() -> None:
    world = WatchWorld()
    watch(world.setup())
    zero = {
        "GateClosed": 0.0,
        "ParkedChanges": 0.0,
        "DlqMessages": 0.0,
        "UndeliveredMessages": 0.0,
        "TablesDue": 0.0,
        "VerifyDifferences": 0.0,
        "VerifyOverdue": 0.0,
    }
    assert world.figures == {
        ("stream", "shop"): {"RelayDown": 1.0, "BinlogUsedPercent": 0.0},
        ("consumer", "search"): zero,
        ("consumer", "other"): zero,
    }


def test_the_figures_tell_what_waits_for_a_person() -> None:
    world = WatchWorld()
    world.parts.dlq("search").send([Entry("body", "g", "1", {"reason": "x"})])
    world.parts.undelivered("search").send([Entry("body", "g", "1", {"reason": "x"})])
    for id in "ab":
        world.parts.state.parked.add("search", parked_change(id, 1), "body")
    world.parts.state.dues.note_source("shop", "shop.items", DueCause("1", "ALTER"))
    world.parts.state.reports.save("search", {"differences": 4})
    watch(world.setup())
    assert world.figures["consumer", "search"] == {
        "GateClosed": 0.0,
        "ParkedChanges": 2.0,
        "DlqMessages": 1.0,
        "UndeliveredMessages": 1.0,
        "TablesDue": 1.0,
        "VerifyDifferences": 4.0,
        "VerifyOverdue": 0.0,
    }


def test_a_consumer_that_cannot_be_asked_leaves_the_others_their_figures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = WatchWorld()

    def away() -> Any:
        raise StateUnavailable("did not answer.", thing="SQS")

    monkeypatch.setattr(world.parts.dlq("other"), "depth", away)
    pulse = watch(world.setup())
    assert pulse
    assert "other: SQS: did not answer." in pulse.problems["moved"]
    assert ("consumer", "search") in world.figures


@pytest.mark.parametrize(
    ("pulse", "level", "what"),
    [
        (Pulse(), "fail", "has never run"),
        (Pulse(1_000_000 - thresholds.WATCH_SILENT_S * 1000 - 1), "fail", "3 minutes"),
        (Pulse(1_000_000 - thresholds.WATCH_SILENT_S * 1000), "ok", "ran 180 s ago"),
        (Pulse(1_000_000, {"figures": "SQS"}), "warn", "could not do figures: SQS"),
    ],
)
def test_a_silent_watch_is_a_finding(pulse: Pulse, level: str, what: str) -> None:
    (found,) = watch_findings(pulse, 1_000.0)
    assert (found.level, what in found.what) == (level, True)


def a_job(world: WatchWorld, consumer: str, began_ms: int, **options: Any) -> Job:
    work = options.pop("work", BackfillWork())
    job = Job(f"j{began_ms}", consumer, work, began_ms=began_ms, token=1, beat=1, in_function=True)
    job = msgspec.structs.replace(job, **options)
    assert world.parts.state.jobs.begin(job)
    return job


def started(world: WatchWorld) -> list[str]:
    world.started.clear()
    start_slices(world.setup())
    return [job.id for job in world.started]


def test_a_slice_of_each_job_is_started_and_those_of_a_source_take_turns() -> None:
    world = WatchWorld()
    a_job(world, "other", 2)
    first = a_job(world, "search", 1)
    a_job(world, "other", 3, work=VerifyWork())
    assert started(world) == ["j1", "j3"]
    jobs = world.parts.state.jobs
    held = jobs.take(first, "lambda 1")
    assert held
    assert started(world) == ["j3"], "its holder wrote since the last run"
    assert started(world) == ["j1", "j3"], "its holder is silent"
    jobs.save(held)
    assert started(world) == ["j3"]
    jobs.end(msgspec.structs.replace(held, state="done"))
    assert started(world) == ["j2", "j3"]


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_the_slot_of_a_job_that_was_killed_while_it_ended_becomes_free(state: JobState) -> None:
    world = WatchWorld()
    jobs = world.parts.state.jobs
    held = jobs.take(a_job(world, "search", 1, work=VerifyWork()), "lambda 1")
    assert held
    ended_ms = int(world.now * 1000)
    jobs.save(msgspec.structs.replace(held, state=state, ended_ms=ended_ms))
    assert started(world) == []
    assert jobs.current("search", "verify"), "its holder may be about to free it"
    world.now += 61
    assert started(world) == []
    assert jobs.current("search", "verify") is None
    (ended,) = jobs.ended("search", 5)
    assert (ended.id, ended.state, ended.ended_ms) == ("j1", state, ended_ms)


@pytest.mark.parametrize(
    "options", [{"state": "paused"}, {"state": "failed"}, {"in_function": False}]
)
def test_no_slice_is_started_of_a_job_that_nobody_wants_in_the_function(
    options: dict[str, Any],
) -> None:
    world = WatchWorld()
    a_job(world, "search", 1, **options)
    assert started(world) == []
