"""The deployed stage that a command works on."""

import os
from pathlib import Path
from typing import Annotated

import typer
import yaml

from cli import local_record
from shared.stage import Stage

StageOption = Annotated[
    str, typer.Option("--stage", envvar="ROWLINE_STAGE", help="The deployed stage.")
]
ServiceOption = Annotated[
    str,
    typer.Option(
        "--service",
        envvar="ROWLINE_SERVICE",
        help="The service's name, if it is not that of ./serverless.yml.",
    ),
]


def default_service() -> str:
    """The service of ./serverless.yml, or `rowline`."""
    file = Path("serverless.yml")
    return (
        str((yaml.safe_load(file.read_text()) or {}).get("service", "rowline"))
        if file.is_file()
        else "rowline"
    )


def open_stage(stage: str, service: str = "") -> Stage:
    """Open a deployed stage. Raises StackError, and RowlineError when the local stage is not up.

    `local` is always a stage of this machine: see `local_record.enter`. Only there ROWLINE_SOURCE
    and ROWLINE_ELASTICSEARCH replace the secrets' addresses: a variable that some shell still
    holds must not lead a command on another stage to another server.
    """
    addresses: dict[str, str] = {}
    if stage == "local":
        local_record.enter(os.environ)
        addresses = {
            "source": os.environ.get("ROWLINE_SOURCE", ""),
            "elasticsearch": os.environ.get("ROWLINE_ELASTICSEARCH", ""),
        }
    return Stage.from_stack(service or default_service(), stage, addresses)
