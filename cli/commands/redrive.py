"""`rowline redrive`"""

from typing import Annotated

import typer

from cli.commands.parked import ConsumerArgument, WhereOption
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.proof import proof_of
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.number_limits import rate_option
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.domain.parked_where import ParkedWhere
from shared.flows.jobs.redrive_and_replay_rate import RATE
from shared.flows.redrive.redrive import Redrive
from shared.flows.redrive.redrive_report import lines_of, lines_of_report


def command(
    consumer: ConsumerArgument,
    where: WhereOption = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Apply the changes; without it, only show which.")
    ] = False,
    rate: Annotated[float, rate_option("Apply at most this many changes a second.")] = RATE,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Apply parked changes again, in order, once their cause is removed.

    Without `--yes` it only shows what would be applied. After an interruption, the same command
    continues. Exit code 1 when changes were parked again or have expired, or when a table is due.

    Example: `rowline redrive listingSearch --where 'reason~mapping' --yes`
    """
    deployed = open_stage(stage, service)
    meant = ParkedWhere.parse(where)
    if not yes:
        plan = Redrive(deployed.redrive(consumer)).plan(meant)
        if as_json:
            return print_json(plan)
        console = result_console()
        for line in lines_of(plan):
            console.print(line, markup=False)
        if plan.changes:
            console.print("  next: the same command with --yes", markup=False)
        return
    with RowProgress("redrive") as progress:
        setup = deployed.redrive(consumer, by=whoami(), show=progress.show)
        report = Redrive(setup).run(meant, rate=rate)
    if as_json:
        print_json(report)
    else:
        console = result_console()
        for line in lines_of_report(report, proof_of(setup.consumer)):
            console.print(line, markup=False)
    raise typer.Exit(int(bool(report.again or report.expired or report.due)))
