"""`rowline replay`"""

import time
from typing import Annotated

import typer

from cli.archive_function import ask_archive
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.job_options import JsonOption, TablesOption
from cli.ui.chosen import chosen
from cli.ui.console import print_json, result_console
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.plan_lines import lines_of
from shared.flows.replay.planning import RATE, Asked, PlanSetup, plan
from shared.flows.replay.window import moment_us
from shared.stage import Stage

FromOption = Annotated[
    str,
    typer.Option("--from", help="Changes committed from this time on: 2h, or a time with zone."),
]
ToOption = Annotated[
    str,
    typer.Option("--to", help="Changes committed before this time; without it, all archived ones."),
]


def command(
    consumer: Annotated[str, typer.Argument(help="The consumer, as the stanza names it.")],
    since: FromOption,
    until: ToOption = "",
    tables: TablesOption = "",
    where: Annotated[
        str,
        typer.Option("--where", help="Only these: conditions such as 'op=u city=Oslo price!=0'."),
    ] = "",
    key: Annotated[str, typer.Option("--key", help="Only the row with this key.")] = "",
    rate: Annotated[
        float, typer.Option("--rate", min=0.1, help="Send at most so many changes a second.")
    ] = RATE,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show which archived changes of a time a replay would send to one consumer.

    Example: `rowline replay listingSearch --from 2h --stage prod`
    """
    now_ms = time.time_ns() // 1_000_000
    asked = Asked(
        moment_us(since, now_ms),
        moment_us(until, now_ms) if until else 0,
        tuple(chosen(tables)),
        where,
        key,
        rate,
    )
    deployed = open_stage(stage, service)
    found = plan(plan_setup(deployed, consumer, now_ms), asked)
    if as_json:
        return print_json(found)
    console = result_console()
    for line in lines_of(found):
        console.print(line, markup=False)


def plan_setup(deployed: Stage, name: str, now_ms: int) -> PlanSetup:
    """The parts that a plan needs. Raises ConfigError, StackError where there is no archive."""
    consumer = deployed.consumer(name)
    source = deployed.settings.source_of(consumer)
    place = deployed.resources.archive_function  # before anything else: there may be none
    settings = deployed.settings.archive
    assert place
    assert settings
    return PlanSetup(
        consumer,
        source,
        [source.stream, *(each.stream for each in deployed.settings.siblings(source))],
        deployed.state,
        ArchiveReader(lambda event: ask_archive(deployed, event)),
        settings.retention_days,
        now_ms,
    )
