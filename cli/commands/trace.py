"""`rowline trace`"""

from typing import Annotated

import typer
from rich.console import Console

from cli.deployed import ServiceOption, SourceOption, StageOption, open_stage
from cli.start import BEGAN
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from shared.flows.trace.change_trace import ChangeTrace, ConsumerTrace, Step
from shared.flows.trace.sought_change import by_id, by_key
from shared.flows.trace.trace import trace
from shared.values.errors import ConfigError
from shared.values.seq import split_seq
from shared.values.unix_micros import time_text

_FIRST_STEPS, _LAST_STEPS = 2, 6
_ANSWER_SECONDS = 4.0
"""After so long the search in the binlog ends: what it does not reach is a note."""

_OPERATIONS = {"c": "create", "u": "update", "d": "delete", "r": "read", "t": "truncate"}


def command(
    change: Annotated[
        str, typer.Argument(metavar="[CHANGE_ID]", help="The id of a change, as messages have it.")
    ] = "",
    key: Annotated[
        str,
        typer.Option(
            metavar="DATABASE.TABLE:VALUE",
            help="Instead of an id: the latest change of this row; several values with commas.",
        ),
    ] = "",
    consumer: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="Only this consumer; by default all that receive the table."
        ),
    ] = "",
    source: SourceOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the path of a change: committed, read, published, received, applied; and where it is.

    Example: `rowline trace --key market.listings:7`
    """
    if bool(change) == bool(key):
        raise ConfigError(
            "needs the id of a change or a row.",
            thing="rowline trace",
            hint="Write rowline trace CHANGE_ID, or rowline trace --key DATABASE.TABLE:VALUE.",
        )
    sought = by_id(change) if change else by_key(key)
    deployed = open_stage(stage, service, source=source)
    consumers = [deployed.consumer(consumer).name] if consumer else []
    found = trace(deployed, sought, consumers, BEGAN + _ANSWER_SECONDS)
    if as_json:
        return print_json(found)
    _show(found, result_console())


def _show(found: ChangeTrace, console: Console) -> None:
    seq = f", seq {'{}:{:,}'.format(*split_seq(found.seq))}" if found.seq else ""
    operation = _OPERATIONS.get(found.op, "change")
    console.print(f"CHANGE {found.id}", markup=False)
    console.print(f"  {operation} in {found.table}{seq}, group {found.group}", markup=False)
    last = _print(found.steps, 0, console)
    for one in found.consumers:
        console.print(f"{one.consumer}: {_state(one)}", markup=False)
        _print(_shortened(one.steps), last, console)
    if not found.consumers:
        console.print(f"No consumer of the stage receives {found.table}.", markup=False)
    if not found.traced:
        console.print(
            "This message was not traced. Steps without a time are proved by checkpoint and marks.",
            markup=False,
        )
    for note in found.notes:
        console.print(f"! {note}", markup=False)


def _state(one: ConsumerTrace) -> str:
    return f"{one.where}: {one.why}" if one.why else one.where


def _shortened(steps: list[Step]) -> list[Step]:
    """The first attempt and the last ones: a sink that is down for hours is tried for hours."""
    left_out = len(steps) - _FIRST_STEPS - _LAST_STEPS
    if left_out < 2:
        return steps
    between = Step("...", 0, f"{left_out} steps more: --json shows them")
    return [*steps[:_FIRST_STEPS], between, *steps[-_LAST_STEPS:]]


def _print(steps: list[Step], before: int, console: Console) -> int:
    """Print steps, each with the time since the one before; returns the time of the last."""
    for step in steps:
        when, passed = "" if step.name == "..." else "-", ""
        if step.at_ms:
            when = time_text(step.at_ms * 1000)
            passed = f"{(step.at_ms - before) / 1000:+.3f}s" if before else ""
            before = step.at_ms
        note = f"  {step.note}" if step.note else ""
        console.print(f"  {step.name:<10} {when:<24}  {passed:>9}{note}".rstrip(), markup=False)
    return before
