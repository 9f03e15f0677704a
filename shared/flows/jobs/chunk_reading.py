"""Chunk reading: the rows of a table, chunk by chunk, each under a watermark read before it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from shared.domain.captured_tables import CapturedTable
from shared.domain.chunk_size import ChunkSize
from shared.domain.polling import Polling
from shared.domain.watermark import Watermark, run_text, watermarks
from shared.flows.jobs.job_lease import Tenure
from shared.flows.jobs.job_setup import JobSetup
from shared.values.asked_end import AskedEnd
from shared.values.change import Row
from shared.values.checkpoint import Checkpoint
from shared.values.errors import SourceUnavailable
from shared.values.job import FillWork, TableFill
from shared.values.sent_chunk import SentChunk
from shared.values.snapshot_work import SnapshotWork

CHUNK_ROWS = 5_000

MOST_UNPROVED = 200
"""Chunks of a table that are kept apart until the relay has passed them. Of more, the last ones are
proved, or read again, as one: they are stored with the job, and a relay may be behind for hours. An
item of DynamoDB holds 400 KB.
"""

_READ_ATTEMPTS = 6


class ChunkReading:
    """Reads the tables of one job."""

    def __init__(self, setup: JobSetup, polling: Polling, chunk_rows: int) -> None:
        self._source, self._database, self._polling = setup.source, setup.database, polling
        self._chunk_rows, self._sizes = chunk_rows, dict[str, ChunkSize]()
        self.watermarks = watermarks(
            setup.state.streams, setup.source, setup.database, polling=polling
        )

    def watermark(self, table: str) -> Watermark:
        """The watermark of the stream that carries a table."""
        return self.watermarks[self._source.stream_of(table)]

    def await_relays(self, tables: list[str], tenure: Tenure, tell: Callable[[str], None]) -> None:
        """Wait until every stream of these tables has published what the binlog holds now.

        A later slice of the job waits for the same places: the flag was set before them.
        Afterwards no change that the consumer handled before this call has a number above the
        watermarks that will be read: deletions that it did not record, because no job was under
        way, are all below the rows. Raises StackError when no relay comes. A relay that has
        published all that already need not renew its lease before rows are read: see
        `require_relays`.
        """
        work = _work(tenure)
        streams = sorted({self._source.stream_of(name) for name in tables})
        for stream in streams:
            tell("looking at the relay")
            self.watermarks[stream].expect_relay()
        for stream in streams:
            self.watermarks[stream].pass_end(
                tell,
                [name for name in tables if self._source.stream_of(name) == stream],
                asked=work.asked.get(stream),
                keep=partial(_keep_asked, tenure, stream),
                moved=tenure.moved,
            )

    def require_relays(self) -> None:
        """Wait until each relay has shown since `await_relays` that it runs. Raises StackError."""
        for watermark in self.watermarks.values():
            watermark.await_renewal()

    def chunk(self, table: CapturedTable, state: TableFill) -> tuple[Checkpoint, list[Row]]:
        """The next rows of a table, none at its end, and the checkpoint that was read before them.

        Waits for a source that is away for a while.
        """
        after: list[Any] | None = msgspec.json.decode(state.cursor) if state.cursor else None
        size = self._sizes.get(table.name)
        if size is None:
            size = self._sizes[table.name] = ChunkSize(self._chunk_rows, table.row_bytes)
        checkpoint, rows = self._read(table, after, size.rows)
        size.note(len(rows))
        return checkpoint, rows

    def end(self, checkpoint: Checkpoint, state: TableFill) -> tuple[SentChunk, ...]:
        """The chunks of a table that are not proved, with the one that was just read.

        checkpoint: read before it. state: of the table before it.
        """
        end = self._database.position()
        mine = SentChunk(state.cursor, end, run_text(checkpoint)) if end else None
        if mine is None:
            return state.chunks
        *earlier, last = state.chunks or (mine,)
        if len(state.chunks) >= MOST_UNPROVED and last.server == mine.server:
            return (*earlier, msgspec.structs.replace(last, end=mine.end))
        return (*state.chunks, mine)

    def proved(self, table: str, state: TableFill) -> TableFill:
        """The state of a table without the chunks that the relay has passed.

        A chunk that was read from another server, or before a restart, is read again: a fail-over
        may have lost what the SELECT saw.
        """
        if not state.chunks:
            return state
        checkpoint = self.watermark(table).read(table)
        place, left = checkpoint.position, list[SentChunk]()
        for chunk in state.chunks:
            if chunk.server != run_text(checkpoint):
                return msgspec.structs.replace(
                    state,
                    cursor=chunk.after,
                    complete=False,
                    chunks=tuple(left),
                    floor=max(state.floor, checkpoint.seq),
                )
            if not (place.file and place.reaches(chunk.end)):
                left.append(chunk)
        return msgspec.structs.replace(state, chunks=tuple(left))

    def _read(
        self, table: CapturedTable, after: list[Any] | None, limit: int
    ) -> tuple[Checkpoint, list[Row]]:
        for attempt in Retrying(
            retry=retry_if_exception_type(SourceUnavailable),
            stop=stop_after_attempt(_READ_ATTEMPTS),
            wait=wait_random_exponential(0.5, 20),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                checkpoint = self.watermark(table.name).read(table.name)
                return checkpoint, self._database.chunk(
                    table.table, table.key, after, limit, reached=checkpoint.position
                )
        raise AssertionError("tenacity re-raises")

    def _sleep(self, seconds: float) -> None:
        self._polling.sleep(seconds)


def _work(tenure: Tenure) -> FillWork | SnapshotWork:
    work = tenure.job.work
    assert isinstance(work, FillWork | SnapshotWork)
    return work


def _keep_asked(tenure: Tenure, stream: str, end: AskedEnd) -> None:
    work = _work(tenure)
    tenure.save(msgspec.structs.replace(work, asked={**work.asked, stream: end}))
