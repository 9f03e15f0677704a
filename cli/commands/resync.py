"""`rowline resync`"""

from typing import Annotated

import typer

from cli.commands.backfill import FillOptions, run_fill
from cli.deployed import (
    ElasticsearchOption,
    ServiceOption,
    SourceOption,
    StageOption,
    open_stage,
)
from cli.job_options import HereOption, RestartOption, TablesOption
from cli.ui.consent import YesOption
from cli.ui.json_option import JsonOption
from shared.values.job import ResyncWork


def command(
    consumer: Annotated[
        str, typer.Argument(help="The consumer to resync, as the stanza names it.")
    ],
    tables: TablesOption = "",
    restart: RestartOption = False,
    yes: YesOption = False,
    here: HereOption = False,
    source: SourceOption = "",
    elasticsearch: ElasticsearchOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Fill the tables that are due again, then delete the documents that have no row.

    Changes keep flowing. Without --tables it fills the tables that are due. It runs in the
    stage's jobs function, and continues there after Ctrl-C.

    Example: `rowline resync listingSearch --stage prod`
    """
    deployed = open_stage(stage, service, source=source, elasticsearch=elasticsearch)
    options = FillOptions(tables, restart, yes=yes, here=here, as_json=as_json)
    run_fill(deployed, consumer, ResyncWork, options)
