"""`rowline backfill`"""

from typing import Annotated, NamedTuple

import msgspec
import typer

from cli.backfill_from_archive import fill_consumer_from_archive
from cli.deployed import (
    ElasticsearchOption,
    ServiceOption,
    SourceOption,
    StageOption,
    open_stage,
)
from cli.job_options import HereOption, RestartOption, TablesOption
from cli.job_run import run_in_function, runs_here
from cli.proof import proof_of
from cli.ui.consent import consent
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.name_list import split_names
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.flows.backfill.backfill import Backfill
from shared.flows.backfill.backfill_report import BackfillReport
from shared.flows.jobs.fill_conditions import require_fillable
from shared.stage import Stage
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.job import BackfillWork, ResyncWork
from shared.values.new_indexes import NewIndexes


def command(
    consumer: Annotated[str, typer.Argument(help="The consumer to fill, as the stanza names it.")],
    tables: TablesOption = "",
    into: Annotated[
        str,
        typer.Option(
            "--into", help="`new`: fill a new index beside the serving one; see `rowline cutover`."
        ),
    ] = "",
    origin: Annotated[
        str,
        typer.Option(
            "--from", help="`archive`: rows of the latest snapshot, with the changes since."
        ),
    ] = "",
    restart: RestartOption = False,
    here: HereOption = False,
    source: SourceOption = "",
    elasticsearch: ElasticsearchOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fill a consumer with the rows that are already there, while changes keep flowing.

    It runs in the stage's jobs function, and continues there after Ctrl-C.

    Example: `rowline backfill listingSearch --tables 'market.listings' --stage prod`
    """
    if into not in ("", "new"):
        raise ConfigError(f"is {into!r}.", thing="--into", hint="The only value is `new`.")
    if origin not in ("", "archive"):
        raise ConfigError(f"is {origin!r}.", thing="--from", hint="The only value is `archive`.")
    if origin and (restart or here or source):
        raise ConfigError(
            "excludes --restart, --here and --source.",
            thing="--from archive",
            hint="End a former job with rowline jobs cancel, and begin again.",
        )
    deployed = open_stage(stage, service, source=source, elasticsearch=elasticsearch)
    if origin:
        return fill_consumer_from_archive(
            deployed, consumer, tables, into=into == "new", as_json=as_json
        )
    options = FillOptions(
        tables, restart, yes=False, here=here, as_json=as_json, into=into == "new"
    )
    run_fill(deployed, consumer, BackfillWork, options)


class FillOptions(NamedTuple):
    """The options that a backfill and a resync share."""

    tables: str
    restart: bool
    yes: bool
    here: bool
    as_json: bool
    into: bool = False


def run_fill(
    stage: Stage,
    consumer: str,
    kind: type[BackfillWork | ResyncWork],
    options: FillOptions,
) -> None:
    """Run a backfill or a resync, and print what it did."""
    require_fillable(stage.consumer(consumer))
    if runs_here(stage, consumer, options.here):
        with RowProgress(kind.__name__.removesuffix("Work").lower()) as progress:
            agreed = consent(options.yes, progress)
            setup = stage.job(consumer, by=whoami(), show=progress.show, consent=agreed)
            fill = Backfill(setup, kind, into=options.into)
            report = fill.run(split_names(options.tables), restart=options.restart)
    else:
        job = run_in_function(
            stage,
            consumer,
            BackfillWork(into=NewIndexes()) if options.into else kind(),
            tables=options.tables,
            restart=options.restart,
            yes=options.yes,
        )
        report = msgspec.convert(job.result, BackfillReport)
    if options.as_json:
        print_json(report)
    else:
        proof = proof_of(stage.consumer(consumer))
        show_fill(report, kind is ResyncWork, changes_parked(stage, consumer), proof)


def changes_parked(stage: Stage, consumer: str) -> int:
    """How many changes of a consumer are parked."""
    return sum(1 for _ in stage.state.parked.all(consumer))


def show_fill(report: BackfillReport, resync: bool, parked: int, proof: str) -> None:
    """Print what a backfill or a resync did.

    parked: the consumer's parked changes. proof: the command that compares it; empty for none.
    """
    console = result_console()
    if not report.tables:
        console.print(f"{report.consumer}: nothing is due", markup=False)
        return
    rate = report.rows / report.seconds if report.seconds else 0
    lines = [
        f"{report.consumer}: {counted(report.rows, 'row')} of "
        f"{counted(len(report.tables), 'table')} in {counted(report.messages, 'message')}, "
        f"{report.seconds:,.1f} s ({rate:,.0f} rows/s); "
        f"{counted(report.deletions, 'document')} deleted that their rows had lost meanwhile",
        f"  {report.reads} to {report.writes}",
    ]
    if resync:
        lines.append(f"  {counted(report.ghosts, 'document')} without a row deleted")
    elif report.ghosts:
        lines += [
            f"! {report.ghosts:,} documents have no row",
            f"  next: rowline resync {report.consumer}",
        ]
    if parked:
        lines += [
            f"! {parked:,} changes of the consumer are parked",
            f"  next: rowline parked list {report.consumer}",
        ]
    for alias, index in report.into.items():
        lines.append(f"  {index} is filled; {alias} does not lead to it yet")
        lines.append(f"  next: rowline verify {report.consumer} --index {index}")
    if report.into:
        lines.append(f"  then: rowline cutover {report.consumer}")
    elif proof:
        lines.append(f"  next: {proof}")
    for line in lines:
        console.print(line, markup=False)
