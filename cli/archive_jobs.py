"""Archive jobs: what replay and backfill from the archive share."""

import time

import msgspec

from cli.job_run import follow, require_function
from cli.ui.progress_line import RowProgress
from cli.ui.whoami import whoami
from shared.domain.polling import Polling
from shared.flows.jobs.submission import submit
from shared.flows.replay.archive_reader import ArchiveReader
from shared.flows.replay.replay_plan import PlanSetup
from shared.flows.replay.replay_report import ReplayReport
from shared.flows.replay.streams_of_source import streams_of
from shared.stage import Stage
from shared.values.job import Wanted
from shared.values.replay_work import ReplayWork


def plan_setup(deployed: Stage, name: str, now_ms: int) -> PlanSetup:
    """The parts that a plan needs. Raises ConfigError, StackError where there is no archive."""
    consumer = deployed.consumer(name)
    source = deployed.settings.source_of(consumer)
    place = deployed.resources.archive_function  # before anything else: there may be none
    settings = deployed.settings.archive
    assert place
    assert settings
    return PlanSetup(
        consumer,
        source,
        streams_of(source),
        deployed.state,
        ArchiveReader(deployed.ask_archive),
        settings.retention_days,
        now_ms,
    )


def run_from_archive(deployed: Stage, consumer: str, work: ReplayWork) -> ReplayReport:
    """Begin a job in the jobs function, or continue it, and watch it until it is done."""
    require_function(deployed)
    with RowProgress("backfill" if work.bases else "replay") as progress:
        job = submit(
            deployed.state.jobs,
            consumer,
            work,
            Wanted(),
            by=whoami(),
            now_ms=lambda: time.time_ns() // 1_000_000,
            polling=Polling(),
            show=progress.show,
        )
        return msgspec.convert(follow(deployed, job, progress).result, ReplayReport)
