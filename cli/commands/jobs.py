"""`rowline jobs`"""

from contextlib import suppress
from typing import Annotated, Any

import msgspec
import typer

from cli.deployed import ServiceOption, StageOption, open_stage
from cli.job_run import WITHOUT_LIMIT, require_function, state_and_outcome
from cli.ui.consent import YesOption
from cli.ui.console import note_console, print_json, result_console
from cli.ui.duration import duration
from cli.ui.json_option import JsonOption
from cli.ui.moment import moment
from cli.ui.printed_table import new_table, print_table
from cli.ui.progress_line import RowProgress
from shared.domain.polling import Polling
from shared.flows.jobs import job_control
from shared.flows.jobs.following_job import follow_job
from shared.values.counted import counted
from shared.values.errors import Outage, StackError
from shared.values.job import FillWork, Job, VerifyWork
from shared.values.redrive_work import RedriveWork
from shared.values.replay_work import ReplayWork
from shared.values.unix_micros import time_text

app = typer.Typer(no_args_is_help=True, help="Look at long work, pause it and end it.")
JobArgument = Annotated[str, typer.Argument(help="The job's id, see `rowline jobs list`.")]


@app.command("list")
def list_jobs(
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """List every job that is not over, and the last ones that are.

    Example: `rowline jobs list --stage prod`
    """
    deployed = open_stage(stage, service)
    found = job_control.jobs_of(deployed.state, deployed.settings.consumers)
    if as_json:
        return print_json([_every_fact(job) for job in found])
    table = new_table()
    for name in ("JOB", "KIND", "CONSUMER", "STATE", "BY", "BEGAN", "OUTCOME"):
        table.add_column(name)
    for job in found:
        table.add_row(
            job.id, job.kind, job.consumer, job.state, job.by, moment(job.began_ms), job.outcome
        )
    print_table(result_console(), table)


@app.command()
def show(
    job: JobArgument,
    watch: Annotated[
        bool, typer.Option("--watch", help="Watch it until it is over; Ctrl-C leaves it running.")
    ] = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show one job: who began it and when, its progress, its outcome.

    Example: `rowline jobs show 20261127T021500-3fa9c1`
    """
    deployed = open_stage(stage, service)
    found = job_control.find(deployed.state, deployed.settings.consumers, job)
    if watch and found.state == "running":
        with RowProgress(found.kind) as progress:
            found = follow_job(deployed.state, found, progress.show, Polling())
    if as_json:
        return print_json(_every_fact(found))
    console = result_console()
    for line in _lines(found):
        console.print(line, markup=False)


@app.command()
def pause(job: JobArgument, stage: StageOption = "local", service: ServiceOption = "") -> None:
    """Stop a job where it is; `rowline jobs resume` continues it.

    Example: `rowline jobs pause 20261127T021500-3fa9c1`
    """
    deployed = open_stage(stage, service)
    found = job_control.find(deployed.state, deployed.settings.consumers, job)
    paused = job_control.pause(deployed.state, found, _note, Polling())
    result_console().print(f"{paused.kind} {paused.id}: paused", markup=False)


@app.command("resume")
def resume_job(
    job: JobArgument,
    yes: YesOption = False,
    stage: StageOption = "local",
    service: ServiceOption = "",
) -> None:
    """Let the stage's jobs function continue a job that is paused or failed, whoever began it.

    Example: `rowline jobs resume 20261127T021500-3fa9c1`
    """
    deployed = open_stage(stage, service)
    found = job_control.find(deployed.state, deployed.settings.consumers, job)
    require_function(deployed)
    accept = WITHOUT_LIMIT if yes else found.wanted.accept
    wanted = msgspec.structs.replace(found.wanted, accept=accept)
    resumed = job_control.resume(deployed.state, found, wanted)
    deployed.start_slice(resumed)
    result_console().print(f"{resumed.kind} {resumed.id}: continues", markup=False)


@app.command()
def cancel(job: JobArgument, stage: StageOption = "local", service: ServiceOption = "") -> None:
    """End a job for good. What it has done stays.

    Example: `rowline jobs cancel 20261127T021500-3fa9c1`
    """
    deployed = open_stage(stage, service)
    found = job_control.find(deployed.state, deployed.settings.consumers, job)
    if found.in_function and deployed.resources.jobs_function:
        ending = job_control.cancel_in_function(deployed.state, found, _note, Polling())
        with suppress(Outage):  # the watch starts a slice that nobody else has started
            deployed.start_slice(ending)
        with RowProgress("cancel") as progress:
            ended = follow_job(deployed.state, ending, progress.show, Polling())
        if ended.state != "cancelled":
            raise StackError(state_and_outcome(ended), thing=f"{ended.kind} {ended.id}")
    else:
        sink = deployed.sink(found.consumer)
        ended = job_control.cancel(deployed.state, found, sink, _note, Polling())
    result_console().print(f"{ended.kind} {ended.id}: {ended.outcome}", markup=False)


def _every_fact(job: Job) -> dict[str, Any]:
    return {"kind": job.kind, **msgspec.structs.asdict(job)}


def _lines(job: Job) -> list[str]:
    head = f"{job.kind} {job.id} of {job.consumer}: {state_and_outcome(job)}"
    lines = [head, f"  began    {moment(job.began_ms)} by {job.by or '-'}"]
    if job.ended_ms:
        took = duration((job.ended_ms - job.began_ms) / 1000)
        lines.append(f"  ended    {moment(job.ended_ms)}, after {took}")
    if job.holder:
        lines.append(f"  holder   {job.holder}")
    elif job.in_function and job.state == "running":
        lines.append("  holder   none, its next slice begins within a minute")
    if job.progress.note and job.state == "running":
        lines.append(f"  now      {job.progress.note}")
    if isinstance(job.work, FillWork):
        lines += [
            f"  {name}: {each.rows:,} of about {counted(max(each.rows, each.estimate), 'row')}"
            for name, each in job.work.tables.items()
            if not each.left
        ]
    elif isinstance(job.work, VerifyWork):
        for name in job.work.chosen:
            done = job.work.done.get(name)
            said = (
                f"{counted(done.remaining, 'difference')} in {counted(done.rows, 'row')}"
                if done
                else "not yet"
            )
            lines.append(f"  {name}: {said}")
    elif isinstance(job.work, ReplayWork):
        choice = job.work.choice
        for name, base in job.work.bases.items():
            lines.append(f"  {name}: snapshot {base.id} and the changes since")
        if not job.work.bases:
            lines.append(f"  window   {time_text(choice.from_us)} to {time_text(choice.to_us)}")
        lines.append(
            f"  sent     {job.work.sent:,} of about {counted(job.work.estimate, 'change')}"
        )
    elif isinstance(job.work, RedriveWork):
        lines.append(
            f"  where    {job.work.where or 'everything'}, {counted(job.work.chosen, 'change')}"
        )
        if job.work.archive:
            lines.append(f"  archive  {job.work.archive}")
    return lines


def _note(text: str) -> None:
    note_console().print(text, markup=False)
