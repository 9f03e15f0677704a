"""Consent: whether a person agrees to what a command is about to do."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from cli.ui.progress_line import RowProgress

YesOption = Annotated[
    bool, typer.Option("--yes", help="Delete many documents without being asked.")
]


def consent(yes: bool, progress: RowProgress) -> Callable[[str], bool]:
    """Asks on a terminal; elsewhere nobody agrees. `yes`: agreed already."""

    def ask(question: str) -> bool:
        if yes or not sys.stdin.isatty():
            return yes
        with progress.paused():
            return typer.confirm(question, err=True)

    return ask
