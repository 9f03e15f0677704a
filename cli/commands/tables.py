"""`rowline tables`"""

from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from cli.stage import ServiceOption, StageOption, open_stage
from cli.ui.chosen import chosen
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.flows.source.listing import Listing, list_tables
from shared.values.errors import ConfigError


def command(
    source: Annotated[
        str,
        typer.Option(
            "--source",
            help="A URL or secret:NAME, without a stage; or the name of a source of the stage.",
        ),
    ] = "",
    tables: Annotated[
        str,
        typer.Option("--tables", help="Only these tables: names or patterns, separated by commas."),
    ] = "*.*",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the source's tables: rows, key, size, changes, whether they are captured, and what would
    not work.

    Example: `rowline tables --source mysql://rowline@127.0.0.1:3306 --tables 'shop.*'`
    """
    patterns = chosen(tables)
    for pattern in patterns:
        if "." not in pattern:
            raise ConfigError(
                "names no table.",
                thing=f"--tables {pattern}",
                hint=f"Write DATABASE.TABLE: {pattern}.* for a whole database.",
            )
    if is_address(source):
        database, settings = SqlDatabase(endpoint_of(source)), None
    else:
        deployed = open_stage(stage, service)
        settings = deployed.settings.whole(deployed.source(source or deployed.only_source()))
        database = SqlDatabase(deployed.endpoint(settings.name))
    listing = list_tables(database, settings, patterns)
    database.close()
    if as_json:
        typer.echo(msgspec.json.encode(listing).decode())
    else:
        _show(listing, Console(highlight=False, emoji=False, soft_wrap=True))


def _show(listing: Listing, console: Console) -> None:
    shown: list[tuple[str, Any]] = [
        ("TABLE", "left"),
        ("ROWS", "right"),
        ("SIZE", "right"),
        ("KEY", "left"),
    ]
    if listing.changes_from:
        shown.append(("CHANGES", "right"))
    if listing.source:
        shown.append(("CAPTURED", "left"))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name, justify in shown:
        table.add_column(name, justify=justify, no_wrap=True)
    table.add_column("WOULD NOT WORK")
    for one in listing.tables:
        cells = [one.table, f"~{one.rows:,}", _size(one.bytes), ", ".join(one.key) or "none"]
        cells += (
            ["-" if one.changes is None else f"{one.changes:,}"] if listing.changes_from else []
        )
        cells += ["yes" if one.captured else "-"] if listing.source else []
        table.add_row(*cells, "; ".join(one.problems))
    console.print(table, markup=False)
    if listing.changes_from:
        console.print(
            f"CHANGES: rows written since the server started, by {listing.changes_from}; ROWS "
            "are the server's estimate",
            markup=False,
        )


def _size(size: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size //= 1024
    return f"{size:,} TiB"
