"""`rowline tables`"""

from typing import Annotated

import typer
from rich.console import Console

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.name_list import table_patterns
from cli.ui.printed_table import new_table, print_table
from cli.ui.source_address import endpoint_of, is_address
from shared.adapters.database.sql import SqlDatabase
from shared.flows.source.table_listing import Listing, list_tables


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
    as_json: JsonOption = False,
) -> None:
    """List the source's tables: rows, size, changes, key, whether they are captured, and problems.

    Example: `rowline tables --source mysql://rowline@127.0.0.1:3306 --tables 'shop.*'`
    """
    patterns = table_patterns([tables])
    if is_address(source):
        database, settings = SqlDatabase(endpoint_of(source)), None
    else:
        deployed = open_stage(stage, service)
        settings = deployed.settings.whole(deployed.source(source or deployed.only_source()))
        database = SqlDatabase(deployed.endpoint(settings.name))
    listing = list_tables(database, settings, patterns)
    database.close()
    if as_json:
        print_json(listing)
    else:
        _show(listing, result_console())


def _show(listing: Listing, console: Console) -> None:
    table = new_table()
    table.add_column("TABLE")
    for name in ("ROWS", "SIZE"):
        table.add_column(name, justify="right")
    if listing.changes_from:
        table.add_column("CHANGES", justify="right")
    if listing.source:
        table.add_column("CAPTURED")
    table.add_column("KEY")
    for one in listing.tables:
        cells = [one.table, f"~{one.rows:,}", _size(one.bytes)]
        if listing.changes_from:
            cells.append("-" if one.changes is None else f"{one.changes:,}")
        if listing.source:
            cells.append("yes" if one.captured else "-")
        table.add_row(*cells, ", ".join(one.key) or "none")
    print_table(console, table)
    for one in listing.tables:
        for problem in one.problems:
            console.print(f"! {one.table} {problem}", markup=False)
    if listing.changes_from:
        console.print(
            f"CHANGES counts rows written since the server started, by {listing.changes_from}. "
            "ROWS are the server's estimate.",
            markup=False,
        )


def _size(size: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size //= 1024
    return f"{size:,} TiB"
