"""`rowline archive audit`"""

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from cli.archive_function import ask_archive
from cli.deployed import ServiceOption, SourceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.duration import seconds_of
from cli.ui.json_option import JsonOption
from shared.flows.archive.archive_answers import Audited, Healed, NumbersToRead
from shared.flows.archive.relanding import Relanded, reland
from shared.flows.archive.rereading_numbers import reread
from shared.flows.archive.rereading_segments import reread_segments
from shared.stage import Stage
from shared.values.capture_configuration import read_configuration
from shared.values.counted import counted
from shared.values.errors import ConfigError

_SHOWN = 20


def command(
    since: Annotated[
        str, typer.Option("--since", help="Only changes that are younger: 90m, 24h, 7d.")
    ] = "",
    heal: Annotated[
        bool,
        typer.Option(
            "--heal", help="Read what is missing again from the binlog, and put it into the table."
        ),
    ] = False,
    give_up: Annotated[
        bool,
        typer.Option(
            "--give-up", help="Note what is still missing as lost for good: no audit names it then."
        ),
    ] = False,
    source: SourceOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Prove that the table holds every change once, or name the numbers that are wrong.

    Compares the table, the ledger, and the numbers that the streams gave out. Exit code 1 when they
    differ.

    Example: `rowline archive audit --since 24h --heal --stage prod`
    """
    deployed = open_stage(stage, service, source=source)
    since_ms = int((time.time() - seconds_of(since)) * 1000) if since else 0
    found, wanted = _audit(deployed, since_ms)
    if not as_json:
        _show(found, result_console())
    if heal:
        while wanted:
            done = sum(_heal(deployed, wanted, as_json))
            found, wanted = _audit(deployed, since_ms)
            if not done:
                break
        if not as_json:
            _show(found, result_console())
    spans = _lacking(found)
    if give_up and spans:
        _refuse_parked(deployed)
        given = ask_archive(deployed, {"do": "give_up", "spans": spans})["numbers"]
        found, _ = _audit(deployed, since_ms)
        if not as_json:
            result_console().print(f"gave up {counted(given, 'change')}", markup=False)
            _show(found, result_console())
    elif spans and not as_json:
        for name, count in _parked(deployed).items():
            result_console().print(
                f"  {name} has {count:,} parked changes: rowline parked list {name}", markup=False
            )
    if as_json:
        print_json(found)
    raise typer.Exit(0 if all(each.complete for each in found) else 1)


def _parked(deployed: Stage) -> dict[str, int]:
    """The archive's consumers that have parked changes, and how many."""
    drained = [name for name, each in deployed.settings.consumers.items() if each.is_drained]
    counts = {name: sum(1 for _ in deployed.state.parked.all(name)) for name in drained}
    return {name: count for name, count in counts.items() if count}


def _refuse_parked(deployed: Stage) -> None:
    """Raises ConfigError while something is parked: that can be redriven."""
    for name in _parked(deployed):
        raise ConfigError(
            "has parked changes, which may be among those that are missing.",
            thing=f"consumer {name}",
            hint=f"Redrive or drop them first: rowline parked list {name}.",
        )


def _lacking(found: list[Audited]) -> list[list[str | int]]:
    """What an audit found to be missing or absent: stream, epoch, first and last number."""
    return [
        [one.stream, one.epoch, first, last]
        for one in found
        for numbers in (one.missing, one.absent)
        for first, last in numbers.spans
    ]


def _audit(deployed: Stage, since_ms: int) -> tuple[list[Audited], list[NumbersToRead]]:
    answer = ask_archive(deployed, {"do": "audit", "since_ms": since_ms, "anchors": True})
    return (
        msgspec.convert(answer["epochs"], list[Audited]),
        msgspec.convert(answer["wanted"], list[NumbersToRead]),
    )


def _heal(deployed: Stage, wanted: list[NumbersToRead], quiet: bool) -> Iterator[int]:
    """Heal these spans; yields how many rows came in with each object."""
    console = result_console()
    for stream in sorted({one.stream for one in wanted}):
        mine = [one for one in wanted if one.stream == stream]
        for relanded in _read_again(deployed, stream, mine):
            answer = ask_archive(deployed, {"do": "heal", "names": [relanded.name]})
            healed = msgspec.convert(answer, Healed)
            if not quiet:
                _show_healed(relanded, healed, console)
            yield healed.rows


def _read_again(deployed: Stage, stream: str, wanted: list[NumbersToRead]) -> Iterator[Relanded]:
    _, checkpoint = deployed.state.streams.load(stream)
    settings = next(each for each in deployed.settings.sources.values() if each.stream == stream)
    tables = read_configuration(checkpoint.capture).read if checkpoint else settings.tables
    key = deployed.mask_key(settings)
    source, state = settings.relay_of or settings.name, deployed.state
    with closing(deployed.binlog_of(settings.name, tables)) as binlog:
        found = reread(binlog, source, tables, key, binlog.earliest(), wanted)
        yield from reland(found, state.schemas, deployed.healing)
    with closing(deployed.binlog_of(settings.name, tables)) as binlog:
        found = reread_segments(binlog, state, stream, source, tables, key, wanted)
        yield from reland(found, state.schemas, deployed.healing)


def _show_healed(relanded: Relanded, healed: Healed, console: Console) -> None:
    console.print(
        f"healed {counted(healed.rows, 'change')}, {healed.skipped:,} were there", markup=False
    )
    for table, change in relanded.changes[:_SHOWN]:
        console.print(f"  {table} {change.op} seq {change.seq} id {change.id}", markup=False)
    if len(relanded.changes) > _SHOWN:
        console.print(f"  and {len(relanded.changes) - _SHOWN:,} more", markup=False)


def _show(found: list[Audited], console: Console) -> None:
    for each in found:
        said = "complete" if each.complete else "not complete"
        console.print(
            f"{each.stream} epoch {each.epoch}: {counted(each.rows, 'row')}, n {each.first:,} to "
            f"{each.last:,}, {said}",
            markup=False,
        )
        for numbers, what in (
            (each.missing, "were archived and are not in the table"),
            (each.repeated, "are in the table more than once"),
            (each.unknown, "are in the table and not in the ledger"),
            (each.absent, "were published and never archived"),
        ):
            if numbers.count:
                console.print(f"! {numbers.count:,} {what}: n {numbers}", markup=False)
        if each.under_way.count:
            console.print(
                f"  {each.under_way.count:,} were given out just now and are under way: "
                f"from n {each.under_way.spans[0][0]:,} on",
                markup=False,
            )
    if not found:
        console.print("nothing is archived yet", markup=False)
