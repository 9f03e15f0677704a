"""`rowline archive status` and `commit`; the rest of the group has files of its own."""

import msgspec
import typer

from cli.archive_function import ask_archive, drain_archive
from cli.commands.archive_audit import command as audit
from cli.commands.archive_query import command as query
from cli.commands.archive_views import command as views
from cli.deployed import ServiceOption, StageOption, open_stage
from cli.ui.console import print_json, result_console
from cli.ui.duration import duration
from cli.ui.json_option import JsonOption
from shared.flows.archive.archive_answers import COMMIT_WAITS, ArchiveStatus, Committed, Maintained
from shared.values.counted import counted

app = typer.Typer(
    no_args_is_help=True,
    help="The archive: every change in a table that Athena reads.",
    rich_markup_mode="markdown",
)


@app.command()
def status(
    stage: StageOption = "local", service: ServiceOption = "", as_json: JsonOption = False
) -> None:
    """Show how far the archive is: archived-through of each stream, what waits, the table's size.

    Example: `rowline archive status --stage prod`
    """
    answer = ask_archive(open_stage(stage, service), {"do": "status"})
    found = msgspec.convert(answer, ArchiveStatus)
    if as_json:
        return print_json(found)
    console = result_console()
    for each in found.streams:
        behind = f", {each.end - each.through:,} behind the stream" if each.end else ""
        console.print(
            f"{each.stream}  {counted(each.changes, 'change')}, epoch {each.epoch} archived "
            f"through {each.through:,}{behind}",
            markup=False,
        )
    console.print(
        f"table    {counted(found.rows, 'row')} in {counted(found.files, 'file')}, "
        f"{found.size / 1e6:,.1f} MB",
        markup=False,
    )
    console.print(
        f"landing  {counted(found.waiting, 'object')}, {found.waiting_bytes / 1e6:,.1f} MB"
        + (f", the oldest {duration(found.oldest_ms / 1000)} old" if found.waiting else ""),
        markup=False,
    )


@app.command()
def commit(
    stage: StageOption = "local", service: ServiceOption = "", as_json: JsonOption = False
) -> None:
    """Move what has arrived into the table now. The schedule does it each minute.

    First the archive's consumers take what is in their queues; then what landed is committed.

    Example: `rowline archive commit --stage prod`
    """
    deployed = open_stage(stage, service)
    failed = drain_archive(deployed)
    answer = ask_archive(deployed, {"do": "commit", "wait_s": COMMIT_WAITS})
    done = msgspec.convert(answer, Committed)
    if as_json:
        return print_json(done)
    said = "another run commits at this moment"
    if not done.busy:
        said = (
            f"{counted(done.rows, 'change')} committed, {done.duplicates:,} were there already; "
            f"{counted(done.objects, 'object')} done" + (", more are left" if done.left else "")
        )
    result_console().print(said, markup=False)
    if done.rejected:
        result_console().print(
            f"! {counted(done.rejected, 'object')} could not be read; the bucket keeps them "
            "in rejected/",
            markup=False,
        )
    for each in failed:
        result_console().print(f"! {each}", markup=False)
    if done.rejected or failed:
        raise typer.Exit(1)


@app.command()
def compact(
    stage: StageOption = "local", service: ServiceOption = "", as_json: JsonOption = False
) -> None:
    """Maintain the table now: rewrite small files, drop what is too old, remove what is unused.

    The schedule does it each hour.

    Example: `rowline archive compact --stage prod`
    """
    answer = ask_archive(open_stage(stage, service), {"do": "maintain"})
    done = msgspec.convert(answer, Maintained)
    if as_json:
        return print_json(done)
    said = "another run maintains the table at this moment"
    if not done.busy:
        said = (
            f"{done.files:,} files became {done.rewrites:,}, with {counted(done.rows, 'row')}; "
            f"{done.dropped:,} old changes dropped; {done.removed:,} unused objects removed, "
            f"{done.removed_bytes / 1e6:,.1f} MB" + ("; more is left" if done.left else "")
        )
    result_console().print(said, markup=False)


app.command("audit")(audit)
app.command("query")(query)
app.command("views")(views)
