"""The options that the commands of jobs share."""

from typing import Annotated

import typer

TablesOption = Annotated[
    str,
    typer.Option("--tables", help="Only these tables: names or patterns, separated by commas."),
]
RestartOption = Annotated[
    bool,
    typer.Option("--restart", help="Begin again instead of continuing an interrupted job."),
]
HereOption = Annotated[
    bool,
    typer.Option("--here", help="Run it in this process instead of the stage's jobs function."),
]
