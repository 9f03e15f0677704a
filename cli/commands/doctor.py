"""`rowline doctor`"""

from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cli.stage import ServiceOption, StageOption, open_stage
from cli.ui.chosen import chosen
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.domain.preflight import Finding, check_source
from shared.domain.server_identity import who_answers
from shared.flows.health.doctor import (
    check_captured_once,
    check_dlq,
    check_filled,
    check_relay,
    check_search,
)
from shared.flows.health.status import status
from shared.stage import Stage
from shared.values.errors import ConfigError, RowlineError
from shared.values.settings import SourceSettings, TableSettings

_MARK = {"ok": ("ok  ", "green"), "warn": ("warn", "yellow"), "fail": ("FAIL", "bold red")}


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

    A line a check, with what to do about it, for RDS and Aurora too. Exit code 1 when something
    fails.

    Example: `rowline doctor --stage prod`
    """
    findings = _database(source, tables) if source else _stage(open_stage(stage, service))
    if as_json:
        typer.echo(msgspec.json.encode(findings).decode())
    else:
        console = Console(highlight=False, emoji=False, soft_wrap=True)
        for finding in findings:
            _show(finding, console)
    raise typer.Exit(1 if any(finding.level == "fail" for finding in findings) else 0)


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
    findings = [
        Finding(
            "deployment",
            "ok",
            f"{deployed.full_name}, {len(deployed.settings.sources)} sources, "
            f"{len(deployed.settings.consumers)} consumers",
        )
    ]
    now = status(
        deployed.settings,
        deployed.streams,
        deployed.schemas,
        deployed.consumers,
        deployed.queue,
        deployed.dlq,
    )
    servers: dict[str, tuple[str, ...]] = {}
    for relay in now.relays:
        findings += _source(deployed, relay.source, relay.lag_s, servers)
        findings.append(check_relay(relay))
    findings += check_captured_once(servers, deployed.settings.sources)
    for one in now.consumers:
        name = one.consumer
        findings += check_filled(one)
        findings.append(check_search(name, lambda name=name: deployed.search(name)))  # type: ignore[misc]
        findings += check_dlq(name, deployed.dlq(name), deployed.undelivered(name))
    return findings


def _source(
    deployed: Stage,
    name: str,
    lag_seconds: float | None,
    servers: dict[str, tuple[str, ...]],
) -> list[Finding]:
    try:
        database = deployed.database(name)
        try:
            servers[name] = who_answers(database)
            return check_source(database, deployed.source(name), lag_seconds=lag_seconds)
        finally:
            database.close()
    except RowlineError as error:
        return [
            Finding(
                f"source {name}",
                "fail",
                f"{error.thing}: {error.what}".removeprefix(": "),
                error.hint,
            )
        ]


def _show(finding: Finding, console: Console) -> None:
    word, style = _MARK[finding.level]
    console.print(word, style=style, end="  ")
    console.print(f"{finding.check:<28} {finding.value}", markup=False)
    if finding.fix:
        console.print(f"      {finding.fix}", markup=False)
