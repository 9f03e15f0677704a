"""`rowline backfill`"""

from typing import Annotated

import typer

from cli.deployed import (
    ElasticsearchOption,
    ServiceOption,
    SourceOption,
    StageOption,
    open_stage,
)
from cli.ui.chosen import chosen
from cli.ui.consent import consent
from cli.ui.console import print_json, result_console
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.flows.backfill.backfill import Backfill
from shared.flows.backfill.report import BackfillReport
from shared.values.job import BackfillWork, ResyncWork


def command(
    consumer: Annotated[str, typer.Argument(help="The consumer to fill, as the stanza names it.")],
    tables: Annotated[
        str,
        typer.Option("--tables", help="Only these tables: names or patterns, separated by commas."),
    ] = "",
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Read every row again instead of continuing an interrupted job."
        ),
    ] = False,
    source: SourceOption = "",
    elasticsearch: ElasticsearchOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fill a consumer with the rows that are already there, while changes keep flowing.

    Interrupted at any point, the same command continues where it stopped.

    Example: `rowline backfill listingSearch --tables 'market.listings' --stage prod`
    """
    run_fill(
        consumer,
        BackfillWork,
        tables=tables,
        restart=restart,
        yes=False,
        source=source,
        elasticsearch=elasticsearch,
        stage=stage,
        service=service,
        as_json=as_json,
    )


def run_fill(
    consumer: str,
    kind: type[BackfillWork | ResyncWork],
    *,
    tables: str,
    restart: bool,
    yes: bool,
    source: str,
    elasticsearch: str,
    stage: str,
    service: str,
    as_json: bool,
) -> None:
    """Run a backfill or a resync, and print what it did."""
    deployed = open_stage(stage, service, source=source, elasticsearch=elasticsearch)
    with RowProgress(kind.__name__.removesuffix("Work").lower()) as progress:
        agreed = consent(yes, progress)
        setup = deployed.job(consumer, by=whoami(), show=progress.show, consent=agreed)
        report = Backfill(setup, kind).run(chosen(tables), restart=restart)
    if as_json:
        print_json(report)
    else:
        _show(report, kind is ResyncWork, sum(deployed.dlq(consumer).depth()))


def _show(report: BackfillReport, resync: bool, aside: int) -> None:
    console = result_console()
    if not report.tables:
        console.print(f"{report.consumer}: nothing is due", markup=False)
        return
    rate = report.rows / report.seconds if report.seconds else 0
    lines = [
        f"{report.consumer}: {report.rows:,} rows of {len(report.tables)} tables in "
        f"{report.messages:,} messages, {report.seconds:,.1f} s ({rate:,.0f} rows/s); "
        f"{report.deletions:,} documents deleted that their rows had lost meanwhile",
        f"  {report.reads} to {report.writes}",
    ]
    if resync:
        lines.append(f"  {report.ghosts:,} documents without a row deleted")
    elif report.ghosts:
        lines += [
            f"! {report.ghosts:,} documents have no row",
            f"  next: rowline resync {report.consumer}",
        ]
    if aside:
        lines.append(
            f"! {aside:,} messages are in the consumer's DLQ, each with its reason in the "
            "attribute `reason`"
        )
    lines.append(f"  next: rowline verify {report.consumer}")
    for line in lines:
        console.print(line, markup=False)
