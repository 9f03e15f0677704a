"""Redrive (long: one world): what is parked is applied, and never makes a row go back."""

from typing import Any

import msgspec
import pytest

from cli.proof import proof_of
from shared.adapters.search.contract import Action, Result
from shared.adapters.topic.contract import Entry
from shared.domain.parked_where import ParkedWhere
from shared.flows.jobs import job_control
from shared.flows.jobs.job_lease import JobStopped
from shared.flows.jobs.job_refused import JobBusy
from shared.flows.redrive.changes_to_redrive import chosen_changes, commands
from shared.flows.redrive.redrive_report import RedriveReport, lines_of_report
from shared.values.errors import ConfigError
from shared.values.job import Job
from shared.values.message import encode
from shared.values.parked_change import ParkedChange, RowItem
from shared.values.redrive_command import COMMAND_ROWS, decode_command
from shared.values.redrive_work import RedriveWork
from shared.values.row_key import row_of
from tests.worlds.consumer_world import (
    ALIAS,
    change,
    consumer_settings,
    message,
    parked_change,
)
from tests.worlds.redrive_world import BAD, RedriveWorld


@pytest.fixture
def world() -> RedriveWorld:
    return RedriveWorld()


def counts(report: object) -> dict[str, object]:
    """What a report counts, without zeros."""
    names = ("chosen", "applied", "superseded", "filtered", "again", "expired", "due", "dropped")
    names = (*names, "gone")
    return {name: value for name in names if (value := getattr(report, name))}


def test_after_a_fix_the_parked_changes_are_applied_at_once(world: RedriveWorld) -> None:
    """Within the five minutes for which SQS remembers what was sent."""
    world.publish(*(change(n, "c", n, price=BAD if n in (1, 4) else n) for n in range(1, 6)))
    world.drain()
    assert set(world.documents()) == {"2", "3", "5"}
    world.fix_the_mapping()
    plan = world.redriving().plan(ParkedWhere())
    assert (plan.changes, plan.rows, plan.superseded, plan.expired) == (2, 2, 0, 0)
    assert len(world.parked()) == 2, "a plan only reads"
    assert counts(world.redrive()) == {"chosen": 2, "applied": 2}
    assert world.documents()["4"] == {"id": 4, "price": BAD}
    assert world.nothing_is_left()
    (job,) = world.state.jobs.ended("search", 9)
    assert (job.kind, job.state, job.by, job.outcome) == ("redrive", "done", "ann", "2 applied")
    assert counts(world.redrive()) == {}


@pytest.mark.parametrize(
    "narrowed",
    [{"tables": ("shop.sellers",)}, {"operations": ("u",)}],
    ids=["tables", "operations"],
)
def test_a_change_that_the_consumer_does_not_want_any_more_is_no_superseded_one(
    world: RedriveWorld, narrowed: dict[str, Any]
) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.settings = msgspec.structs.replace(world.settings, **narrowed)
    world.consume = world.cold_start()
    report = world.redrive()
    assert counts(report) == {"chosen": 1, "filtered": 1}
    assert next(lines_of_report(report, "rowline verify search")).startswith(
        "search: 1 filtered; 1 change"
    )
    assert world.nothing_is_left()


def test_a_consumer_that_a_schedule_drains_is_started_for_the_commands(
    world: RedriveWorld,
) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    assert world.drains == []
    world.fix_the_mapping()
    began = world.now
    world.redrive()
    assert world.drains == [began], "at once, and then every ten seconds"


def test_a_row_that_was_deleted_meanwhile_stays_deleted_though_the_index_forgets(
    world: RedriveWorld,
) -> None:
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=BAD))
    world.drain()
    world.publish(change(3, "u", 1, price=7), change(4, "d", 1, price=7))
    world.publish(change(5, "t", 0), group="other")
    world.drain()
    world.fix_the_mapping()
    world.search.forget_deletions()
    assert world.redriving().plan(ParkedWhere()).superseded == 1
    assert counts(world.redrive()) == {"chosen": 2, "applied": 1, "superseded": 1}
    assert world.documents() == {"2": {"id": 2, "price": BAD}}
    assert world.nothing_is_left()


