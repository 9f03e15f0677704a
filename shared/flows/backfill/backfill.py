"""Backfill: reads the source in chunks, sends the rows, sees them applied (long: step by step).

Killed anywhere, the same command continues it.
"""

from collections.abc import Sequence

import msgspec

from shared.domain.captured_tables import CapturedTable, names_that_reach
from shared.domain.open_dues import open_dues
from shared.domain.sink import Listable
from shared.flows.backfill import settled_causes
from shared.flows.backfill.backfill_report import BackfillReport
from shared.flows.backfill.documents_without_row import Ghosts
from shared.flows.backfill.sink_ahead import pass_versions
from shared.flows.backfill.tables_to_fill import tables_to_fill
from shared.flows.jobs.awaiting_consumer import Awaiting
from shared.flows.jobs.chunk_reading import CHUNK_ROWS, ChunkReading
from shared.flows.jobs.deleting_again import delete_again
from shared.flows.jobs.fill_conditions import require_one_index
from shared.flows.jobs.filling_beside import Beside, require_place
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.row_sending import RowSending
from shared.flows.jobs.same_server import require_same_server
from shared.flows.jobs.subscription_in_force import await_filter
from shared.flows.jobs.taking_a_job import hold
from shared.values.asked_end import AskedEnd
from shared.values.counted import counted
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError
from shared.values.job import (
    BackfillWork,
    FillWork,
    Job,
    ResyncWork,
    TableFill,
)
from shared.values.new_indexes import NewIndexes
from shared.values.progress import Progress
from shared.values.settings import table_settings


