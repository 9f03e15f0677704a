"""Number limits: what every number of an option must be, whatever the option means."""

import math
from typing import Any

import typer

MOST = 1_000_000_000
"""More of anything is a slip of the keyboard, and may be more than a job can store."""


def finite(number: float) -> float:
    """The number of an option, unless it is `nan` or `inf`, which JSON cannot store."""
    if not math.isfinite(number):
        raise typer.BadParameter(f"{number} is no number.")
    return number


def rate_option(help: str) -> Any:
    """The option `--rate` of a job that sends changes."""
    return typer.Option("--rate", min=0.1, max=MOST, callback=finite, help=help)
