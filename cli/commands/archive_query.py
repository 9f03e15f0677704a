"""`rowline archive query`"""

from typing import Annotated, Any

import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console, print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.printed_table import new_table, print_table
from shared.adapters.archive_table.contract import TableFacts
from shared.domain.athena_query import ask, rows
from shared.domain.query_cost import query_usd
from shared.domain.select_only import require_select
from shared.values.counted import counted


def command(
    sql: Annotated[str, typer.Argument(help="A SELECT in Athena's SQL; the table is `changes`.")],
    most: Annotated[
        int, typer.Option("--rows", min=1, help="Print at most this many rows.")
    ] = 1000,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Only print what it may cost; run nothing.")
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Query the archive with SQL. Prints first what the query may cost, and then what it cost.

    Example: `rowline archive query "SELECT op, count(*) FROM changes GROUP BY op" --stage prod`
    """
    text = require_select(sql)
    deployed = open_stage(stage, service)
    athena = deployed.athena
    facts = deployed.archive_table.facts()
    limit = athena.scan_limit()
    before = {"most_bytes": facts.size, "most_usd": query_usd(facts.size), "limit_bytes": limit}
    if estimate:
        if as_json:
            return print_json(before)
        return result_console().print(_estimated(facts, limit), markup=False)
    note = note_console()
    note.print(_estimated(facts, limit), markup=False)
    done = ask(athena, text)
    columns = athena.results(done.id, most=1).columns
    found = list(rows(athena, done.id, most + 1))
    more, found = len(found) > most, found[:most]
    cost = query_usd(done.scanned)
    if as_json:
        answer: dict[str, Any] = {
            "columns": columns,
            "rows": found,
            "more": more,
            "scanned_bytes": done.scanned,
            "cost_usd": cost,
            "estimate": before,
        }
        return print_json(answer)
    table = new_table()
    for name in columns:
        table.add_column(name)
    for row in found:
        table.add_row(*("NULL" if value is None else value for value in row))
    print_table(result_console(), table)
    if more:
        note.print(f"! there are more rows; --rows prints more than {most:,}", markup=False)
    note.print(f"read {done.scanned / 1e6:,.1f} MB: ${cost:.5f}", markup=False)


def _estimated(facts: TableFacts, limit: int) -> str:
    """What a query may cost: the whole table at most, since it reads only the columns it names."""
    said = (
        f"{counted(facts.rows, 'change')}, {facts.size / 1e6:,.1f} MB: a query costs "
        f"${query_usd(0):.5f} to ${query_usd(facts.size):.5f}"
    )
    return said + (f"; the limit is {limit / 1e9:,.0f} GB" if limit else "")
