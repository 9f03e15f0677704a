"""`rowline status`"""

import time
from typing import Any

import msgspec
import typer
from rich.console import Console

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.duration import duration
from cli.ui.findings import show_wrong, shown
from cli.ui.json_option import JsonOption
from cli.ui.moment import moment
from cli.ui.printed_table import new_table, print_table
from shared.flows.health.stage_facts import ConsumerFacts, RelayFacts
from shared.flows.health.status import Status, status
from shared.values.stream import relay_of


def command(
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what the stage does now. Exit code 1 when something needs attention.

    Example: `rowline status --stage prod`
    """
    found = status(open_stage(stage, service))
    if as_json:
        print_json(
            {
                **msgspec.structs.asdict(found),
                "findings": [shown(finding) for finding in found.findings],
            }
        )
    else:
        _show(found, result_console())
    raise typer.Exit(int(bool(found.wrong)))


def _show(found: Status, console: Console) -> None:
    for relay in found.relays:
        console.print(_relay(relay), markup=False)
    table = new_table()
    table.add_column("CONSUMER")
    table.add_column("STATE")
    for name in ("LAG", "QUEUE", "IN FLIGHT", "PARKED", "OLDEST"):
        table.add_column(name, justify="right")
    table.add_column("JOB")
    table.add_column("VERIFIED")
    for one in found.consumers:
        table.add_row(
            one.consumer,
            _state(found, one),
            "-" if one.signs.lag_s is None else f"{one.signs.lag_s:.1f}s",
            f"{one.waiting:,}",
            f"{one.in_flight:,}",
            f"{one.changes_parked:,}",
            _oldest(one),
            f"{one.job_kind} {one.job}" if one.job else "-",
            _verified(one),
        )
    print_table(console, table)
    for finding in found.wrong:
        show_wrong(finding, console)


def _oldest(one: ConsumerFacts) -> str:
    """The age of the oldest change that is not applied: parked, or in the queue."""
    parked = [time.time() - group.first_ms / 1000 for group in one.parked]
    age = max([*parked, one.signs.oldest_s or 0.0])
    return duration(age) if age > 0 else "-"


def _state(found: Status, one: ConsumerFacts) -> str:
    """One word; a consumer of which a finding fails is never `ok`."""
    failing = any(
        finding.level == "fail" and finding.thing.split(" ")[-1] == one.consumer
        for finding in found.findings
    )
    return "failing" if failing and one.state == "ok" else one.state


def _relay(relay: RelayFacts) -> str:
    figures: dict[str, Any] = relay.figures
    lag = "-" if relay.lag_s is None else f"{relay.lag_s:.1f}s"
    lines = [
        f"SOURCE {relay.source}  server {relay.server or '-'}  "
        f"{'ok' if relay.state == 'running' else relay.state}"
    ]
    since = (
        f" {duration(time.time() - figures['started_ms'] / 1000)}"
        if "started_ms" in figures and relay.holder
        else ""
    )
    lines.append(
        f"  relay    {relay.state}{since}, token {relay.token}, {relay.holder or 'no holder'}"
    )
    lines.append(f"  read to  {relay.read_to or relay.position or '-'}, lag {lag}")
    for table, stream in sorted(figures.get("waiting_for", {}).items()):
        lines.append(f"  waits    for {table}, which {relay_of(stream)} still has")
    if relay.lost:
        lines.append(f"  lost     {relay.lost}")
    rate = figures.get("changes_per_second")
    requests = figures.get("requests_per_1000")
    lines.append(
        f"  rate     {rate or 0:,.0f} changes/s, "
        f"{'-' if requests is None else f'{requests:.0f}'} requests/1,000  seq "
        f"{relay.epoch}:{relay.n:,}"
    )
    return "\n".join(lines)


def _verified(one: ConsumerFacts) -> str:
    if not one.verified:
        return "-"
    if one.expired:
        return f"expired: {one.expired}"
    when = moment(int(one.verified.get("finished_ms", 0)))
    return f"{when} {one.verified.get('differences', 0):,} differences"
