"""`rowline status`"""

import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cli.stage import ServiceOption, StageOption, open_stage
from shared.flows.health.status import ConsumerStatus, RelayStatus, Status, status
from shared.values.stream import relay_of


def command(
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What the stage does right now; exit code 1 when something wants attention.

    Example: `rowline status --stage prod`
    """
    deployed = open_stage(stage, service)
    found = status(
        deployed.settings,
        deployed.streams,
        deployed.schemas,
        deployed.consumers,
        deployed.queue,
        deployed.dlq,
    )
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(found)).decode())
    else:
        _show(found, Console(highlight=False, emoji=False, soft_wrap=True))
    raise typer.Exit(0 if found.ok else 1)


def _show(found: Status, console: Console) -> None:
    for relay in found.relays:
        console.print(_relay(relay), markup=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("CONSUMER")
    table.add_column("STATE")
    for name in ("QUEUE", "IN FLIGHT", "DLQ"):
        table.add_column(name, justify="right")
    table.add_column("BACKFILL")
    table.add_column("VERIFIED")
    for one in found.consumers:
        table.add_row(
            one.consumer,
            one.state,
            f"{one.waiting:,}",
            f"{one.in_flight:,}",
            f"{one.dlq:,}",
            one.backfill or "-",
            _verified(one),
        )
    console.print(table)
    for line in found.advice:
        console.print(f"! {line}", markup=False)


def _relay(relay: RelayStatus) -> str:
    figures: dict[str, Any] = relay.figures
    lag = "-" if relay.lag_s is None else f"{relay.lag_s:.1f}s"
    lines = [
        f"SOURCE {relay.source}  server {relay.server or '-'}  "
        f"{'ok' if relay.state == 'running' else relay.state}"
    ]
    since = (
        f" {_duration(time.time() - figures['started_ms'] / 1000)}"
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


def _verified(one: ConsumerStatus) -> str:
    if not one.verified:
        return "-"
    when = time.strftime(
        "%Y-%m-%d %H:%M", time.localtime(one.verified.get("finished_ms", 0) / 1000)
    )
    return f"{when} {one.verified.get('differences', 0):,} differences"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s" if minutes else f"{rest}s"
