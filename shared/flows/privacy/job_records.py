"""Job records: what jobs keep of a row: keys up to which they came, differences, conditions."""

from collections.abc import Collection
from typing import Any

import msgspec

from shared.flows.privacy.person import Person
from shared.flows.privacy.privacy_setup import PrivacySetup
from shared.values.erasure import Erasure, Subject
from shared.values.job import (
    SLOTS,
    BackfillWork,
    Job,
    ResyncWork,
    VerifyWork,
    Work,
)
from shared.values.redrive_work import RedriveWork
from shared.values.replay_work import ReplayWork
from shared.values.settings import ConsumerSettings
from shared.values.snapshot_work import SnapshotWork

REMOVED = "(removed by an erasure)"
ALL_JOBS = 1_000_000
_LATELY = 100
"""Jobs of a consumer that are looked at for those that ended during a run of 15 minutes."""


def open_job(setup: PrivacySetup, erasure: Erasure) -> str:
    """Why an open job keeps an erasure waiting; empty: none does.

    It may bring the rows back, it records their deletions to prevent just that, and what it stores
    of its progress names keys.
    """
    for name, consumer in setup.consumers.items():
        wanted = [each.full_name for each in erasure.subjects if takes(consumer, each)]
        for slot in SLOTS if wanted else ():
            job = setup.archive.state.jobs.current(name, slot)
            if job and _touches(job, wanted):
                return (
                    f"{job.kind} {job.id} of consumer {name} is {job.state}; it ends, or "
                    f"rowline jobs cancel {job.id}"
                )
    return ""


def over(setup: PrivacySetup) -> set[str]:
    """The ids of the last jobs that are over."""
    jobs = setup.archive.state.jobs
    return {job.id for name in setup.consumers for job in jobs.ended(name, _LATELY)}


def job_meanwhile(setup: PrivacySetup, erasure: Erasure, known: Collection[str]) -> str:
    """Why the steps of a run must be repeated; empty: they need not.

    A job that began after the run had looked may have read the rows, and left copies where the run
    had been already. known: the jobs that were over before.
    """
    if why := open_job(setup, erasure):
        return why
    for name, consumer in setup.consumers.items():
        wanted = [each.full_name for each in erasure.subjects if takes(consumer, each)]
        for job in setup.archive.state.jobs.ended(name, _LATELY) if wanted else ():
            if job.id not in known and _touches(job, wanted):
                return f"{job.kind} {job.id} of consumer {name} ended while rows were removed"
    return ""


def forget(setup: PrivacySetup, erasure: Erasure) -> Erasure:
    """Take the rows out of the jobs that are over, of reports, and of groups in hand."""
    person, state, removed = Person.read(setup, erasure), setup.archive.state, 0
    for name in setup.consumers:
        for job in state.jobs.ended(name, ALL_JOBS):
            changed = without(job, person)
            state.jobs.amend(changed)
            removed += changed != job
        if report := state.reports.read(name):
            changed_report = _report(report, person)
            if changed_report != report:
                state.reports.save(name, changed_report)
                removed += 1
        _hands(setup, name, person)
    return erasure.with_removed(jobs=removed)


def _hands(setup: PrivacySetup, consumer: str, person: Person) -> None:
    """A change of a backfill that a function was killed with: its id is made of the key."""
    in_hand = setup.archive.state.groups_in_hand
    begun = in_hand.read(consumer, person.groups)
    filled = [group for group, one in begun.items() if one.change.startswith(("r/", "s/"))]
    in_hand.end(consumer, filled)


def without(job: Job, person: Person) -> Job:
    """A job that is over, without what names the person."""
    outcome = REMOVED if person.is_quoted(job.outcome) else job.outcome
    note = "" if person.is_quoted(job.progress.note) else job.progress.note
    return msgspec.structs.replace(
        job,
        work=_work(job.work, person),
        outcome=outcome,
        progress=msgspec.structs.replace(job.progress, note=note),
        result=_report(job.result, person),
    )


def _work(work: Work, person: Person) -> Work:
    replace: Any = msgspec.structs.replace
    if isinstance(work, BackfillWork | ResyncWork):
        return replace(work, tables=_places(work.tables, person))  # type: ignore[no-any-return]
    if isinstance(work, SnapshotWork):
        return replace(work, tables=_places(work.tables, person))  # type: ignore[no-any-return]
    if isinstance(work, VerifyWork):
        listed = tuple(
            each for each in work.listed if not _is_listed(person, each.table, each.id, each.reason)
        )
        reasons = _reasons(work.reasons, person)
        return replace(work, listed=listed, reasons=reasons, part=None)  # type: ignore[no-any-return]
    if isinstance(work, RedriveWork):
        return replace(work, where=_said(work.where, person))  # type: ignore[no-any-return]
    if isinstance(work, ReplayWork):
        choice = replace(
            work.choice,
            keys=tuple(_said(each, person) for each in work.choice.keys),
            where=_said(work.choice.where, person),
        )
        of_person = any(each.full in person.keys for each in work.choice.tables)
        places = {"bounds": (), "low": ""} if of_person else {}
        return replace(work, choice=choice, **places)  # type: ignore[no-any-return]
    return work


def _places(tables: dict[str, Any], person: Person) -> dict[str, Any]:
    """Without the places in the person's tables: a job that is over continues nowhere."""
    return {
        name: msgspec.structs.replace(each, cursor="", chunks=()) if name in person.keys else each
        for name, each in tables.items()
    }


def _report(report: dict[str, Any], person: Person) -> dict[str, Any]:
    changed = dict(report)
    if listed := report.get("listed"):
        changed["listed"] = [
            each
            for each in listed
            if not _is_listed(person, each["table"], each["id"], each.get("reason", ""))
        ]
    if reasons := report.get("reasons"):
        changed["reasons"] = _reasons(reasons, person)
    return changed


def _is_listed(person: Person, table: str, id: str, reason: str) -> bool:
    return table in person.keys and (person.is_named(id) or person.is_quoted(reason))


def _reasons(reasons: dict[str, int], person: Person) -> dict[str, int]:
    found: dict[str, int] = {}
    for text, count in reasons.items():
        said = REMOVED if person.is_quoted(text) else text
        found[said] = found.get(said, 0) + count
    return found


def _said(text: str, person: Person) -> str:
    return REMOVED if person.is_named(text) else text


def takes(consumer: ConsumerSettings, subject: Subject) -> bool:
    """Whether a consumer has the changes of these rows."""
    return consumer.source == subject.source and consumer.wants(subject.database, subject.table)


def _touches(job: Job, tables: list[str]) -> bool:
    """Whether a job is about one of the tables. What it will choose itself may be."""
    work = job.work
    chosen: set[str]
    if isinstance(work, BackfillWork | ResyncWork | SnapshotWork):
        chosen = set(work.tables)
    elif isinstance(work, VerifyWork):
        chosen = set(work.chosen)
    elif isinstance(work, ReplayWork):
        chosen = {each.full for each in work.choice.tables}
    else:
        chosen = set()
    return not chosen or not chosen.isdisjoint(tables)
