"""The `rowline` command: one file a command, listed here in the order of `--help`."""

import sys
from importlib import import_module
from typing import Annotated

import typer

import cli.start  # noqa: F401 (before what takes time)
from cli.ui.argument_help import keep_argument_help
from cli.ui.console import escape_unprintable, note_console
from shared.values.errors import RowlineError

# command → module that holds its `command` function (or its `app`, for a group)
COMMANDS: dict[str, str] = {
    "local": "cli.commands.local",
    "init": "cli.commands.init",
    "tables": "cli.commands.tables",
    "check": "cli.commands.check",
    "doctor": "cli.commands.doctor",
    "relay": "cli.commands.relay",
    "source": "cli.commands.source",
    "status": "cli.commands.status",
    "tail": "cli.commands.tail",
    "trace": "cli.commands.trace",
    "backfill": "cli.commands.backfill",
    "resync": "cli.commands.resync",
    "verify": "cli.commands.verify",
    "cutover": "cli.commands.cutover",
    "parked": "cli.commands.parked",
    "redrive": "cli.commands.redrive",
    "replay": "cli.commands.replay",
    "jobs": "cli.commands.jobs",
    "archive": "cli.commands.archive",
    "history": "cli.commands.history",
    "snapshot": "cli.commands.snapshot",
    "privacy": "cli.commands.privacy",
    "consumer": "cli.commands.consumer",
}
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells expect."""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
    suggest_commands=False,
)
keep_argument_help()


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rowline {version('rowline')}")
        raise typer.Exit


@app.callback()
def rowline(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Carry every row change of a MySQL or MariaDB database, in order, to every consumer."""


def _register(wanted: str = "") -> None:
    """Add the command `wanted`, or all of them.

    Each import costs every other command its start-up time.
    """
    for name, module in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        loaded = import_module(module)
        if hasattr(loaded, "app"):
            loaded.app.suggest_commands = False  # Click does, and Typer would do it again
            app.add_typer(loaded.app, name=name)
        else:
            app.command(name)(loaded.command)


def run() -> None:
    """Run the command: a RowlineError becomes one paragraph and an exit code, no stack trace."""
    escape_unprintable()
    try:
        _register(sys.argv[1] if len(sys.argv) > 1 else "")
        app()
    except RowlineError as error:
        console = note_console()
        console.print("error", style="bold red", end=" ", markup=False)
        console.print(str(error), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _interrupted()
        raise


def _interrupted() -> None:
    print("Interrupted. Run the same command again to continue.", file=sys.stderr)
    sys.exit(INTERRUPTED)


if __name__ == "__main__":
    run()
