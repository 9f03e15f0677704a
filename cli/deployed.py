"""The deployed stage that a command works on."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cli import local_record
from cli.service_file import service_of
from shared.stage import Stage
from shared.values.errors import StackError
from shared.values.settings import StageSettings

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


SourceOption = Annotated[
    str,
    typer.Option("--source", help="Read this database instead of the one that the secret names."),
]
ElasticsearchOption = Annotated[
    str,
    typer.Option("--elasticsearch", help="Use this URL instead of the one that the secret names."),
]


def open_stage(
    stage: str, service: str = "", *, source: str = "", elasticsearch: str = ""
) -> Stage:
    """Open a deployed stage. Raises StackError, and RowlineError when the local stage is not up.

    `local` is always a stage of this machine: see `local_record.enter`. Only there ROWLINE_SOURCE
    and ROWLINE_ELASTICSEARCH replace the secrets' addresses: a variable that some shell still
    holds must not lead a command on another stage to another server. An option does, on any
    stage.
    """
    addresses = _addresses(stage)
    origins = {kind: f"ROWLINE_{kind.upper()}" for kind in addresses}
    for kind, given in (("source", source), ("elasticsearch", elasticsearch)):
        if given:
            addresses[kind], origins[kind] = given, f"--{kind}"
    return Stage.from_stack(service or service_of(Path.cwd()), stage, addresses, origins)


def declared_stage(settings: StageSettings, stage: str) -> tuple[Stage, Stage | None]:
    """A stage as the folder declares it, and as it is deployed (None: it is not).

    settings: of the folder. Raises RowlineError when the local stage is not up, and Outage.
    """
    addresses = _addresses(stage)
    try:
        deployed = Stage.from_stack(settings.service, stage, addresses)
    except StackError:
        return Stage.from_folder(settings, None, addresses), None
    return Stage.from_folder(settings, deployed.resources, addresses), deployed


def _addresses(stage: str) -> dict[str, str]:
    """Where servers are instead of where the secrets say. Enters the local stage."""
    if stage != "local":
        return {}
    local_record.enter(os.environ)
    return {
        "source": os.environ.get("ROWLINE_SOURCE", ""),
        "elasticsearch": os.environ.get("ROWLINE_ELASTICSEARCH", ""),
        "traces": os.environ.get("ROWLINE_TRACES", ""),
    }
