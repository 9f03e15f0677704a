"""`rowline snapshot`"""

import time
from typing import Annotated, Any

import msgspec
import typer

from cli.deployed import ServiceOption, SourceOption, StageOption, open_stage
from cli.job_options import HereOption, RestartOption, TablesOption
from cli.job_run import run_in_function, runs_here
from cli.ui.console import print_json, result_console
from cli.ui.json_option import JsonOption
from cli.ui.moment import moment
from cli.ui.name_list import split_names
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.flows.history.snapshots_json import snapshots_answer
from shared.flows.history.table_snapshots import snapshots_of
from shared.flows.snapshots.creating import Creating
from shared.flows.snapshots.snapshot_answers import Created, Tended, Verified
from shared.stage import Stage
from shared.values.counted import counted
from shared.values.errors import ConfigError
from shared.values.snapshot import Snapshot
from shared.values.snapshot_work import SnapshotWork

app = typer.Typer(no_args_is_help=True, help="Snapshots: the rows of all tables, as they were.")
BUSY_SECONDS = 150.0
"""Longer than the lease of a run that was killed."""

IdArgument = Annotated[str, typer.Argument(help="Its id, see `rowline snapshot list`.")]
TableArgument = Annotated[
    str, typer.Argument(help="DATABASE.TABLE, or TABLE where one has it; not given: all.")
]
SourceArgument = Annotated[
    str, typer.Argument(help="The source; not needed where the stage has one.")
]


@app.command()
def create(
    name: SourceArgument = "",
    tables: TablesOption = "",
    restart: RestartOption = False,
    here: HereOption = False,
    source: SourceOption = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Read every row of a source, and store the rows beside the archived changes.

    It reads in the jobs function, and continues there after Ctrl-C.

    Example: `rowline snapshot create --stage prod`
    """
    deployed = open_stage(stage, service, source=source)
    consumer = _archive_of(deployed, name)
    if runs_here(deployed, consumer, here):
        with RowProgress("snapshot") as progress:
            setup = deployed.job(consumer, by=whoami(), show=progress.show)
            read = Creating(setup).run(split_names(tables), restart=restart)
    else:
        job = run_in_function(
            deployed, consumer, SnapshotWork(), tables=tables, restart=restart, yes=False
        )
        read = msgspec.convert(job.result, Created)
    _pack(deployed)
    found = next((each for each in _all(deployed) if each.id == read.id), None)
    if as_json:
        return print_json(found or read)
    console = result_console()
    said = "complete" if found else "read; the archive's function packs it within the hour"
    console.print(
        f"{read.id}: {counted(read.rows, 'row')} of {counted(read.tables, 'table')} in "
        f"{read.seconds:,.1f} s, {said}",
        markup=False,
    )
    for table, why in read.left_out.items():
        console.print(f"! {table} is left out: it {why}", markup=False)


@app.command("list")
def list_snapshots(
    table: TableArgument = "",
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """List the complete snapshots, oldest first; or those of a table, with its rows and numbers.

    Example: `rowline snapshot list listings --stage prod`
    """
    deployed = open_stage(stage, service)
    if table:
        return _list_of_table(deployed, table, as_json)
    found = _all(deployed)
    if as_json:
        return print_json(found)
    for each in found:
        result_console().print(_line(each), markup=False)
    if not found:
        result_console().print("no snapshot yet", markup=False)


@app.command()
def show(
    id: IdArgument,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show one snapshot: its tables, their rows and numbers.

    Example: `rowline snapshot show 20261127T021500-3fa9c1 --stage prod`
    """
    found = next((each for each in _all(open_stage(stage, service)) if each.id == id), None)
    if found is None:
        raise ConfigError("is no snapshot.", thing=id, hint="See rowline snapshot list.")
    if as_json:
        return print_json(found)
    console = result_console()
    console.print(f"{_line(found)}; read from {found.reads}", markup=False)
    for name, table in found.tables.items():
        console.print(
            f"  {name}  {counted(table.rows, 'row')}, exact from number {table.ceiling} on",
            markup=False,
        )
    for name, why in found.left_out.items():
        console.print(f"! {name} is left out: it {why}", markup=False)


@app.command()
def verify(
    id: IdArgument,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Compare every file of a snapshot with its checksum, and the files with the table.

    Exit code 1 when something differs.

    Example: `rowline snapshot verify 20261127T021500-3fa9c1 --stage prod`
    """
    deployed, done, start = open_stage(stage, service), Verified(), 0
    while True:
        answer = _ask(deployed, {"do": "snapshot-verify", "id": id, "next": start})
        part = msgspec.convert(answer, Verified)
        done = Verified(
            done.files + part.files, done.rows + part.rows, 0, done.problems + part.problems
        )
        if not (start := part.next):
            break
    if as_json:
        print_json(done)
    else:
        for problem in done.problems:
            result_console().print(f"! {problem}", markup=False)
        said = "not whole" if done.problems else "whole"
        result_console().print(
            f"{id}: {said}, {counted(done.files, 'file')}, {counted(done.rows, 'row')}",
            markup=False,
        )
    raise typer.Exit(1 if done.problems else 0)


def _ask(deployed: Stage, event: dict[str, Any]) -> dict[str, Any]:
    return deployed.functions.call(deployed.resources.archive_function, event)


def _all(deployed: Stage) -> list[Snapshot]:
    return msgspec.convert(_ask(deployed, {"do": "snapshot-list"})["snapshots"], list[Snapshot])


def _list_of_table(deployed: Stage, table: str, as_json: bool) -> None:
    """The answer of the history API to the same question, as one page."""
    setup = deployed.history()
    found = snapshots_of(setup, table)
    while found.next:
        after = snapshots_of(setup, table, page=found.next)
        found = msgspec.structs.replace(after, snapshots=[*found.snapshots, *after.snapshots])
    answer = snapshots_answer(found)
    if as_json:
        return print_json(answer)
    console = result_console()
    for each in answer["snapshots"]:
        through = "{epoch}/{n}".format(**each["ceiling"])
        console.print(
            f"{each['id']}  {each['began_at']}  {each['rows']:,} rows, exact from "
            f"{each['stream']} {through} on, kept until {each['kept_until']}",
            markup=False,
        )
    if not found.snapshots:
        console.print(f"no snapshot of {found.table} yet", markup=False)


def _pack(deployed: Stage) -> None:
    """Let the archive's function pack what was read; a run that is under way is waited for."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        done = msgspec.convert(_ask(deployed, {"do": "snapshots"}), Tended)
        if done.busy and time.monotonic() < end:
            time.sleep(2)
        elif not done.left:
            return


def _archive_of(deployed: Stage, source: str) -> str:
    """The archive's consumer of a source. Raises ConfigError."""
    consumers = deployed.settings.consumers.values()
    found = {each.source: each.name for each in consumers if each.kind == "archive"}
    if not found:
        raise ConfigError(
            "has no archive.", thing="the stage", hint="docs/archive.md says how to switch it on."
        )
    if not source and len(found) == 1:
        return next(iter(found.values()))
    if source not in found:
        raise ConfigError(
            "is no archived source." if source else "has several sources.",
            thing=source or "the stage",
            hint=f"Name one of: {', '.join(sorted(found))}.",
        )
    return found[source]


def _line(each: Snapshot) -> str:
    return (
        f"{each.id}  {each.source}  {moment(each.began_ms)}  "
        f"{counted(each.rows, 'row')} of {counted(len(each.tables), 'table')}, "
        f"{each.size / 1e6:,.1f} MB, kept until {moment(each.expires_ms)}"
    )