def test_a_truncation_supersedes_every_parked_row_of_its_group(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=BAD))
    world.drain()
    world.publish(change(3, "t", 0))
    world.drain()
    world.publish(change(4, "c", 3, price=BAD))
    world.drain()
    world.fix_the_mapping()
    world.search.forget_deletions()
    assert counts(world.redrive()) == {"chosen": 3, "applied": 1, "superseded": 2}
    assert set(world.documents()) == {"3"}


def test_refused_again_it_stays_parked_with_its_first_failure(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=[3]))
    world.drain()
    (first, _) = world.parked()
    world.now += 100
    assert counts(world.redrive()) == {"chosen": 2, "again": 2}
    again, _ = world.parked()
    assert (again.attempts, again.message, again.parked_ms) == (2, first.message, first.parked_ms)
    assert again.tried_ms > first.tried_ms
    world.fix_the_mapping()
    assert counts(world.redrive()) == {"chosen": 2, "applied": 2}
    assert world.nothing_is_left()


def refusing(world: RedriveWorld, monkeypatch: pytest.MonkeyPatch, reasons: dict[str, str]) -> None:
    """The index refuses documents by their title."""
    real = world.search.bulk

    def bulk(actions: list[Action]) -> list[Result]:
        asked = [one for one in actions if (one.body or {}).get("title") not in reasons]
        rest = iter(real(asked))
        return [
            Result("refused", reasons[one.body["title"]])
            if one.body and one.body.get("title") in reasons
            else next(rest)
            for one in actions
        ]

    monkeypatch.setattr(world.search, "bulk", bulk)


REASONS = {
    "a": "mapper_exception: no field [a]",
    "b": "mapper_exception: no field [b]",
    "c": "parsing_exception: bad date",
    "d": "limit_exception: too long",
}


