"""Report: what a redrive would do, and what it did."""

from collections.abc import Iterator

import msgspec

from shared.domain.parked_groups import ParkedGroup


class RedrivePlan(msgspec.Struct, frozen=True):
    """What a redrive would do.

    superseded: changes that are older than what the sink has taken of their row since.
    expired: changes whose payload is gone.
    """

    consumer: str
    where: str
    changes: int
    rows: int
    superseded: int
    expired: int
    groups: list[ParkedGroup]


class RedriveReport(msgspec.Struct, frozen=True):
    """What became of the chosen changes.

    again: refused again, so they stay parked. gone: another redrive was faster.
    archive: where dropped changes were stored.
    """

    consumer: str
    job: str
    chosen: int
    applied: int = 0
    superseded: int = 0
    again: int = 0
    expired: int = 0
    dropped: int = 0
    gone: int = 0
    archive: str = ""
    seconds: float = 0.0


def outcome_of(report: RedriveReport) -> str:
    """What became of the changes, in one line."""
    names = ("applied", "superseded", "again", "expired", "dropped", "gone")
    words = {"again": "parked again"}
    said = [
        f"{count:,} {words.get(name, name)}" for name in names if (count := getattr(report, name))
    ]
    return ", ".join(said) or "nothing was parked"


def lines_of(plan: RedrivePlan) -> Iterator[str]:
    """A plan in words."""
    yield (
        f"{plan.consumer}: {plan.changes:,} changes of {plan.rows:,} rows would be applied"
        if plan.changes
        else f"{plan.consumer}: nothing is parked{' that matches' if plan.where else ''}"
    )
    for group in plan.groups:
        yield f"  {group.count:,} × {group.reason} ({group.table or 'no message'})"
    if plan.superseded:
        yield f"  {plan.superseded:,} are superseded already: their rows have changed since"
    if plan.expired:
        yield f"  {plan.expired:,} have lost their payload: rowline verify {plan.consumer} --repair"


def lines_of_report(report: RedriveReport) -> Iterator[str]:
    """A report in words, with what to do next."""
    took = f"{report.seconds:,.1f} s"
    yield f"{report.consumer}: {outcome_of(report)}; {report.chosen:,} changes, {took}"
    if report.archive:
        yield f"  archive {report.archive}"
    if report.again:
        yield f"  next: rowline parked list {report.consumer}"
    if report.expired:
        yield f"  next: rowline verify {report.consumer} --repair, then rowline parked drop"
    if report.applied and not report.again:
        yield f"  next: rowline verify {report.consumer}"
