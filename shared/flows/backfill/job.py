"""The job: reads the source chunk by chunk, sends the rows, and sees to it that they are applied.

Killed anywhere, the same command continues it.
"""

from collections.abc import Sequence

import msgspec

from shared.domain.captured_tables import CapturedTable, captured_names, captured_tables
from shared.domain.outstanding import outstanding
from shared.domain.sink import Listable
from shared.flows.backfill import causes
from shared.flows.backfill.finishing import wait_until_done
from shared.flows.backfill.reading import CHUNK_ROWS, Reading
from shared.flows.backfill.sending import Sending
from shared.flows.jobs.progress import Progress
from shared.flows.jobs.setup import JobSetup
from shared.flows.jobs.tenure import hold
from shared.values.errors import ConfigError
from shared.values.job import BackfillWork, FillWork, Job, TableFill
from shared.values.settings import table_settings

MAX_WAITING = 200
"""Messages of this job that are not applied yet, above which reading pauses: live changes of the
same groups wait behind them.
"""

_PAUSE_SECONDS = 0.5


class BackfillReport(msgspec.Struct, frozen=True):
    """What the job did in all its parts.

    job: its id.
    deletions: documents that live changes had deleted while it ran, and that were deleted again.
    seconds: how long this part took.
    """

    job: str
    consumer: str
    tables: list[str]
    rows: int
    messages: int
    deletions: int
    seconds: float


