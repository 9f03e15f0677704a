"""`rowline source reset`"""

import sys
import time
from typing import Annotated

import typer

from cli.commands.relay import foreground
from cli.commands.source_move import command as move
from cli.deployed import ServiceOption, StageOption, open_stage
from shared.flows.source.reset import reset as reset_stream
from shared.values.errors import ConfigError

app = typer.Typer(
    no_args_is_help=True, help="Change where a source is read.", rich_markup_mode="markdown"
)


@app.callback()
def source() -> None:
    """Change where a source is read."""


@app.command()
def reset(
    source: Annotated[
        str | None, typer.Argument(help="The source; may be left out when there is one.")
    ] = None,
    start: Annotated[
        str,
        typer.Option("--start", help="The position: earliest, latest, FILE:OFFSET or a GTID set."),
    ] = "latest",
    stage: StageOption = "local",
    service: ServiceOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Read a source from another position on, with numbers above all earlier ones.

    Changes between the two positions are not published, so backfill afterwards.

    Example: `rowline source reset shop --start latest --stage prod`
    """
    deployed = open_stage(stage, service)
    job = foreground(deployed, deployed.source(source))
    if not yes and not sys.stdin.isatty():
        raise ConfigError(
            f"would be read from {start} on, and what lies before would be skipped.",
            thing=f"source {job.source.name}",
            hint="To agree, run the same command with --yes.",
        )
    if not yes:
        typer.confirm(
            f"Read {job.source.name} of {deployed.full_name} from {start} on, "
            "and skip what lies before?",
            abort=True,
            err=True,
        )
    old, new = reset_stream(job, start, time.time_ns() // 1_000_000)
    typer.echo(
        f"{job.source.name}: {old.position if old else 'never read'} → {new.position}, "
        f"epoch {new.epoch}. Now backfill its consumers: rowline backfill."
    )


app.command("move")(move)
