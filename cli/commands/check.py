"""`rowline check`"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.deployed import declared_stage
from cli.ui.console import print_json, result_console
from cli.ui.findings import exit_code, show_wrong, shown
from cli.ui.json_option import JsonOption
from shared.adapters.project.serverless import declaration_of
from shared.flows.health.blocking_findings import holds_up
from shared.flows.health.check import check
from shared.flows.health.removed_consumers import check_removed_consumers
from shared.stage import Stage
from shared.values.checkpoint import Checkpoint
from shared.values.declaration import Declaration, read_declaration
from shared.values.errors import ConfigError
from shared.values.finding import Finding


def command(
    stage: Annotated[
        str,
        typer.Option(
            "--stage", envvar="ROWLINE_STAGE", help="The stage to check; it need not be deployed."
        ),
    ] = "local",
    stanzas: Annotated[
        str,
        typer.Option(
            "--stanzas",
            metavar="FILE",
            help="A file that `sls rowline stanzas --out FILE` has written, instead of the "
            "stanzas of ./serverless.yml.",
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Compare the stanzas in this folder with the database, the secrets and Elasticsearch.

    Names each mistake with its file, its line and its correction, before anything is deployed.
    `sls deploy` runs the same check. Exit code 1 when there is a mistake.

    Example: `rowline check --stage prod`
    """
    if stanzas:
        declaration = read_declaration(_content(Path(stanzas)))
    else:
        declaration = declaration_of(Path.cwd(), stage)
    found = declaration.findings()
    deployed = None
    if declaration.settings is not None:
        declared, deployed = declared_stage(declaration.settings, stage)
        found += check(declared, _checkpoints(deployed))
        if deployed is not None:
            found += check_removed_consumers(declaration.settings, deployed)
    if as_json:
        print_json({"findings": [_shown(one, declaration, deployed) for one in found]})
    else:
        console = result_console()
        for one in found:
            if one.level != "ok":
                show_wrong(one, console, declaration.place_of(one.stanza))
        console.print(_summary(found), markup=False)
    raise typer.Exit(exit_code(found))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}.",
            thing=f"--stanzas {file}",
            hint="Write it first: sls rowline stanzas --out FILE.",
        ) from None


def _checkpoints(deployed: Stage | None) -> Callable[[str], Checkpoint | None]:
    if deployed is None:
        return lambda _: None
    streams = deployed.state.streams
    return lambda stream: streams.load(stream)[1]


def _shown(finding: Finding, declaration: Declaration, deployed: Stage | None) -> dict[str, Any]:
    """A finding as JSON, with its place, and whether the plugin should refuse the deployment."""
    settings = declaration.settings
    now = deployed.settings if deployed else None
    refuses = settings is None or holds_up(finding, settings, now)
    return shown(finding, place=declaration.place_of(finding.stanza), refuses=refuses)


def _summary(findings: list[Finding]) -> str:
    mistakes = sum(one.level == "fail" for one in findings)
    warnings = sum(one.level == "warn" for one in findings)
    return f"{len(findings)} checks: {mistakes} failed, {warnings} warnings"
