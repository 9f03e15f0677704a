"""`rowline backfill`"""

from enum import StrEnum
from typing import Annotated

import typer

from cli.stage import ServiceOption, StageOption, open_stage
from cli.ui.chosen import chosen
from cli.ui.console import print_json, result_console
from cli.ui.progress import RowProgress
from shared.flows.backfill.job import Backfill, BackfillReport


class Origin(StrEnum):
    """Where the rows come from."""

    source = "source"


def command(
    consumer: Annotated[str, typer.Argument(help="The consumer to fill, as the stanza names it.")],
    origin: Annotated[
        Origin, typer.Option("--from", help="Read the rows from the source database.")
    ] = Origin.source,
    tables: Annotated[
        str,
        typer.Option("--tables", help="Only these tables: names or patterns, separated by commas."),
    ] = "",
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Begin anew instead of going on with a run that was interrupted."
        ),
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Fill a consumer with the rows that are already there, while changes keep flowing.

    Interrupted at any point, the same command goes on where it stopped.

    Example: `rowline backfill listingSearch --from source --tables 'market.listings' --stage prod`
    """
    deployed = open_stage(stage, service)
    settings = deployed.consumer(consumer)
    source = deployed.settings.source_of(settings)
    with RowProgress("backfill") as progress:
        job = Backfill(
            settings,
            source,
            database=deployed.database(source.name),
            state=deployed.state,
            claims=deployed.claims,
            queue=deployed.queue(settings.name),
            sink=deployed.sink(settings.name),
            mask_key=deployed.mask_key(source),
            tell=lambda now: progress.show(now.rows, now.estimate, now.table, now.note),
        )
        report = job.run(chosen(tables), restart=restart)
    if as_json:
        print_json(report)
    else:
        _show(report, sum(deployed.dlq(settings.name).depth()))


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
