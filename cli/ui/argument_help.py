"""Argument help: `--help` shows what each argument is."""

from typing import Any

from typer.core import TyperArgument


def keep_argument_help() -> None:
    """Let Typer's arguments keep their help.

    Typer 0.24 sets it before the constructor of Click, and that of Click 8.5 empties it.
    """
    construct = TyperArgument.__init__

    def constructed(self: TyperArgument, *, help: str | None = None, **given: Any) -> None:
        construct(self, help=help, **given)
        self.help = help

    TyperArgument.__init__ = constructed  # type: ignore[method-assign]
