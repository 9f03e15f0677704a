"""`rowline replay`"""

import time
from typing import Annotated

import typer

from cli.archive_jobs import plan_setup, run_from_archive
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.job_options import TablesOption
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.name_list import split_names
from cli.ui.number_limits import rate_option
from shared.flows.jobs.redrive_and_replay_rate import RATE
from shared.flows.replay.plan_lines import lines_of
from shared.flows.replay.replay_plan import ReplayRequest, plan
from shared.flows.replay.replay_report import line_of
from shared.flows.replay.replay_window import moment_us
from shared.values.replay_work import ReplayWork

FromOption = Annotated[
    str,
    typer.Option(
        "--from",
        help="Changes committed from this time on: an age such as 2h, or a time with its zone.",
    ),
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
    rate: Annotated[float, rate_option("Send at most this many changes a second.")] = RATE,
    yes: Annotated[
        bool, typer.Option("--yes", help="Send the changes; without it, only show which.")
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Send archived changes of a time to one consumer, in order per row.

    Without `--yes` it only shows what it would send, and the cost. It runs in the stage's jobs
    function, and continues there after Ctrl-C.

    Example: `rowline replay listingSearch --from 2h --to 1h --yes --stage prod`
    """
    now_ms = time.time_ns() // 1_000_000
    asked = ReplayRequest(
        moment_us(since, now_ms),
        moment_us(until, now_ms) if until else 0,
        tuple(split_names(tables)),
        where,
        key,
        rate,
    )
    deployed = open_stage(stage, service)
    found = plan(plan_setup(deployed, consumer, now_ms), asked)
    console = result_console()
    if not yes:
        if as_json:
            return print_json(found)
        for line in lines_of(found):
            console.print(line, markup=False)
        if found.changes:
            console.print("  next: the same command with --yes", markup=False)
        return
    work = ReplayWork(found.choice, found.rate, found.changes)
    report = run_from_archive(deployed, consumer, work)
    if as_json:
        return print_json(report)
    console.print(line_of(report), markup=False)
    if parked := sum(1 for _ in deployed.state.parked.all(consumer)):
        console.print(f"! {parked:,} changes of the consumer are parked", markup=False)
        console.print(f"  next: rowline parked list {consumer}", markup=False)
