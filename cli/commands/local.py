"""`rowline local`: a real database, a real Elasticsearch and an AWS emulator on this machine."""

import os
from typing import Annotated

import typer

from cli.ui.console import note_console, print_json, result_console
from cli.ui.printed_table import new_table, print_table
from local import elsewhere, local_stage
from local.servers import mariadb
from shared.values.errors import RowlineError

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="A database, Elasticsearch and AWS on this machine, without Docker.",
)

StageName = Annotated[
    str, typer.Option("--name", metavar="NAME", help="Which stage: several may run side by side.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command("up")
def up(name: StageName = local_stage.DEFAULT_NAME, as_json: Json = False) -> None:
    """Start what is not running and print where it is.

    ROWLINE_SOURCE, ROWLINE_ELASTICSEARCH and AWS_ENDPOINT_URL point any of the three elsewhere.

    Example: `rowline local up`
    """
    if not mariadb.is_available() and not os.environ.get(elsewhere.VARIABLES["mariadb"]):
        raise mariadb.unavailable()  # first of all, before anything is fetched
    console = note_console()
    with console.status("starting") as status:

        def announce(line: str) -> None:
            console.print("·", line, style="dim", markup=False)
            status.update(line)

        started = local_stage.up(name, announce=announce)
    _show(started.status(), as_json)
    if not as_json:
        console.print(
            f'Its variables, for your shell: eval "$(rowline local env{_option(name)})"',
            markup=False,
        )


@app.command("down")
def down(
    name: StageName = local_stage.DEFAULT_NAME,
    purge: Annotated[bool, typer.Option("--purge", help="Also remove its data and logs.")] = False,
) -> None:
    """Stop what `up` started; the data stay unless --purge.

    Example: `rowline local down --purge`
    """
    try:
        found = local_stage.LocalStage.load(name)
    except RowlineError:
        typer.echo(f"the local stage ({name}) is not up.", err=True)
        return
    found.down(purge=purge)
    typer.echo(
        f"the local stage ({name}) is down{', and its data are removed' if purge else ''}.",
        err=True,
    )


@app.command("status")
def status(name: StageName = local_stage.DEFAULT_NAME, as_json: Json = False) -> None:
    """Print what runs, where, and where its log is. Exit code 1 when a part is stopped.

    Example: `rowline local status --json`
    """
    parts = local_stage.LocalStage.load(name).status()
    _show(parts, as_json)
    if any(part.state == "stopped" for part in parts):
        raise typer.Exit(1)


@app.command("env")
def env(name: StageName = local_stage.DEFAULT_NAME) -> None:
    """Print the variables that point a shell at the stage. They hold its passwords.

    Example: `eval "$(rowline local env)"`
    """
    for variable, value in local_stage.LocalStage.load(name).environment().items():
        typer.echo(f"export {variable}='{value}'")


def _show(parts: list[local_stage.PartStatus], as_json: bool) -> None:
    if as_json:
        print_json(parts)
        return
    table = new_table()
    for column in ("PART", "STATE", "URL", "PID"):
        table.add_column(column)
    for part in parts:
        table.add_row(part.part, part.state, part.url or "-", str(part.pid or "-"))
    print_table(result_console(), table)
    logs = {os.path.dirname(part.log) for part in parts if part.log}
    if logs:
        note_console().print(f"Logs: {', '.join(logs)}", markup=False)


def _option(name: str) -> str:
    return "" if name == local_stage.DEFAULT_NAME else f" --name {name}"