class Backfill:
    """The rows of a source go to one consumer.

    into: new indexes beside the serving ones are filled.
    kind: BackfillWork deletes nothing; ResyncWork then deletes the documents without a row.
    """

    def __init__(
        self,
        setup: JobSetup,
        kind: type[BackfillWork | ResyncWork] = BackfillWork,
        *,
        into: bool = False,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._setup, self._kind, self._chunk_rows = setup, kind, chunk_rows
        self._into = into
        self._consumer, self._source, self._state = setup.consumer, setup.source, setup.state

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> BackfillReport:
        """Fill the consumer, or continue the job that was interrupted.

        chosen: tables, by name or pattern; when empty, all of the consumer's, or for a resync all
            that are due.
        restart: read everything again, with the job's records.

        Raises ConfigError when other tables are being filled, JobBusy when another process does
        it, StackError when no relay comes or the queue takes nothing, SourceError, SearchError.
        """
        if not self._into:
            require_one_index(self._setup)
        found = tables_to_fill(self._setup, self._kind, chosen, restart=restart)
        if self._into:
            require_place(self._setup, found)
        tables = {table.name: table for table in found}
        if not tables:
            return self._nothing()
        self._tenure = hold(
            self._setup,
            "fill",
            lambda: self._new(tables),
            lambda job: self._resumed(job, tables, restart=restart),
        )
        self._reading = ChunkReading(self._setup, self._tenure.polling, self._chunk_rows)
        with self._tenure.kept():
            deletions = self._fill(tables)
            self._sweep(tables)
            work = self._work
            states = [state for _, state in self._filled()]
            report = BackfillReport(
                self._tenure.job.id,
                self._consumer.name,
                self._reads,
                self._setup.writes,
                work.chosen,
                sum(state.rows for state in states),
                sum(state.sent for state in work.tables.values()),
                sum(state.ghosts for state in states),
                deletions,
                self._tenure.seconds(),
                self._new_indexes(),
            )
            self._settle()
            outcome = f"{counted(report.rows, 'row')} of {counted(len(states), 'table')}"
            self._tenure.end(outcome, msgspec.to_builtins(report))
        return report

    def _nothing(self) -> BackfillReport:
        """No table is due."""
        name, setup = self._consumer.name, self._setup
        report = BackfillReport("", name, setup.reads, setup.writes, [], 0, 0, 0, 0, 0.0)
        if setup.tenure:
            setup.tenure.end("nothing is due", msgspec.to_builtins(report))
        return report

    @property
    def _work(self) -> FillWork:
        return _work(self._tenure.job)

    def _fill(self, tables: dict[str, CapturedTable]) -> int:
        """Send every row and see it applied; returns how many documents were deleted again."""
        await_filter(self._setup, self._tenure.polling.sleep, lambda note: self._show(note=note))
        beside = Beside(self._setup, self._tenure, lambda note: self._show(note=note))
        if self._into:
            beside.begin(list(tables.values()))
        self._reading.await_relays(list(tables), self._tenure, lambda note: self._show(note=note))
        marks, polling = self._reading.watermarks, self._tenure.polling
        self._reads = require_same_server(self._setup, marks, polling)
        job = self._tenure.job.id
        sending = RowSending(self._setup, job, self._work.attempt, self._tenure)
        self._applying = Awaiting(
            self._setup, job, polling, lambda note: self._show(note=note), self._tenure.moved
        )
        for table in tables.values():
            self._table(table, sending)
        self._reading.require_relays()
        self._applying.finish(sending, self._work.tables)
        deleted = delete_again(self._setup, job, polling.sleep, lambda note: self._show(note=note))
        if self._into:
            beside.end()
        return deleted

    def _table(self, table: CapturedTable, sending: RowSending) -> None:
        """Send every row of a table, read from the server that the relay still reads at the end."""
        name = table.name
        while True:
            while not self._work.tables[name].complete:
                self._step(table, sending)
            chunks = self._work.tables[name].chunks
            if not chunks:
                return
            self._reading.watermark(name).pass_end(
                lambda note: self._show(name, note),
                [name],
                asked=AskedEnd(chunks[-1].end, chunks[-1].server),
                moved=self._tenure.moved,
            )
            self._save(name, self._reading.proved(name, self._work.tables[name]))
            if not self._work.tables[name].complete:
                self._note_lost_rows(name)

    def _step(self, table: CapturedTable, sending: RowSending) -> None:
        """One chunk: the checkpoint first, then the read, then the queue, then the cursor."""
        self._applying.hold_back()
        name = table.name
        state = self._reading.proved(name, self._work.tables[name])
        checkpoint, rows = self._reading.chunk(table, state)
        watermark = self._reading.watermark(name)
        if not pass_versions(self._setup, table, rows, checkpoint, watermark):
            return
        if not state.floor:
            state = msgspec.structs.replace(state, floor=checkpoint.seq)
            if self._kind is ResyncWork and not isinstance(self._setup.sink, Listable):
                shards = table_settings(self._source.tables, name).shards
                sending.truncate(name, shards, checkpoint.seq, self._setup.now_ms())
                self._save(name, state)
        if rows:
            chunks = self._reading.end(checkpoint, state)
            sent = sending.rows(table, rows, checkpoint.seq, self._setup.now_ms())
            self._applying.sent(sent)
            last = [rows[-1][column] for column in table.key]
            state = msgspec.structs.replace(
                state,
                cursor=msgspec.json.encode(last).decode(),
                rows=state.rows + len(rows),
                sent=state.sent + len(sent),
                chunks=chunks,
            )
        else:
            state = msgspec.structs.replace(state, complete=True)
        self._save(name, state)
        self._show(name)

    def _note_lost_rows(self, name: str) -> None:
        """A row that only the former server had may be in the sink now: a resync removes it."""
        if self._kind is BackfillWork:
            cause = DueCause(f"{self._tenure.job.id}", "another server while it was filled")
            self._state.dues.note_consumer(self._consumer.name, name, cause)

    def _sweep(self, tables: dict[str, CapturedTable]) -> None:
        """Delete the documents without a row; a backfill only looks for them where one is due."""
        sink = self._setup.sink
        if not isinstance(sink, Listable) or self._into:
            return
        for name, table in tables.items():
            state = self._work.tables[name]
            due = bool(state.settles or state.settles_own)
            if state.swept or not (due or self._kind is ResyncWork):
                continue
            ghosts = Ghosts(
                self._setup,
                sink,
                table,
                self._reading.watermark(name),
                self._tenure.polling,
                lambda note, name=name: self._show(name, note),  # type: ignore[misc]
            )
            ids = ghosts.find(state.floor)
            count = ghosts.delete(ids) if ids and self._kind is ResyncWork else len(ids)
            self._save(name, msgspec.structs.replace(state, swept=True, ghosts=count))

    def _save(self, name: str, state: TableFill) -> None:
        work = self._work
        changed = msgspec.structs.replace(work, tables={**work.tables, name: state})
        self._tenure.save(changed)

    def _filled(self) -> list[tuple[str, TableFill]]:
        return [(name, self._work.tables[name]) for name in self._work.chosen]

    def _begun(self, tables: dict[str, CapturedTable]) -> dict[str, TableFill]:
        due = open_dues(self._state.dues, self._consumer, self._source)
        return {name: settled_causes.begun(name, table.rows, due) for name, table in tables.items()}

    def _new_indexes(self) -> dict[str, str]:
        into = getattr(self._work, "into", None) or NewIndexes()
        return {alias: pair.beside for alias, pair in into.pairs.items()}

    def _new(self, tables: dict[str, CapturedTable]) -> FillWork:
        begun = self._begun(tables)
        return BackfillWork(begun, into=NewIndexes()) if self._into else self._kind(begun)

    def _settle(self) -> None:
        tables = names_that_reach(self._setup.database, self._source, self._consumer)
        resync = self._kind is ResyncWork
        of_source, own = settled_causes.settled(dict(self._filled()), tables, resync=resync)
        self._state.dues.settle(self._consumer.name, of_source, own)

    def _resumed(self, job: Job, tables: dict[str, CapturedTable], *, restart: bool) -> FillWork:
        work = _work(job)
        if isinstance(work, BackfillWork) and (work.into is not None) != self._into:
            new = "a new index" if work.into else "the serving index"
            raise ConfigError(
                f"backfill {job.id} into {new} is under way.",
                thing=f"consumer {self._consumer.name}",
                hint=f"Continue it: rowline jobs resume {job.id}. Or end it: "
                f"rowline jobs cancel {job.id}.",
            )
        if not work.tables:  # the first slice of a job that a command has put into its slot
            return msgspec.structs.replace(work, tables=self._begun(tables))
        return self._restarted(work, tables) if restart else work

    def _restarted(self, work: FillWork, tables: dict[str, CapturedTable]) -> FillWork:
        """The job from its beginning. It keeps its id and with it the deletions recorded so far.

        Rows that were sent before are still on their way and must not come back. What the relays
        have to publish first is asked for again: tables may have become due since.
        """
        left = {
            name: msgspec.structs.replace(state, left=True)
            for name, state in work.tables.items()
            if name not in tables
        }
        return msgspec.structs.replace(
            work, tables={**self._begun(tables), **left}, attempt=work.attempt + 1, asked={}
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
