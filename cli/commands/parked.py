"""`rowline parked`"""

import sys
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.proof import proof_of
from cli.ui.console import note_console, print_json, result_console
from cli.ui.duration import duration
from cli.ui.json_option import JsonOption
from cli.ui.moment import moment
from cli.ui.printed_table import new_table, print_table
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.domain.parked_by_reason import ParkedReason, by_reason
from shared.domain.parked_where import ParkedWhere
from shared.flows.consume.asked_parking import ask_to_park
from shared.flows.redrive.redrive import Redrive
from shared.flows.redrive.redrive_report import RedriveReport, lines_of_report, resync_of
from shared.stage import Stage
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.parked_change import ParkedChange

app = typer.Typer(no_args_is_help=True, help="Look at the changes that consumers could not apply.")

ConsumerArgument = Annotated[str, typer.Argument(help="The consumer, as the stanza names it.")]
WhereOption = Annotated[
    str,
    typer.Option(
        "--where",
        help="Only these: conditions such as 'table=shop.listings reason~KeyError key=7 since=2h'.",
    ),
]

SAMPLE = 300
"""Characters of a message in a list of reasons. `parked show` has more."""


@app.command("list")
def list_parked(
    consumer: ConsumerArgument,
    where: WhereOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the parked changes of a consumer by reason: how many, since when, and a sample of each.

    Example: `rowline parked list listingSearch --where 'reason~mapping since=2h'`
    """
    found = _found(open_stage(stage, service), consumer, where)
    groups = by_reason(found)
    if as_json:
        return print_json({"consumer": consumer, "where": where, "groups": groups})
    console = result_console()
    if not groups:
        console.print(f"{consumer}: nothing is parked{' that matches' if where else ''}")
        return
    for group in groups:
        _show_group(group, console)
    total = sum(group.count for group in groups)
    console.print(f"{counted(total, 'change')} of {counted(len(groups), 'reason')}", markup=False)
    if expired := sum(change.expires <= time.time() for change in found):
        console.print(f"  {expired:,} have lost their payload: rowline redrive says what follows")
    console.print(f"  next: rowline redrive {consumer}", markup=False)


@app.command()
def show(
    consumer: ConsumerArgument,
    where: WhereOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show at most this many.")] = 20,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show parked changes one by one: key, error, stack, attempts, version, trace, and the change.

    Example: `rowline parked show listingSearch --where 'key=7' --json`
    """
    deployed = open_stage(stage, service)
    found = _found(deployed, consumer, where)
    some = [(change, _payload(deployed, consumer, change)) for change in found[:limit]]
    if as_json:
        return print_json([{**msgspec.structs.asdict(one), "body": body} for one, body in some])
    console = result_console()
    for change, body in some:
        _show_change(change, body, _of_expired(deployed, consumer, change), console)
    if len(found) > limit:
        console.print(f"{len(found) - limit:,} more: --limit {len(found)}", markup=False)
    if not found:
        console.print(f"{consumer}: nothing is parked{' that matches' if where else ''}")


@app.command()
def add(
    consumer: ConsumerArgument,
    change: Annotated[str, typer.Argument(help="The id of the change.")],
    stage: StageOption = "local",
    service: ServiceOption = "",
) -> None:
    """Park a change that its sink neither takes nor refuses, when it is received next.

    Example: `rowline parked add partner 0-1-42@1764221256/3.0 --stage prod`
    """
    deployed = open_stage(stage, service)
    name = deployed.consumer(consumer).name
    ask_to_park(deployed.state.gates, name, change, whoami())
    console = result_console()
    console.print(f"{name}: parks {change} when it is received next", markup=False)
    console.print(f"  next: rowline parked list {name}", markup=False)


@app.command()
def drop(
    consumer: ConsumerArgument,
    where: WhereOption = "",
    yes: Annotated[bool, typer.Option("--yes", help="Drop them without being asked.")] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give parked changes up: archive them, then drop them. `rowline jobs list` keeps who did it.

    Example: `rowline parked drop listingSearch --where 'table=market.sellers until=30d'`
    """
    deployed, meant = open_stage(stage, service), ParkedWhere.parse(where)
    found = _found(deployed, consumer, where)
    console = result_console()
    if not found:
        if as_json:
            return print_json(RedriveReport(consumer, job="", chosen=0))
        console.print(f"{consumer}: nothing is parked{' that matches' if where else ''}")
        return
    if not yes and not _agreed(consumer, by_reason(found)):
        raise typer.Exit(1)
    with RowProgress("drop") as progress:
        setup = deployed.redrive(consumer, by=whoami(), show=progress.show)
        report = Redrive(setup).run(meant, "drop")
    if as_json:
        return print_json(report)
    for line in lines_of_report(report, proof_of(setup.consumer)):
        console.print(line, markup=False)
    if deployed.consumer(consumer).is_drained:
        console.print("  next: rowline archive audit --give-up", markup=False)


def _agreed(consumer: str, groups: list[ParkedReason]) -> bool:
    """Whether a person wants to drop these; without a terminal nobody agrees."""
    count = sum(group.count for group in groups)
    if not sys.stdin.isatty():
        raise ConfigError(
            f"{count:,} changes would be dropped.",
            thing=f"consumer {consumer}",
            hint="Look at them with rowline parked list; then run the same command with --yes.",
        )
    for group in groups:  # not among the results: these may be JSON
        _show_group(group, note_console())
    return typer.confirm(f"Drop these {counted(count, 'change')}?", err=True)


def _found(deployed: Stage, consumer: str, where: str) -> list[ParkedChange]:
    """The parked changes that are meant. Raises ConfigError."""
    name, meant = deployed.consumer(consumer).name, ParkedWhere.parse(where)
    return [change for change in deployed.state.parked.all(name) if meant.holds(change)]


def _payload(deployed: Stage, consumer: str, change: ParkedChange) -> Any:
    """The message of a change as it was parked; None when it has expired."""
    text: str | bytes | None
    if change.payload:
        text = deployed.claims.find_parked(change.payload)
    else:
        text = deployed.state.parked.body(consumer, change)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:  # a body that is no message
        return text if isinstance(text, str) else text.decode(errors="replace")


def _show_group(group: ParkedReason, console: Console) -> None:
    sample = group.sample
    console.print(f"{group.count:,} × {group.reason}", markup=False)
    console.print(
        f"  {group.table or 'no message'}, first {_when(group.first_ms)}, "
        f"last {_when(group.last_ms)}, up to {group.attempts} attempts",
        markup=False,
    )
    if group.joined:
        console.print(f"  {group.joined:,} of them follow a refused change of their row")
    said = sample.message if len(sample.message) <= SAMPLE else f"{sample.message[:SAMPLE]} …"
    console.print(f"  such as {_name(sample)}: {said}", markup=False)


def _of_expired(deployed: Stage, consumer: str, change: ParkedChange) -> str:
    """What settles a change whose payload is gone."""
    settings = deployed.consumer(consumer)
    if not settings.rereads_rows:
        return f"expired: it cannot be applied any more; rowline parked drop {consumer}"
    resync = resync_of(consumer, [change.table] if change.table else [])
    return f"expired: rowline redrive {consumer} makes its table due; then {resync}"


def _show_change(change: ParkedChange, body: Any, if_expired: str, console: Console) -> None:
    table = new_table()
    table.show_header = False
    table.add_column()
    table.add_column()
    lines = {
        "change": f"{change.op or 'body'} {change.id}",
        "row": f"{change.table} {change.key}",
        "committed": _when(change.ts_ms),
        "parked": f"{_when(change.parked_ms)}, {change.attempts} attempts",
        "error": change.message,
        "last error": change.last if change.last != change.message else "",
        "joined": "its row was closed by another change" if change.joined else "",
        "version": change.version,
        "trace": change.trace,
        "payload": if_expired if body is None else "",
    }
    console.print(_name(change), style="bold", markup=False)
    for name, text in lines.items():
        if text:
            table.add_row(f"  {name}", text)
    print_table(console, table)
    if change.stack:
        console.print(change.stack, markup=False)
    if body is not None:
        text = body if isinstance(body, str) else msgspec.json.encode(body).decode()
        console.print(f"  {text}", markup=False)


def _name(change: ParkedChange) -> str:
    return f"{change.table} {change.key} seq {change.seq}" if change.table else change.id


def _when(unix_ms: int) -> str:
    if not unix_ms:
        return "-"
    return f"{moment(unix_ms)} ({duration(max(0.0, time.time() - unix_ms / 1000))} ago)"
