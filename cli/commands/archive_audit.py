"""`rowline archive audit`"""

import time
from typing import Annotated

import msgspec
import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.duration import seconds_of
from shared.flows.archive.reports import Audited


def command(
    since: Annotated[
        str,
        typer.Option("--since", help="Only changes that are younger: 90m, 24h, 7d."),
    ] = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove that the table holds every change once, or name the numbers that are wrong.

    Compares the table, the ledger, and the numbers that the streams gave out. Exit code 1 when they
    differ.

    Example: `rowline archive audit --since 24h --stage prod`
    """
    since_ms = int((time.time() - seconds_of(since)) * 1000) if since else 0
    deployed = open_stage(stage, service)
    event = {"do": "audit", "since_ms": since_ms}
    answer = deployed.functions.call(deployed.resources.archive_function, event)
    found = msgspec.convert(answer["epochs"], list[Audited])
    if as_json:
        print_json(found)
    else:
        _show(found)
    raise typer.Exit(0 if all(each.complete for each in found) else 1)


def _show(found: list[Audited]) -> None:
    console = result_console()
    for each in found:
        said = "complete" if each.complete else "not complete"
        console.print(
            f"{each.stream} epoch {each.epoch}: {each.rows:,} rows, n {each.first:,} to "
            f"{each.last:,}, {said}",
            markup=False,
        )
        for numbers, what in (
            (each.missing, "were archived and are not in the table"),
            (each.repeated, "are in the table more than once"),
            (each.unknown, "are in the table and not in the ledger"),
            (each.absent, "were published and never archived, or are still under way"),
        ):
            if numbers.count:
                console.print(f"! {numbers.count:,} {what}: n {numbers}", markup=False)
    if not found:
        console.print("nothing is archived yet", markup=False)
