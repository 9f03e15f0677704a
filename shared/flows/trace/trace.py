"""Trace: asks traces, parked changes, binlog and state for one change, and joins the answers."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from shared.adapters.archive_table.contract import ArchiveTable, NoArchiveTable
from shared.domain.archive_ledger import Ledger
from shared.flows.trace.archive_state import ARCHIVE, archive_state
from shared.flows.trace.change_trace import ChangeTrace, ConsumerTrace, Step
from shared.flows.trace.consumer_state import (
    Queues,
    consumer_state,
    waiting,
)
from shared.flows.trace.found_change import FoundChange
from shared.flows.trace.identifying import Places, ask, identify
from shared.flows.trace.row_facts import require_possible_row, row_facts
from shared.flows.trace.sightings import Sighting
from shared.flows.trace.sought_change import Sought
from shared.values.checkpoint import Checkpoint
from shared.values.errors import RowlineError, StackError
from shared.values.settings import ConsumerSettings
from shared.values.stream import source_of


class TraceParts(Queues, Places, Protocol):
    """The parts of a stage that say where a change is; `shared.stage.Stage` has them."""

    @property
    def archive_table(self) -> ArchiveTable: ...


class NotFound(RowlineError):
    """Neither traces nor parked changes nor the binlog have the change."""


def trace(
    parts: TraceParts,
    sought: Sought,
    consumers: Sequence[str] = (),
    deadline: float = float("inf"),
) -> ChangeTrace:
    """The way of a change. consumers: only these.

    deadline: of `time.monotonic`, when a search in the binlog should end.
    Raises NotFound, ConfigError for a row that cannot be, and what the state table raises. A part
    that cannot be asked is a note.
    """
    with ThreadPoolExecutor() as pool:
        return _trace(parts, sought, consumers, deadline, pool)


def _trace(
    parts: TraceParts,
    sought: Sought,
    consumers: Sequence[str],
    deadline: float,
    pool: ThreadPoolExecutor,
) -> ChangeTrace:
    """The ledger is read while the change is identified; then all consumers are asked at once."""
    notes: list[str] = []
    has_archive = any(one.kind == ARCHIVE for one in parts.settings.consumers.values())
    ledger = pool.submit(_ledger, parts).result if has_archive else Ledger
    known, seen = identify(parts, sought, notes, deadline)
    if known is None:
        facts = list[str]()
        if not sought.id:
            require_possible_row(parts, sought)
            facts = row_facts(parts, sought, consumers)
        raise _missing(sought, [*notes, *facts], has_archive)
    point = parts.state.streams.load(known.stream)[1] if known.stream else None
    published = _published(known, point)
    wanted_by = [
        one
        for one in parts.settings.consumers.values()
        if (not consumers or one.name in consumers) and _receives(one, known)
    ]
    asked = [
        pool.submit(_of_consumer, parts, one, known, seen, published, ledger) for one in wanted_by
    ]
    said = [each.result() for each in asked]
    return ChangeTrace(
        known.id,
        known.stream,
        known.table,
        known.op,
        known.seq,
        known.group,
        bool(seen),
        _steps(known, seen, point, published),
        [one for one, _ in said],
        [*notes, *(note for _, more in said for note in more)],
    )


def _of_consumer(
    parts: TraceParts,
    consumer: ConsumerSettings,
    known: FoundChange,
    seen: Sequence[Sighting],
    published: bool | None,
    ledger_of_archive: Callable[[], Ledger],
) -> tuple[ConsumerTrace, list[str]]:
    """What became of the change in one consumer, with notes."""
    own = [one for one in seen if one.consumer == consumer.name]
    published = True if own else published
    said = consumer_state(consumer, known, own, published, parts.state, parts)
    notes: list[str] = []
    if consumer.kind == ARCHIVE:
        ledger = ask(ledger_of_archive, None, "the archive's table", notes)
        if ledger is not None:
            said = archive_state(said, known, ledger, waiting(consumer, parts))
    return said, notes


def _ledger(parts: TraceParts) -> Ledger:
    """Which numbers the archive's table has: none before it is made."""
    try:
        return Ledger.decode(parts.archive_table.facts().ledger)
    except NoArchiveTable:
        return Ledger()
    except ValueError as error:
        raise StackError(f"has another ledger: {error}.", thing="the archive's table") from None


def _published(known: FoundChange, point: Checkpoint | None) -> bool | None:
    if known.seq and point is not None:
        return known.seq <= point.seq + point.rows
    return known.published


def _steps(
    known: FoundChange, seen: Sequence[Sighting], point: Checkpoint | None, published: bool | None
) -> list[Step]:
    steps = [Step("committed", known.ts_ms)]
    relayed = next((one for one in seen if not one.consumer), None)
    if relayed is not None:
        sent = relayed.segment.details.get("published", relayed.segment.end)
        attempts = relayed.segment.details.get("attempts", 1)
        note = f"attempt {attempts}" if attempts != 1 else ""
        return [
            *steps,
            Step("read", relayed.change.read_ms),
            Step("published", round(float(sent) * 1000), note),
        ]
    if published or any(one.consumer for one in seen):
        return [*steps, Step("read", 0), Step("published", 0, "the checkpoint has passed it")]
    return steps


def _receives(consumer: ConsumerSettings, known: FoundChange) -> bool:
    database, _, table = known.table.partition(".")
    return consumer.source == source_of(known.stream) and consumer.wants(database, table)


def _missing(sought: Sought, said: Sequence[str], has_archive: bool) -> NotFound:
    where = "that part of the binlog which was read" if not sought.id else "the binlog"
    known = "".join(f" {one.rstrip('.')}." for one in said)
    if sought.id:
        hint = "Is the id right, and the table captured?"
    else:
        hint = "Is the key right? An index shows the row as of the number that its document's "
        hint += "version is."
    if has_archive and sought.table:
        hint += f" All its changes, with their ids: rowline history {sought.table} {sought.key}."
    return NotFound(
        f"is in no trace of the last hours, is not parked, and is not in {where}.{known}",
        thing=sought.thing,
        hint=f"{hint} Proof of what was applied: rowline verify CONSUMER.",
    )
