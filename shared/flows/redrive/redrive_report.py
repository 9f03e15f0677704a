"""Redrive report: what a redrive would do, and what it did."""

from collections.abc import Iterable, Iterator

import msgspec

from shared.domain.parked_by_reason import ParkedReason
from shared.values.counted import counted


class RedrivePlan(msgspec.Struct, frozen=True):
    """What a redrive would do.

    superseded: changes that are older than what the sink has taken of their row since.
    expired: changes whose payload is gone. due_tables: the tables that become due for them.
    """

    consumer: str
    where: str
    changes: int
    rows: int
    superseded: int
    expired: int
    groups: list[ParkedReason]
    due_tables: list[str] = []


class RedriveReport(msgspec.Struct, frozen=True):
    """What became of the chosen changes.

    filtered: the consumer does not want them any more, so they are dropped.
    again: refused again, so they stay parked. expired: their payloads are gone; they stay parked.
    due: their payloads are gone, and `due_tables` are due for a resync.
    gone: another redrive was faster. archive: where dropped changes were stored.
    """

    consumer: str
    job: str
    chosen: int
    applied: int = 0
    superseded: int = 0
    again: int = 0
    expired: int = 0
    due: int = 0
    due_tables: list[str] = []
    filtered: int = 0
    dropped: int = 0
    gone: int = 0
    archive: str = ""
    seconds: float = 0.0


def job_outcome(report: RedriveReport) -> str:
    """What became of the changes, in one line."""
    names = ("applied", "superseded", "filtered", "again", "expired", "due", "dropped", "gone")
    words = {"again": "parked again", "due": "expired and their tables due"}
    said = [
        f"{count:,} {words.get(name, name)}" for name in names if (count := getattr(report, name))
    ]
    return ", ".join(said) or "nothing was parked"


def lines_of(plan: RedrivePlan) -> Iterator[str]:
    """A plan in words."""
    yield (
        f"{plan.consumer}: {counted(plan.changes, 'change')} of {counted(plan.rows, 'row')} would "
        "be applied"
        if plan.changes
        else f"{plan.consumer}: nothing is parked{' that matches' if plan.where else ''}"
    )
    for group in plan.groups:
        yield f"  {group.count:,} × {group.reason} ({group.table or 'no message'})"
    if plan.superseded:
        yield f"  {plan.superseded:,} are superseded already: their rows have changed since"
    if plan.due_tables:
        yield f"  {plan.expired:,} have lost their payload: the redrive makes their tables due"
        yield f"  then: {resync_of(plan.consumer, plan.due_tables)}"
    elif plan.expired:
        yield f"  {plan.expired:,} have lost their payload, and cannot be applied any more"


def resync_of(consumer: str, tables: Iterable[str]) -> str:
    """The command that reads the rows of these tables again."""
    named = ",".join(tables)
    return f"rowline resync {consumer}" + (f" --tables '{named}'" if named else "")


def lines_of_report(report: RedriveReport, proof: str) -> Iterator[str]:
    """A report in words, with what to do next.

    proof: the command that shows whether the consumer has everything; empty where none can.
    """
    took = f"{report.seconds:,.1f} s"
    yield f"{report.consumer}: {job_outcome(report)}; {counted(report.chosen, 'change')}, {took}"
    if report.archive:
        yield f"  archive {report.archive}"
    if report.again:
        yield f"  next: rowline parked list {report.consumer}"
    if report.due:
        yield f"  next: {resync_of(report.consumer, report.due_tables)}"
    if report.expired:
        yield f"  next: rowline parked show {report.consumer}; what is expired can only be dropped"
    if proof and report.applied and not report.again:
        yield f"  next: {proof}"
