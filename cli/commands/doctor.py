"""`rowline doctor`"""

from typing import Annotated

import typer

from cli.stage import ServiceOption, StageOption, open_stage
from cli.ui.chosen import chosen
from cli.ui.console import print_json, result_console
from cli.ui.findings import exit_code, show_checks
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.domain.preflight import check_source
from shared.flows.health.doctor import check_captured_once, check_database, check_sink
from shared.flows.health.status import status
from shared.stage import Stage
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
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check everything a stage needs: the source's settings, grants and tables, the deployment,
    Elasticsearch, relays and DLQs.

    Each check is one line, with what to do about it, for RDS and Aurora too. Exit code 1 when
    something fails.

    Example: `rowline doctor --stage prod`
    """
    findings = _database(source, tables) if source else _stage(open_stage(stage, service))
    if as_json:
        print_json([finding.shown() for finding in findings])
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
    patterns = {pattern: TableSettings() for pattern in chosen(tables)}
    database = SqlDatabase(endpoint)
    try:
        return check_source(
            database, SourceSettings(name=endpoint.host, secret="", tables=patterns)
        )
    finally:
        database.close()


def _stage(deployed: Stage) -> list[Finding]:
    """One thing that cannot be reached keeps nothing else from being checked."""
    settings, now = deployed.settings, status(deployed)
    findings = [
        Finding(
            "deployment",
            "ok",
            f"{deployed.full_name}, {len(settings.sources)} sources, "
            f"{len(settings.consumers)} consumers",
        )
    ]
    servers = {}
    for relay in now.relays:
        found, server = check_database(
            deployed.source(relay.source),
            relay.lag_s,
            lambda name=relay.source: deployed.database(name),  # type: ignore[misc]
        )
        findings += found
        if server:
            servers[relay.source] = server
    findings += check_captured_once(servers, settings.sources)
    for name, one in settings.consumers.items():
        findings.append(check_sink(one, lambda name=name: deployed.sink(name)))  # type: ignore[misc]
    return findings + now.findings
