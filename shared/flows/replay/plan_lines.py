"""Plan lines: what a replay would do, for people."""

from collections.abc import Iterator

from shared.flows.replay.replay_plan import ReplayPlan
from shared.values.counted import counted
from shared.values.unix_micros import time_text


def lines_of(plan: ReplayPlan) -> Iterator[str]:
    """The plan as text."""
    choice = plan.choice
    kind = "the newest change of each row" if choice.newest else "every change, in order"
    yield (
        f"{plan.consumer}: {counted(plan.changes, 'change')} committed from "
        f"{time_text(choice.from_us)} to "
        f"{time_text(choice.to_us)}"
    )
    yield f"  sends    {kind}, to this consumer alone"
    for name, each in plan.tables.items():
        said = f"  {name}: {counted(each.changes, 'change')}"
        if each.later:
            said += f"; {counted(each.later, 'row')} changed again later and are left out"
        if each.gone:
            said += f"; {counted(each.gone, 'row')} went with a later truncation and are left out"
        yield said
    yield (
        f"  takes    about {plan.seconds:,.0f} s at {plan.rate:g} changes/s, "
        f"{counted(plan.messages, 'message')}, ${plan.usd:.5f} for SQS and Lambda"
    )
    for note in plan.notes:
        yield f"! {note}"
