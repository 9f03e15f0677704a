"""`rowline history`"""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console, print_json, result_console
from shared.domain.archived_change import Archived
from shared.domain.changed_values import differences
from shared.domain.query_cost import query_usd
from shared.domain.time_argument import parse_time
from shared.flows.history.archive_reach import ArchiveReach
from shared.flows.history.history import RowHistory, RowMoment, row_at, row_history
from shared.flows.history.history_json import OPERATIONS, history_answer, moment_answer
from shared.values.errors import ConfigError
from shared.values.unix_micros import time_text

_LONGEST = 60
"""Characters of a value in a line."""


def command(
    table: Annotated[
        str, typer.Argument(help="DATABASE.TABLE, or TABLE where one database has it.")
    ],
    key: Annotated[
        str, typer.Argument(help="The row's key: 7, or acme,7, or tenant=acme,id=7, or JSON.")
    ],
    at: Annotated[
        str, typer.Option("--at", help="Only the row as it was at this time, with its zone.")
    ] = "",
    diff: Annotated[
        bool, typer.Option("--diff", help="Show each changed column on lines of its own.")
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the history of a row: what changed, when, in which transaction; or the row at a time.

    Example: `rowline history listings 7 --at 2026-11-27T05:52:00Z --stage prod`
    """
    if at and diff:
        raise ConfigError("excludes --diff.", thing="--at", hint="Use one of them.")
    moment = parse_time(at) if at else None
    setup = open_stage(stage, service).history()
    if moment is not None:
        found = row_at(setup, table, key, moment)
        return print_json(moment_answer(found)) if as_json else _show_moment(found)
    told = row_history(setup, table, key)
    return print_json(history_answer(told)) if as_json else _show(told, diff)


def _show(found: RowHistory, diff: bool) -> None:
    console = result_console()
    _print(console, f"{found.table}  {' '.join(found.keys)}", "bold")
    for change in found.changes:
        line = f"{time_text(change.at_us)}  {_what(change):<9} {change.tx}  {_place(change)}"
        if diff or change.op == "t":
            _print(console, line, "bold" if diff else "")
        changed = differences(change)
        if not diff:
            if change.op != "t":
                said = ", ".join(_change_of(name, *both) for name, both in changed.items())
                _print(console, f"{line}  {said or 'nothing'}")
            continue
        for name, (before, after) in changed.items():
            if before is not None:
                _print(console, f"  - {name}: {_full(before)}", "red")
            if after is not None:
                _print(console, f"  + {name}: {_full(after)}", "green")
    if not found.changes:
        _print(console, "the archive has no change of this row")
    _footer(found.archive, found.scanned)


def _show_moment(found: RowMoment) -> None:
    console = result_console()
    row = found.found
    _print(console, f"{found.table}  {' '.join(found.keys)}  at {time_text(found.at_us)}", "bold")
    said = {"exists": "exists", "absent": "does not exist", "unknown": "is not known"}[row.state]
    _print(console, f"the row {said}: {row.why}")
    for name, value in (row.row or {}).items():
        mark = "  (assumed: its column has changed)" if name in row.assumed else ""
        _print(console, f"  {name}: {_full(value)}{mark}")
    for name in row.unknown:
        _print(console, f"  {name}: ?  (added later; no change of the row shows its value)")
    if row.change is not None:
        change = row.change
        _print(
            console,
            f"since {time_text(change.at_us)}, {_what(change)} in {change.tx}, {_place(change)}",
        )
    if not found.complete:
        _print(console, "! the archive may lack changes before this time", "yellow")
    _footer(found.archive, found.scanned)


def _footer(archive: ArchiveReach, scanned: int) -> None:
    console = note_console()
    for each in archive.through:
        when = f", committed {time_text(each.at_us)}" if each.at_us else ""
        _print(console, f"archived through {each.stream} {each.epoch}/{each.n}{when}")
    _print(console, f"read {scanned / 1e6:,.1f} MB: ${query_usd(scanned):.5f}")


def _what(change: Archived) -> str:
    if change.moved:
        return f"{'created from' if change.op == 'c' else 'became'} {change.moved}"
    return OPERATIONS[change.op]


def _place(change: Archived) -> str:
    return f"{change.stream} {change.epoch}/{change.n}"


def _change_of(name: str, before: msgspec.Raw | None, after: msgspec.Raw | None) -> str:
    if before is None or after is None:
        return f"{name} {_short(after if before is None else before)}"
    return f"{name} {_short(before)} → {_short(after)}"


def _short(value: Any) -> str:
    text = _full(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _full(value: Any) -> str:
    return bytes(value).decode()


def _print(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style))
