"""`rowline resync`"""

from typing import Annotated

import typer

from cli.commands.backfill import run_fill
from cli.deployed import ElasticsearchOption, ServiceOption, SourceOption, StageOption
from cli.ui.consent import YesOption
from shared.values.job import ResyncWork


def command(
    consumer: Annotated[
        str, typer.Argument(help="The consumer to resync, as the stanza names it.")
    ],
    tables: Annotated[
        str,
        typer.Option(
            "--tables",
            help="These tables instead of those that are due: names or patterns with commas.",
        ),
    ] = "",
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Read every row again instead of continuing an interrupted job."
        ),
    ] = False,
    yes: YesOption = False,
    source: SourceOption = "",
    elasticsearch: ElasticsearchOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Settle what is due: bring the rows again, then delete the documents that have no row.

    Changes keep flowing. Interrupted at any point, the same command continues where it stopped.

    Example: `rowline resync listingSearch --stage prod`
    """
    run_fill(
        consumer,
        ResyncWork,
        tables=tables,
        restart=restart,
        yes=yes,
        source=source,
        elasticsearch=elasticsearch,
        stage=stage,
        service=service,
        as_json=as_json,
    )
