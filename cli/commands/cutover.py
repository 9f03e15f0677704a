"""`rowline cutover`"""

from typing import Annotated

import msgspec
import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.job_run import require_function, run_in_function
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.number_limits import MOST
from shared.flows.cutover.cutover import CutoverReport
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.job import CutoverWork


def command(
    consumer: Annotated[str, typer.Argument(help="The consumer, as the stanza names it.")],
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Move readers back to the former index.")
    ] = False,
    finish: Annotated[
        bool, typer.Option("--finish", help="Stop writing to the former index.")
    ] = False,
    abandon: Annotated[
        bool, typer.Option("--abandon", help="Give up the new index before the cutover.")
    ] = False,
    accept: Annotated[
        int,
        typer.Option(
            "--accept",
            min=0,
            max=MOST,
            help="Accept that this many parked changes are in neither index.",
        ),
    ] = 0,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Move the readers of a consumer's alias to the index that `backfill --into new` filled.

    Changes keep flowing to both indexes until --finish, so --rollback loses none until then.

    Example: `rowline cutover listingSearch --stage prod`
    """
    asked = [
        name
        for name, wanted in (("rollback", rollback), ("finish", finish), ("abandon", abandon))
        if wanted
    ]
    if len(asked) > 1:
        raise ConfigError(
            f"exclude each other: --{' and --'.join(asked)}.", thing="options", hint="Give one."
        )
    deployed = open_stage(stage, service)
    require_function(deployed)
    work = CutoverWork(step=asked[0] if asked else "cutover", accept=accept)  # type: ignore[arg-type]
    job = run_in_function(deployed, consumer, work, tables="", restart=False, yes=False)
    report = msgspec.convert(job.result, CutoverReport)
    if as_json:
        print_json(report)
    else:
        for line in _lines(report):
            result_console().print(line, markup=False)


def _lines(report: CutoverReport) -> list[str]:
    lines = []
    for (alias, index), other in zip(report.aliases.items(), report.left, strict=True):
        if report.step in ("finish", "abandon"):
            lines.append(f"{report.consumer}: {alias} leads to {index}; {other} is not written now")
            continue
        former, new = report.counts.get(alias, (0, 0))
        lines.append(
            f"{report.consumer}: {alias} leads to {index} ({counted(new, 'document')}) "
            f"instead of {other} ({former:,})"
        )
    if report.step in ("cutover", "rollback"):
        lines.append(f"  readers were moved within {report.paused:.2f} s, and saw all changes")
    if report.parked:
        lines.append(f"! {report.parked:,} parked changes are in neither index")
    if report.step == "cutover":
        lines.append(f"  next: rowline cutover {report.consumer} --finish, or --rollback")
    return lines
