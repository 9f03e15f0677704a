"""Consent: whether a person agrees to what a command is about to do."""

import sys
from collections.abc import Callable
from typing import Annotated

import typer

from cli.ui.progress_line import RowProgress
from shared.domain.deletion_limit import DeletionRefused

YesOption = Annotated[
    bool, typer.Option("--yes", help="Delete many documents without being asked.")
]


def consent(yes: bool, progress: RowProgress) -> Callable[[DeletionRefused], bool]:
    """Asks on a terminal; elsewhere nobody agrees. `yes`: agreed already."""

    def ask(refused: DeletionRefused) -> bool:
        if yes or not sys.stdin.isatty():
            return yes
        with progress.paused():
            return typer.confirm(refused.question, err=True)

    return ask
