"""Backfill from the archive: of the rows of a snapshot and the changes since.

No query reaches the source. Where the archive cannot know all rows, it is refused.
"""

from collections.abc import Mapping, Sequence

from shared.domain.open_dues import open_dues
from shared.flows.jobs.redrive_and_replay_rate import FILL_RATE
from shared.flows.replay.replay_plan import PlanSetup, tables_of, wants_newest
from shared.values.archive_pages import FOREVER_US, Base, Choice, TableName
from shared.values.coverage import covered
from shared.values.day import DAY_MS
from shared.values.due_cause import causes_of
from shared.values.errors import ConfigError, StackError
from shared.values.new_indexes import NewIndexes
from shared.values.replay_work import ReplayWork
from shared.values.seq import split_seq


def fill_from_archive(setup: PlanSetup, chosen: Sequence[str], *, into: bool) -> ReplayWork:
    """The work that fills a consumer. chosen: tables, by name or pattern; empty for all.

    Raises ConfigError, StackError for why it cannot be.
    """
    consumer = setup.consumer
    if consumer.is_drained or not wants_newest(consumer):
        raise ConfigError(
            "receives every change, and a snapshot holds no changes.",
            thing=f"consumer {consumer.name}",
            hint="Send it the changes of a time: rowline replay.",
        )
    tables = tables_of(setup, chosen, now=True)
    bases = setup.reader.bases(setup.source.name, [each.full for each in tables])
    tables = tuple(each for each in tables if not _has_no_rows(setup, each, bases))
    names = [each.full for each in tables]
    due = open_dues(setup.state.dues, consumer, setup.source)
    noted = setup.state.dues.of_source(setup.source.name)
    for name in names:
        for one in due:
            if one.concerns(name):
                raise _refused(name, f"is due: {one.why or one.cause}", "rowline resync")
        base = _checked(setup, name, bases.get(name))
        for cause in causes_of(noted, name):
            if cause.id not in base.dues:
                why = cause.why or cause.id
                raise _refused(name, f"changed without events since its snapshot: {why}")
    choice = Choice(setup.source.name, tables, 0, FOREVER_US, newest=True)
    bases = {name: bases[name] for name in names}
    rows = sum(each.rows for each in bases.values())
    return ReplayWork(choice, FILL_RATE, rows, bases=bases, into=NewIndexes() if into else None)


def _has_no_rows(setup: PlanSetup, table: TableName, bases: Mapping[str, Base]) -> bool:
    """Whether no row was ever published or read: then its columns are not known either."""
    base = bases.get(table.full)
    known = setup.state.schemas.latest(setup.source.name, table.database, table.table)
    return base is not None and not base.rows and known is None


def _checked(setup: PlanSetup, name: str, base: Base | None) -> Base:
    """The base, whose rows and the archived changes since are all rows. Raises StackError."""
    if base is None:
        raise StackError(
            "is in no complete snapshot.",
            thing=f"table {name}",
            hint="Take one: rowline snapshot create. Or fill from the source, without --from.",
        )
    if base.missing:
        raise _refused(name, f"cannot be filled from the archive: {base.missing}")
    kept_ms = setup.now_ms - setup.retention_days * DAY_MS
    if setup.retention_days and base.began_ms < kept_ms:
        raise _refused(
            name, f"has a snapshot older than the {setup.retention_days} days of the archive"
        )
    stream = setup.source.stream_of(name)
    if stream != base.stream:
        raise _refused(name, f"has passed from relay {base.stream} to {stream} since its snapshot")
    epoch, n = split_seq(base.floor)
    ranges = covered(setup.state.coverage.segments(stream), name)
    since = [each for each in ranges if each.epoch > epoch or (each.until or n + 1) > n]
    whole = bool(since) and since[0].epoch == epoch and since[0].after <= n
    if not whole or since[-1].until is not None or not all(each.follows for each in since[1:]):
        raise _refused(name, "was not captured for a while since its snapshot")
    return base


def _refused(name: str, what: str, command: str = "rowline snapshot create") -> StackError:
    return StackError(
        f"{what}.",
        thing=f"table {name}",
        hint=f"Run {command}. Or fill from the source, without --from.",
    )
