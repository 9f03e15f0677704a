"""`rowline archive views`"""

import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import note_console, print_json, result_console
from cli.ui.json_option import JsonOption
from shared.domain.archive_views import View
from shared.flows.history.make_views import make_views
from shared.values.counted import counted


def command(
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a view of typed changes and one of present rows for each table of the archive.

    Run it again after a table has changed its columns. It costs nothing. The exit code is 1 when a
    view cannot be made; the others are made.

    Example: `rowline archive views --stage prod`
    """
    console, made = result_console(), list[View]()

    def note(view: View) -> None:
        made.append(view)
        if not as_json:
            text = f"{view.name}  {view.table}, {counted(len(view.columns), 'column')}"
            console.print(text, markup=False)

    done = make_views(open_stage(stage, service).history(), note)
    if as_json:
        print_json({"views": made, "without_changes": done.without, "refused": done.refused})
    for table in done.without:
        note_console().print(
            f"{table} has had no change yet: it gets its views later", markup=False
        )
    for each in done.refused:
        note_console().print(
            f"{each.name} of table {each.table} cannot be made: {each.reason} Query the table "
            "changes with json_extract_scalar instead.",
            markup=False,
        )
    if done.refused:
        raise typer.Exit(1)
