"""Tables to fill: the tables of a job, as they are in the database now."""

from collections.abc import Sequence

from shared.domain.captured_tables import CapturedTable, captured_tables, names_that_reach
from shared.domain.open_dues import open_dues
from shared.flows.jobs.fill_conditions import require_fillable
from shared.flows.jobs.job_setup import JobSetup
from shared.values.errors import ConfigError
from shared.values.job import BackfillWork, ResyncWork


def tables_to_fill(
    setup: JobSetup,
    kind: type[BackfillWork | ResyncWork],
    chosen: Sequence[str],
    *,
    restart: bool,
) -> list[CapturedTable]:
    """The tables chosen, or those of the job under way; else all, or for a resync all due ones.

    Raises ConfigError when another kind of job is under way, or one of other tables.
    """
    consumer, source = setup.consumer, setup.source
    require_fillable(consumer)
    job = setup.state.jobs.current(consumer.name, "fill")
    if job and not isinstance(job.work, kind):
        raise ConfigError(
            f"{job.kind} {job.id} is under way.",
            thing=f"consumer {consumer.name}",
            hint=f"Continue it, or end it: rowline jobs cancel {job.id}.",
        )
    going = job.work.chosen if job and isinstance(job.work, kind) and not restart else []
    if kind is ResyncWork and not chosen and not going:
        chosen = _due(setup)
        if not chosen:
            return []
    tables = captured_tables(
        setup.database,
        source,
        consumer,
        chosen or going,
        mask_key=setup.mask_key,
        examine=setup.hidden.examine,
    )
    if job and going and {table.name for table in tables} != set(going):
        raise ConfigError(
            f"{job.kind} {job.id} of {', '.join(going)} is under way.",
            thing=f"consumer {consumer.name}",
            hint=(
                "Run the same command without --tables to continue it, or add --restart to "
                "begin again with these tables."
            ),
        )
    return tables


def _due(setup: JobSetup) -> list[str]:
    """The tables, or patterns, that are due and in the database."""
    names = names_that_reach(setup.database, setup.source, setup.consumer)
    due = open_dues(setup.state.dues, setup.consumer, setup.source)
    return sorted({one.table for one in due if any(map(one.concerns, names))})
