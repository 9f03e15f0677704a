"""`rowline backfill --from archive`"""

import time

from cli.archive_jobs import plan_setup, run_from_archive
from cli.proof import proof_of
from cli.ui.console import print_json, result_console
from cli.ui.name_list import split_names
from shared.flows.replay.backfill_from_archive import fill_from_archive
from shared.flows.replay.replay_report import line_of
from shared.stage import Stage


def fill_consumer_from_archive(
    deployed: Stage, consumer: str, tables: str, *, into: bool, as_json: bool
) -> None:
    """Fill a consumer from a snapshot and the changes since, and print what that did."""
    setup = plan_setup(deployed, consumer, time.time_ns() // 1_000_000)
    work = fill_from_archive(setup, split_names(tables), into=into)
    report = run_from_archive(deployed, consumer, work)
    if as_json:
        return print_json(report)
    console = result_console()
    console.print(line_of(report), markup=False)
    for name, base in work.bases.items():
        console.print(f"  {name}: snapshot {base.id} and the changes since", markup=False)
    for alias, index in report.into.items():
        console.print(f"  {index} is filled; {alias} does not lead to it yet", markup=False)
        console.print(f"  next: rowline verify {consumer} --index {index}", markup=False)
    if report.into:
        console.print(f"  then: rowline cutover {consumer}", markup=False)
    elif proof := proof_of(deployed.consumer(consumer)):
        console.print(f"  next: {proof}", markup=False)
