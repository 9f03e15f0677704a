"""JSON option: every command that prints a table or a report prints it as JSON, too."""

from typing import Annotated

import typer

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
