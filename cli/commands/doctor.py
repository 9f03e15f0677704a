"""`rowline doctor`"""

from typing import Annotated

import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.findings import exit_code, show_checks, shown
from cli.ui.json_option import JsonOption
from cli.ui.name_list import split_names
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.domain.preflight import check_source
from shared.flows.health.doctor import doctor
from shared.values.errors import ConfigError
from shared.values.finding import Finding
from shared.values.settings import SourceSettings, TableSettings


def command(
    stage: StageOption = "local",
    service: ServiceOption = "",
    source: Annotated[
        str,
        typer.Option(
            "--source", help="Check only this database, without a stage: a URL, or secret:NAME."
        ),
    ] = "",
    tables: Annotated[
        str,
        typer.Option(
            "--tables", help="With --source: the tables to be captured, separated by commas."
        ),
    ] = "*.*",
    as_json: JsonOption = False,
) -> None:
    """Check everything that a stage needs, and say what to do about what is missing.

    It checks the source's settings, grants and tables, the deployment, Elasticsearch, relays and
    queues. Each check is one line. Exit code 1 when something fails.

    Example: `rowline doctor --stage prod`
    """
    findings = _database(source, tables) if source else doctor(open_stage(stage, service))
    if as_json:
        print_json([shown(finding) for finding in findings])
    else:
        show_checks(findings, result_console())
    raise typer.Exit(exit_code(findings))


def _database(source: str, tables: str) -> list[Finding]:
    if not is_address(source):
        raise ConfigError(
            "is no address.",
            thing=f"--source {source}",
            hint=(
                "Write mysql://USER@HOST:PORT or secret:NAME; sources of a stage are checked "
                "with --stage."
            ),
        )
    endpoint = endpoint_of(source)
    patterns = {pattern: TableSettings() for pattern in split_names(tables)}
    database = SqlDatabase(endpoint)
    try:
        return check_source(
            database, SourceSettings(name=endpoint.host, secret="", tables=patterns)
        )
    finally:
        database.close()
