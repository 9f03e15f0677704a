"""Replay report: what a replay did."""

import msgspec

from shared.values.counted import counted


class ReplayReport(msgspec.Struct, frozen=True):
    """changes, messages: sent. deletions: documents deleted again that went meanwhile.

    into: alias → the new index that was filled.
    """

    job: str
    consumer: str
    changes: int
    messages: int
    deletions: int
    seconds: float
    into: dict[str, str] = {}


def line_of(report: ReplayReport) -> str:
    """The report as text."""
    rate = report.changes / report.seconds if report.seconds else 0
    return (
        f"{report.consumer}: {counted(report.changes, 'change')} in "
        f"{counted(report.messages, 'message')}, "
        f"{report.seconds:,.1f} s ({rate:,.0f} changes/s)"
    )
