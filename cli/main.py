"""The `rowline` command: one file a command, listed here in the order of `--help`."""

import sys
from importlib import import_module

import typer

from shared.values.errors import RowlineError

# command → module that holds its `command` function (or its `app`, for a group)
COMMANDS: dict[str, str] = {
    "local": "cli.commands.local",
    "init": "cli.commands.init",
    "tables": "cli.commands.tables",
    "doctor": "cli.commands.doctor",
    "relay": "cli.commands.relay",
    "source": "cli.commands.source",
    "status": "cli.commands.status",
    "tail": "cli.commands.tail",
    "backfill": "cli.commands.backfill",
    "verify": "cli.commands.verify",
}

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def rowline() -> None:
    """Every row change of a MySQL or MariaDB database, in order, to every consumer."""


def _register(wanted: str = "") -> None:
    """Add the command `wanted`, or all of them: each import costs every other command its start-up
    time.
    """
    for name, module in COMMANDS.items():
        if wanted in COMMANDS and name != wanted:
            continue
        loaded = import_module(module)
        if hasattr(loaded, "app"):
            app.add_typer(loaded.app, name=name)
        else:
            app.command(name)(loaded.command)


def run() -> None:
    """Entry point: a RowlineError becomes one paragraph and an exit code, never a stack trace."""
    _register(sys.argv[1] if len(sys.argv) > 1 else "")
    try:
        app()
    except RowlineError as error:
        from rich.console import (
            Console,
        )  # here: a fifth of the start-up time of a command that meets no error

        console = Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)
        console.print("error", style="bold red", end=" ", markup=False)
        console.print(str(error), markup=False)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
