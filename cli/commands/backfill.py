"""`rowline backfill`"""

from typing import Annotated

import typer

from cli.stage import (
    ElasticsearchOption,
    ServiceOption,
    SourceOption,
    StageOption,
    open_stage,
)
from cli.ui.chosen import chosen
from cli.ui.console import print_json, result_console
from cli.ui.progress import RowProgress
from cli.ui.whoami import whoami
from shared.flows.backfill.job import Backfill, BackfillReport


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
    deployed = open_stage(stage, service, source=source, elasticsearch=elasticsearch)
    with RowProgress("backfill") as progress:
        setup = deployed.job(consumer, by=whoami(), show=progress.show)
        report = Backfill(setup).run(chosen(tables), restart=restart)
    if as_json:
        print_json(report)
    else:
        _show(report, sum(deployed.dlq(consumer).depth()))


def _show(report: BackfillReport, aside: int) -> None:
    console = result_console()
    rate = report.rows / report.seconds if report.seconds else 0
    console.print(
        f"{report.consumer}: {report.rows:,} rows of {len(report.tables)} tables in "
        f"{report.messages:,} messages, {report.seconds:,.1f} s"
        f" ({rate:,.0f} rows/s); {report.deletions:,} documents deleted that their rows "
        "had lost meanwhile",
        markup=False,
    )
    if aside:
        console.print(
            f"! {aside:,} messages are in the consumer's DLQ, each with its reason in the "
            "attribute `reason`",
            markup=False,
        )
    console.print(f"  next: rowline verify {report.consumer}", markup=False)
