"""Creating: the job that reads the tables of a source into parts, chunk by chunk.

A chunk is read like one of a backfill: under the number of a checkpoint that its read view is
proved to contain. Its part is written before the progress is stored. The name of a part has the
token of its writer, and the progress says which tokens count. So after a kill, or beside a process
that was thought dead, each row is in exactly one part that counts.
"""

from collections.abc import Sequence

import msgspec

from shared.domain.captured_tables import CapturedTable, captured_tables, names_that_reach
from shared.domain.published_columns import published_columns
from shared.flows.jobs.chunk_reading import ChunkReading
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.same_server import require_same_server
from shared.flows.jobs.taking_a_job import hold
from shared.flows.snapshots.snapshot_answers import Created
from shared.values.asked_end import AskedEnd
from shared.values.change import Row
from shared.values.counted import counted
from shared.values.due_cause import causes_of
from shared.values.errors import ConfigError, StackError
from shared.values.job import Job, TableFill
from shared.values.json_text import encode_json
from shared.values.progress import Progress
from shared.values.snapshot import Readout, SnapshotPart, Texts
from shared.values.snapshot_work import SnapshotWork, TableRead

CHUNK_ROWS = 20_000
"""Of one SELECT and one part; rows that are long make fewer."""


class Creating:
    """One snapshot of a source. setup: of the archive's consumer of the source."""

    def __init__(self, setup: JobSetup, *, chunk_rows: int = CHUNK_ROWS) -> None:
        if setup.snapshots is None:
            raise ConfigError(
                "is not the archive's.",
                thing=f"consumer {setup.consumer.name}",
                hint="Switch the archive on; docs/archive.md says how.",
            )
        self._setup, self._snapshots, self._chunk_rows = setup, setup.snapshots, chunk_rows
        self._source, self._database = setup.source, setup.database

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> Created:
        """Read every row, or continue the job that was interrupted.

        chosen: tables, by name or pattern; when empty, all that are captured now.
        Raises ConfigError, JobBusy, StackError, SourceError.
        """
        tables: dict[str, CapturedTable] = {}

        def begin(attempt: int = 1) -> SnapshotWork:
            work = self._begun(chosen)
            tables.update(self._captured(list(work.tables)))
            return msgspec.structs.replace(work, attempt=attempt)

        def resume(job: Job) -> SnapshotWork:
            work = _work(job)
            if restart or not work.tables:
                return begin(work.attempt + 1 if work.tables else work.attempt)
            tables.update(self._captured(list(work.tables)))
            return work

        self._tenure = hold(self._setup, "fill", begin, resume)
        self._reading = ChunkReading(self._setup, self._tenure.polling, self._chunk_rows)
        self._began, self._read = self._tenure.polling.clock(), 0
        with self._tenure.kept():
            self._reading.await_relays(
                list(tables), self._tenure, lambda note: self._show(note=note)
            )
            reads = require_same_server(self._setup, self._reading.watermarks, self._tenure.polling)
            for table in tables.values():
                self._table(table)
            self._reading.require_relays()
            work, job = self._work, self._tenure.job
            self._snapshots.put_readout(
                Readout(
                    job.id,
                    self._source.name,
                    reads,
                    job.began_ms,
                    self._setup.now_ms(),
                    work.tables,
                    work.left_out,
                )
            )
            rows = sum(each.rows for each in work.tables.values())
            report = Created(job.id, rows, len(work.tables), self._tenure.seconds(), work.left_out)
            outcome = f"{counted(rows, 'row')} of {counted(len(work.tables), 'table')}"
            self._tenure.end(outcome, msgspec.to_builtins(report))
        return report

    def _begun(self, chosen: Sequence[str]) -> SnapshotWork:
        """The work for the chosen tables, or for all that are captured now."""
        setup = self._setup
        names = list(chosen) or names_that_reach(self._database, self._source, setup.consumer)
        marks = ChunkReading(setup, setup.polling, self._chunk_rows)
        left_out: dict[str, str] = {}
        for name in [] if chosen else names:
            try:
                marks.watermark(name).require_captured(name)
            except StackError as error:
                left_out[name] = error.what
        found = self._captured([name for name in names if name not in left_out])
        # Before the relay is waited for: then every row is read behind what a noted cause did.
        dues = setup.state.dues.of_source(self._source.name)
        begun = {name: self._unread(name, [d.id for d in causes_of(dues, name)]) for name in found}
        return SnapshotWork(begun, left_out)

    def _unread(self, name: str, dues: Sequence[str]) -> TableRead:
        return TableRead(stream=self._source.stream_of(name), dues=tuple(dues))

    def _captured(self, names: Sequence[str]) -> dict[str, CapturedTable]:
        setup = self._setup
        found = captured_tables(
            self._database,
            self._source,
            setup.consumer,
            names,
            mask_key=setup.mask_key,
            examine=setup.hidden.examine,
        )
        return {table.name: table for table in found}

    def _table(self, table: CapturedTable) -> None:
        """Read every row of a table from the server that the relay still reads at the end."""
        name = table.name
        while not self._state(name).ceiling:
            while not self._state(name).read_all:
                self._step(table)
            watermark = self._reading.watermark(name)
            seen = next(reversed(self._state(name).chunks), None)
            checkpoint = watermark.pass_end(
                lambda note: self._show(name, note),
                [name],
                asked=AskedEnd(seen.end, seen.server) if seen else None,
                moved=self._tenure.moved,
            )
            now = self._captured([name])[name]
            if self._proved(name) is None:
                self._again(name)
            elif now.table.columns != table.table.columns:
                table = now
                self._again(name)
            else:
                done = msgspec.structs.replace(self._state(name), ceiling=checkpoint.seq, chunks=())
                self._save(name, done)

    def _step(self, table: CapturedTable) -> None:
        """One chunk: the checkpoint first, then the read, then the part, then the cursor."""
        name = table.name
        fill = self._proved(name)
        if fill is None:
            return self._again(name)
        checkpoint, rows = self._reading.chunk(table, fill)
        state = msgspec.structs.replace(self._state(name), chunks=fill.chunks)
        if not state.floor:
            state = msgspec.structs.replace(state, floor=checkpoint.seq)
        chunks = self._reading.end(checkpoint, fill)
        if not rows:
            return self._save(name, msgspec.structs.replace(state, read_all=True, chunks=chunks))
        token = self._tenure.job.token
        part = self._part(table, rows, checkpoint.seq)
        self._snapshots.put_part(self._tenure.job.id, name, state.parts, token, part)
        last = msgspec.json.encode([rows[-1][column] for column in table.key]).decode()
        state = msgspec.structs.replace(
            state, cursor=last, rows=state.rows + len(rows), chunks=chunks
        )
        self._save(name, state.with_part(token))
        self._show(name)
        self._throttle(len(rows))

    def _proved(self, name: str) -> TableFill | None:
        """How far a table is read; None when a fail-over may have lost what was read."""
        state = self._state(name)
        fill = TableFill(cursor=state.cursor, chunks=state.chunks)
        proved = self._reading.proved(name, fill)
        return proved if proved.cursor == fill.cursor else None

    def _part(self, table: CapturedTable, rows: Sequence[Row], seq: int) -> SnapshotPart:
        plan, schemas = table.plan, self._setup.state.schemas
        mine = published_columns(schemas, self._source.name, plan.table)
        return SnapshotPart(
            self._source.stream_of(table.name),
            self._source.name,
            mine.database,
            mine.name,
            schemas.version_of(self._source.name, mine),
            seq,
            self._setup.now_ms(),
            Texts.of([encode_json(plan.key(row)) for row in rows]),
            Texts.of([encode_json(plan.project(row)) for row in rows]),
        )

    def _throttle(self, rows: int) -> None:
        """Sleep until no more rows a second were read than wanted."""
        self._read += rows
        if most := self._setup.most_rows:
            polling = self._tenure.polling
            ahead = self._read / most - (polling.clock() - self._began)
            if ahead > 0:
                polling.sleep(ahead)

    def _again(self, name: str) -> None:
        """Read a table from its beginning."""
        self._save(name, self._unread(name, self._state(name).dues))

    @property
    def _work(self) -> SnapshotWork:
        return _work(self._tenure.job)

    def _state(self, name: str) -> TableRead:
        return self._work.tables[name]

    def _save(self, name: str, state: TableRead) -> None:
        work = self._work
        self._tenure.save(msgspec.structs.replace(work, tables={**work.tables, name: state}))

    def _show(self, table: str = "", note: str = "") -> None:
        rows = sum(each.rows for each in self._work.tables.values())
        self._tenure.show(Progress(rows, rows, table, note))


def _work(job: Job) -> SnapshotWork:
    if not isinstance(job.work, SnapshotWork):
        raise ConfigError(
            f"{job.kind} {job.id} is under way.",
            thing=f"consumer {job.consumer}",
            hint=f"Continue it, or end it: rowline jobs cancel {job.id}.",
        )
    return job.work