def test_of_200_changes_of_4_reasons_exactly_the_selected_are_touched_even_interrupted(
    world: RedriveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(world, monkeypatch, REASONS)
    groups = [f"g-{n}" for n in range(5)]
    for n in range(1, 201):
        bad = change(10 * n, "c", n, title="abcd"[n % 4])
        good = [change(10 * n + i, "c", 1000 * i + n, title="fine") for i in (1, 2)]
        world.publish(bad, *good, group=groups[n % 5])
        if n % 50 == 0:
            world.drain()
    assert len(world.parked()) == 200
    monkeypatch.undo()
    writes: list[str] = []
    real = world.search.bulk
    monkeypatch.setattr(
        world.search,
        "bulk",
        lambda actions: (writes.extend(one.id for one in actions), real(actions))[1],
    )

    def interrupted() -> None:
        raise KeyboardInterrupt

    for n in (0, 1, 2):
        world.waits = [*[lambda: None] * n, interrupted]
        with pytest.raises(JobStopped):
            world.redrive("reason~'no field [b]'", rate=10)
    world.waits = []
    with pytest.raises(ConfigError, match="other changes"):
        world.redrive("reason~date")
    report = world.redrive("reason~'no field [b]'")
    assert counts(report) == {"chosen": 50, "applied": 50}
    assert sorted(map(int, writes)) == [n for n in range(1, 201) if n % 4 == 1]
    left = {one.reason for one in world.parked()}
    assert len(world.parked()) == 150
    assert not any("[b]" in reason for reason in left)
    assert counts(world.redrive("error=parsing_exception key=2")) == {"chosen": 1, "applied": 1}
    assert counts(world.redrive()) == {"chosen": 149, "applied": 149}
    assert world.nothing_is_left()
    assert len(world.documents()) == 600


def test_an_outage_during_a_redrive_only_delays_it(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.fix_the_mapping()
    world.search.down = True
    world.waits = [*[lambda: None] * 5, lambda: setattr(world.search, "down", False)]
    assert counts(world.redrive()) == {"chosen": 1, "applied": 1}
    assert world.nothing_is_left()


def test_a_command_waits_for_what_is_before_it_in_the_same_batch(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.fix_the_mapping()
    world.publish(change(2, "d", 1, price=BAD))
    batches: list[list[str]] = []
    real = world.consume.handle

    def handle(deliveries: Any, time_left: Any) -> Any:
        batches.append([one.attributes.get("command", "") for one in deliveries])
        return real(deliveries, time_left)

    world.consume.handle = handle  # type: ignore[method-assign]
    assert counts(world.redrive()) == {"chosen": 1, "superseded": 1}
    assert batches == [["", "apply"], ["apply"]]
    assert world.documents() == {}


def test_two_redrives_at_once_the_second_is_refused(world: RedriveWorld) -> None:
    job = Job("j1", "search", RedriveWork(), token=1, beat=1, in_function=True)
    assert world.state.jobs.begin(job)
    with pytest.raises(JobBusy, match="j1"):
        world.redrive()


def test_a_command_of_a_job_that_is_over_does_nothing(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD))
    world.drain()
    world.fix_the_mapping()
    world.work = lambda: None  # type: ignore[method-assign]

    def interrupted() -> None:
        raise KeyboardInterrupt

    world.waits = [lambda: None, interrupted]
    with pytest.raises(JobStopped):
        world.redrive()
    job = world.state.jobs.current("search", "redrive")
    assert job is not None
    job_control.cancel(
        world.state, job, world.sink(), lambda _: None, world.redriving()._setup.polling
    )
    del world.work
    world.drain()
    assert len(world.parked()) == 1
    assert world.documents() == {}


def test_what_is_dropped_is_archived_first(world: RedriveWorld) -> None:
    world.publish(change(1, "c", 1, price=BAD), change(2, "c", 2, price=BAD, title="x" * 50_000))
    world.drain()
    assert [bool(one.payload) for one in world.parked()] == [False, True]
    report = world.redrive("", "drop")
    assert counts(report) == {"chosen": 2, "dropped": 2}
    (copy,) = (
        body for name, body in world.claims.objects.items() if name.startswith(report.archive)
    )
    first, second = copy.decode().splitlines()
    assert '"tx/1"' in first
    assert "x" * 50_000 in second
    assert world.nothing_is_left()
    assert not [name for name in world.claims.objects if "/parked/" in name]
    (job,) = world.state.jobs.ended("search", 9)
    assert (job.kind, job.by, job.outcome) == ("drop", "ann", "2 dropped")
    assert world.documents() == {}


def test_many_changes_are_copied_and_dropped_some_at_a_time(
    world: RedriveWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that only copied would be taken for dead, and all payloads would be in memory."""
    monkeypatch.setattr("shared.flows.redrive.dropped_copy.PART_CHANGES", 2)
    for n in range(1, 6):
        world.publish(change(n, "c", n, price=BAD))
        world.drain()
    read, held, most = world.state.parked.body, set[str](), 0

    def body(consumer: str, one: ParkedChange) -> str | None:
        nonlocal most
        held.difference_update(held - {each.id for each in world.parked()})
        held.add(one.id)
        most = max(most, len(held))
        return read(consumer, one)

    monkeypatch.setattr(world.state.parked, "body", body)
    report = world.redrive("", "drop")
    assert counts(report) == {"chosen": 5, "dropped": 5}
    copies = [
        b for name, b in sorted(world.claims.objects.items()) if name.startswith(report.archive)
    ]
    assert [len(copy.splitlines()) for copy in copies] == [2, 2, 1]
    assert most == 3, "the first of the next part is read before this one is complete"
    assert world.nothing_is_left()


def test_a_redrive_holds_no_stacks_and_messages(world: RedriveWorld) -> None:
    """A hundred thousand changes of a broken handler would be more than its function's memory."""
    stack, message_of = "s" * 8_000, "KeyError: 'ø' " * 100
    for n in range(1, 51):
        one = parked_change(f"tx/{n}", n, row=f"r{n}", stack=stack, message=message_of)
        world.state.parked.add("search", one, "{}")
    where = ParkedWhere.parse("reason~ø")
    some = chosen_changes(world.state.parked, "search", where, 1 << 62, slim=True)
    assert len(some) == 50
    assert len(msgspec.json.encode(some)) < 20_000
    report = world.redrive("reason~ø", "drop")
    (copy,) = (b for name, b in world.claims.objects.items() if name.startswith(report.archive))
    assert copy.count(stack.encode()) == copy.count(message_of.encode()) == 50


def test_both_halves_of_a_key_change_are_redriven_together(world: RedriveWorld) -> None:
    for id, op, row, group in (("tx/7d", "d", 1, "g"), ("tx/7c", "c", 2, "h")):
        one = msgspec.structs.replace(change(7, op, row, price=1), id=id)  # type: ignore[arg-type]
        parked = parked_change(
            id, 7, group, f"r{row}", op=op, key=f'{{"id":{row}}}', table="shop.items"
        )
        world.state.parked.add("search", parked, encode(message([one], group)))
    assert world.redriving().plan(ParkedWhere.parse("key=2")).changes == 2
    assert world.redriving().plan(ParkedWhere.parse("op=d")).changes == 2
    assert counts(world.redrive("key=2")) == {"chosen": 2, "applied": 2}
    assert world.documents(ALIAS) == {"2": {"id": 2, "price": 1}}


def test_a_body_that_was_no_message_stays_parked(world: RedriveWorld) -> None:
    assert world.queue.send([Entry("hello", "odd#g", "1", {"lane": "live"})]) == [None]
    world.drain()
    assert counts(world.redrive()) == {"chosen": 1, "again": 1}
    assert counts(world.redrive("reason~message", "drop")) == {"chosen": 1, "dropped": 1}
    assert world.nothing_is_left()


def test_a_command_names_one_group_and_few_rows() -> None:
    many = [
        parked_change(f"{group}/{n}", n, group, f"r{n % 250}")
        for group in ("g", "h")
        for n in range(500)
    ]
    made = list(commands(many, "j", 1, "apply"))
    assert all(len(one.rows) <= COMMAND_ROWS for one in made)
    assert [one.group for one in made] == sorted(one.group for one in made)
    named = [(one.group, id) for one in made for ids in one.rows.values() for id in ids]
    assert sorted(named) == sorted((one.group, one.id) for one in many)
    assert len({one.deduplication_id for one in made}) == len(made)
    (again, *_) = commands(many, "j", 2, "apply")
    assert again.deduplication_id != made[0].deduplication_id
    assert decode_command(made[0].encoded()) == made[0]


@pytest.mark.parametrize("action", ["apply", "drop"])
def test_a_redrive_reads_each_change_of_a_group_a_few_times_however_many_there_are(
    world: RedriveWorld, action: Any
) -> None:
    many = 1_000
    for n in range(many):
        body = encode(message([change(n + 1, "c", n + 1, price=n)], "g"))
        parked = parked_change(f"tx/{n + 1}", n + 1, "g", row_of({"id": n + 1}))
        world.state.parked.add("search", parked, body)
    world.state.parked.put_rows("search", [RowItem("g", row_of({"id": n})) for n in range(1, many)])
    world.state.parked.flag("search", ["g"])
    read = 0

    def counted(real: Any) -> Any:
        def call(*arguments: Any) -> Any:
            nonlocal read
            read += len(answer := real(*arguments))
            return answer

        return call

    for name in ("of_group", "held", "rows", "rows_of"):
        setattr(world.state.parked, name, counted(getattr(world.state.parked, name)))
    report = world.redrive(action=action)
    assert report.applied + report.dropped == many
    assert read <= 8 * many, "1,000 changes of a group are read 10,000 times in portions of 100"


PROOFS = {
    "archive": "rowline archive audit",
    "elasticsearch": "rowline verify search",
    "handler": "",
    "http": "",
}


def test_an_archive_is_proved_by_its_audit() -> None:
    """It has no documents that a verify could compare, and neither has a webhook or own code."""
    done = RedriveReport("search", "j1", 3, applied=3)
    for kind, command in PROOFS.items():
        proof = proof_of(msgspec.structs.replace(consumer_settings(), sink={"kind": kind}))
        *_, last = lines_of_report(done, proof)
        assert (proof, "next" in last) == (command, bool(command))
