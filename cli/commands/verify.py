"""`rowline verify`"""

from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cli.deployed import (
    ElasticsearchOption,
    ServiceOption,
    SourceOption,
    StageOption,
    open_stage,
)
from cli.job_options import HereOption, RestartOption, TablesOption
from cli.job_run import run_in_function, runs_here
from cli.ui.consent import YesOption, consent
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.name_list import split_names
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.flows.verify.verify import MAX_LISTED, Verify
from shared.flows.verify.verify_report import VerifyReport
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.job import VerifyWork

_SHOWN = 20


def command(
    consumer: Annotated[
        str, typer.Argument(help="The consumer to compare with its source, as the stanza names it.")
    ],
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Write missing and different documents, delete extra ones.",
        ),
    ] = False,
    tables: TablesOption = "",
    index: Annotated[
        str,
        typer.Option("--index", help="Compare with this index or alias instead of the consumer's."),
    ] = "",
    ignore: Annotated[
        str, typer.Option("--ignore", help="Fields that may differ, separated by commas.")
    ] = "",
    restart: RestartOption = False,
    yes: YesOption = False,
    here: HereOption = False,
    source: SourceOption = "",
    elasticsearch: ElasticsearchOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Compare every row with its document, and every document with its row.

    Changes keep flowing. Exit code 1 when differences remain. Writes nothing to the index without
    --repair. It runs in the stage's jobs function, and continues there after Ctrl-C.

    Example: `rowline verify listingSearch --repair --stage prod`
    """
    deployed = open_stage(stage, service, source=source, elasticsearch=elasticsearch)
    if repair and (index or ignore):
        raise ConfigError(
            "repairs the consumer's own index, whole.",
            thing="--repair",
            hint="Leave out --index and --ignore.",
        )
    fields = tuple(split_names(ignore))
    if runs_here(deployed, consumer, here):
        with RowProgress("verify") as progress:
            agreed = consent(yes, progress)
            setup = deployed.job(consumer, by=whoami(), show=progress.show, consent=agreed)
            report = Verify(setup, repair=repair, index=index, ignore=fields).run(
                split_names(tables), restart=restart
            )
    else:
        work = VerifyWork(repair=repair, index=index, ignore=fields)
        job = run_in_function(deployed, consumer, work, tables=tables, restart=restart, yes=yes)
        report = msgspec.convert(job.result, VerifyReport)
    if as_json:
        print_json(report)
    else:
        show_verify(report, result_console(), repair)
    raise typer.Exit(1 if report.differences else 0)


def show_verify(report: VerifyReport, console: Console, repair: bool) -> None:
    """Print what a verify found."""
    for found in report.listed[:_SHOWN]:
        about = found.reason or ", ".join(found.fields)
        about = f": {about}" if about else ""
        console.print(f"{found.kind:<9}  {found.table}  {found.id}{about}", markup=False)
    count = report.missing + report.extra + report.different + report.shared + report.refused
    if count > min(_SHOWN, len(report.listed)):
        console.print(
            f"           and {count - min(_SHOWN, len(report.listed)):,} more (--json lists up "
            f"to {MAX_LISTED:,})",
            markup=False,
        )
    rate = report.rows / report.seconds if report.seconds else 0
    console.print(
        f"{report.consumer}: {counted(report.rows, 'row')} compared with {report.documents:,} "
        f"documents in {report.seconds:,.1f} s ({rate:,.0f} rows/s):"
        f" {counted(report.differences, 'difference')}",
        markup=False,
    )
    if count:
        repaired = f"; {report.repaired:,} repaired" if repair else ""
        console.print(
            f"  {report.missing:,} missing, {report.extra:,} extra, {report.different:,} "
            f"different{repaired}",
            markup=False,
        )
    console.print(f"  {report.reads} beside {report.writes}", markup=False)
    if report.shared:
        console.print(
            f"! {report.shared:,} ids are shared by several rows: one document cannot show them "
            "all. Choose `id` columns that are unique.",
            markup=False,
        )
    if report.refused:
        console.print(
            f"! {counted(report.refused, 'row')} cannot become documents, for the reasons above",
            markup=False,
        )
    if report.epochs:
        console.print(
            "! somebody else writes to the index: documents had versions above the relay's "
            "numbers. The relay now numbers above them.",
            markup=False,
        )
    for reason, times in report.reasons.items():
        console.print(
            f"! {counted(times, 'document')} could not be written: {reason}", markup=False
        )
    if report.behind:
        console.print(
            "! the relay or the consumer had not caught up: differences may be changes that "
            "are still under way",
            markup=False,
        )
    if report.differences > report.shared and not repair:
        console.print(f"  next: rowline verify {report.consumer} --repair", markup=False)