class Backfill:
    """`rowline backfill`: the rows of a source go to one consumer."""

    def __init__(self, setup: JobSetup, *, chunk_rows: int = CHUNK_ROWS) -> None:
        self._setup, self._chunk_rows = setup, chunk_rows
        self._consumer, self._source, self._state = setup.consumer, setup.source, setup.state
        self._waiting: set[str] = set()

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> BackfillReport:
        """Fill the consumer, or continue the job that was interrupted.

        chosen: tables, by name or pattern; all of the consumer's when empty.
        restart: read everything again, with the job's records.

        Raises ConfigError when other tables are being filled, JobBusy when another process does
        it, StackError when no relay comes or the queue takes nothing, SourceError, SearchError.
        """
        began = self._setup.patience.clock()
        tables = {table.name: table for table in self._tables(chosen, restart)}
        self._tenure = hold(
            self._setup,
            "fill",
            lambda: BackfillWork(self._begun(tables)),
            lambda job: self._restarted(_work(job), tables) if restart else _work(job),
        )
        self._reading = Reading(self._setup, self._tenure.patience, self._chunk_rows)
        with self._tenure.kept():
            deletions = self._fill(tables)
            work = self._work
            states = [state for _, state in self._filled()]
            report = BackfillReport(
                self._tenure.job.id,
                self._consumer.name,
                work.chosen,
                sum(state.rows for state in states),
                sum(state.sent for state in work.tables.values()),
                deletions,
                round(self._setup.patience.clock() - began, 1),
            )
            self._settle()
            self._tenure.end(f"{report.rows:,} rows of {len(states)} tables")
        return report

    @property
    def _work(self) -> FillWork:
        return _work(self._tenure.job)

    def _tables(self, chosen: Sequence[str], restart: bool) -> list[CapturedTable]:
        """The tables to fill: chosen, or those of the job under way.

        Raises ConfigError when these are not the same.
        """
        job = self._state.jobs.current(self._consumer.name, "fill")
        going = _work(job).chosen if job and not restart else []
        tables = captured_tables(
            self._setup.database,
            self._source,
            self._consumer,
            chosen or going,
            mask_key=self._setup.mask_key,
        )
        if job and going and {table.name for table in tables} != set(going):
            raise ConfigError(
                f"{job.kind} {job.id} of {', '.join(going)} is under way.",
                thing=f"consumer {self._consumer.name}",
                hint=(
                    "Run the same command without --tables to continue it, or add --restart to "
                    "begin again with these tables."
                ),
            )
        return tables

    def _fill(self, tables: dict[str, CapturedTable]) -> int:
        """Send every row and see it applied; returns how many documents were deleted again."""
        self._reading.await_relays(list(tables), lambda note: self._show(note=note))
        sending = Sending(self._setup, self._tenure.job.id, self._work.attempt, self._tenure)
        for name, table in tables.items():
            while not self._work.tables[name].complete:
                self._step(table, sending)
        self._await_applied(sending)
        sink, job = self._setup.sink, self._tenure.job.id
        if not isinstance(sink, Listable):
            return 0
        recorded = self._state.deletions.read(self._consumer.name, job)
        return sink.delete_again(recorded, self._tenure.patience.sleep)

    def _step(self, table: CapturedTable, sending: Sending) -> None:
        """One chunk: the checkpoint first, then the read, then the queue, then the cursor."""
        self._hold_back()
        state = self._work.tables[table.name]
        checkpoint, rows = self._reading.chunk(table, state)
        if rows:
            sent = sending.rows(table, rows, checkpoint.seq, self._setup.now_ms())
            self._waiting |= set(sent)
            last = [rows[-1][column] for column in table.key]
            state = msgspec.structs.replace(
                state,
                cursor=msgspec.json.encode(last).decode(),
                rows=state.rows + len(rows),
                sent=state.sent + len(sent),
            )
        else:
            state = msgspec.structs.replace(state, complete=True)
        self._save(table.name, state)
        self._show(table.name)

    def _save(self, name: str, state: TableFill) -> None:
        work = self._work
        changed = msgspec.structs.replace(work, tables={**work.tables, name: state})
        self._tenure.save(changed)

    def _hold_back(self) -> None:
        """The queue's own depth would count live changes too: a consumer that is behind with those
        would keep the rows out for ever.
        """
        name, job = self._consumer.name, self._tenure.job.id
        while len(self._waiting) > MAX_WAITING:
            self._waiting -= self._state.done_messages.noted(name, job, list(self._waiting))
            if len(self._waiting) > MAX_WAITING:
                self._show(note=f"{len(self._waiting):,} messages are being applied")
                self._tenure.patience.sleep(_PAUSE_SECONDS)

    def _await_applied(self, sending: Sending) -> None:
        ends: list[str] = []
        for name in self._work.tables:
            shards = table_settings(self._source.tables, name).shards
            sending.end(name, shards)
            ends += sending.ends(name, shards)
        wait_until_done(
            self._state.done_messages,
            self._consumer.name,
            self._tenure.job.id,
            ends,
            lambda left: self._show(note=f"{left} of {len(ends)} groups are still being applied"),
            self._tenure.patience.sleep,
        )

    def _filled(self) -> list[tuple[str, TableFill]]:
        return [(name, self._work.tables[name]) for name in self._work.chosen]

    def _begun(self, tables: dict[str, CapturedTable]) -> dict[str, TableFill]:
        due = outstanding(self._state.dues, self._consumer, self._source)
        return {name: causes.begun(name, table.rows, due) for name, table in tables.items()}

    def _settle(self) -> None:
        tables = captured_names(self._setup.database, self._source, self._consumer)
        of_source, own = causes.settled(dict(self._filled()), tables)
        self._state.dues.settle(self._consumer.name, of_source, own)

    def _restarted(self, work: FillWork, tables: dict[str, CapturedTable]) -> FillWork:
        """The job from its beginning. It keeps its id and with it the deletions recorded so far.

        Rows that were sent before are still on their way and must not come back.
        """
        left = {
            name: msgspec.structs.replace(state, left=True)
            for name, state in work.tables.items()
            if name not in tables
        }
        return msgspec.structs.replace(
            work, tables={**self._begun(tables), **left}, attempt=work.attempt + 1
        )

    def _show(self, table: str = "", note: str = "") -> None:
        states = [state for _, state in self._filled()]
        rows = sum(state.rows for state in states)
        estimate = sum(
            state.rows if state.complete else max(state.rows, state.estimate) for state in states
        )
        self._tenure.show(Progress(rows, estimate, table, note))


def _work(job: Job) -> FillWork:
    assert isinstance(job.work, FillWork)
    return job.work
