"""The job: reads the source chunk by chunk and sends what it read; killed anywhere, the same
command goes on.
"""

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Literal

import msgspec
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from shared.adapters.claims.contract import Claims
from shared.adapters.database.contract import Database
from shared.adapters.queue.contract import Queue
from shared.adapters.state.jobs import Run
from shared.adapters.state.state import State
from shared.domain.captured_tables import CapturedTable, captured_tables
from shared.domain.patience import Patience
from shared.domain.sink import Listable, Sink
from shared.domain.watermark import watermarks
from shared.flows.backfill.finishing import wait_until_done
from shared.flows.backfill.sending import Sending
from shared.values.change import Row
from shared.values.checkpoint import Checkpoint
from shared.values.errors import ConfigError, SourceUnavailable, StackError
from shared.values.settings import ConsumerSettings, SourceSettings, table_settings

CHUNK_ROWS = 5_000
CHUNK_BYTES = 4 << 20
"""A chunk is read in one SELECT and held in memory."""

MAX_WAITING = 200
"""Messages of this run that are not applied yet, above which reading pauses: live changes of the
same groups wait behind them.
"""

_PAUSE_SECONDS = 0.5
_READ_ATTEMPTS = 6


class BackfillProgress(msgspec.Struct, frozen=True):
    """Where the job is: `rows` of about `estimate` of all tables are sent; `note` says what it
    waits for, if anything.
    """

    phase: Literal["starting", "reading", "held back", "finishing"]
    rows: int
    estimate: int
    table: str = ""
    note: str = ""


class BackfillReport(msgspec.Struct, frozen=True):
    """What the run did in all its parts; `seconds` of this part."""

    run: str
    consumer: str
    tables: list[str]
    rows: int
    messages: int
    deletions: int
    seconds: float


class Backfill:
    """`rowline backfill`: one consumer, from its source. `tell` is called often with the
    progress.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        source: SourceSettings,
        *,
        database: Database,
        state: State,
        claims: Claims,
        queue: Queue,
        sink: Sink,
        mask_key: bytes = b"",
        tell: Callable[[BackfillProgress], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._chunk_rows, self._limits = chunk_rows, dict[str, int]()
        self._waiting: set[str] = set()
        self._consumer, self._source, self._database, self._mask_key = (
            consumer,
            source,
            database,
            mask_key,
        )
        self._state, self._claims, self._queue, self._sink = state, claims, queue, sink
        self._tell, self._clock, self._sleep = tell, clock, sleep
        self._watermarks = watermarks(
            state.streams, source, database, patience=Patience(clock, sleep)
        )
        self._runner = uuid.uuid4().hex

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> BackfillReport:
        """Fill the consumer; goes on with a run that was interrupted, or begins it anew with
        `restart`.

        Raises ConfigError when another choice of tables is under way, StackError when the relay
        does not run, another process took the run over or the queue takes nothing, SourceError,
        SearchError.
        """
        began = self._clock()
        self._show("starting", {}, note="looking at the relay")
        tables = {table.name: table for table in self._tables(chosen, restart)}
        streams = sorted({self._source.stream_of(name) for name in tables})
        for stream in streams:
            self._watermarks[stream].require_relay()
        run = self._begin(tables, restart)
        for stream in streams:
            carried = [name for name in tables if self._source.stream_of(name) == stream]
            self._watermarks[stream].pass_now(
                lambda note: self._show("starting", run.tables, note=note), carried
            )
        sending = Sending(
            self._source.name,
            self._source.tables,
            run,
            queue=self._queue,
            schemas=self._state.schemas,
            claims=self._claims,
            compress=self._source.compression == "zstd",
            clock=self._clock,
            sleep=self._sleep,
        )
        for name, table in tables.items():
            while not run.tables[name].get("complete"):
                self._step(run, table, sending)
        deletions = self._finish(run, sending)
        rows = sum(state["rows"] for state in run.tables.values() if not state.get("left"))
        messages = sum(state["sent"] for state in run.tables.values())
        return BackfillReport(
            run.id,
            self._consumer.name,
            list(tables),
            rows,
            messages,
            deletions,
            round(self._clock() - began, 1),
        )

    def _tables(self, chosen: Sequence[str], restart: bool) -> list[CapturedTable]:
        """The tables to fill: chosen, or those of the run under way. Raises ConfigError when these
        are not the same.
        """
        run = self._state.jobs.run(self._consumer.name)
        going = (
            [name for name, state in run.tables.items() if not state.get("left")]
            if run and not restart
            else []
        )
        tables = captured_tables(
            self._database, self._source, self._consumer, chosen or going, mask_key=self._mask_key
        )
        if run and going and {table.name for table in tables} != set(going):
            raise ConfigError(
                f"backfill {run.id} of {', '.join(going)} is under way.",
                thing=f"consumer {self._consumer.name}",
                hint=(
                    "Run the same command without --tables to go on with it, or add --restart to "
                    "begin anew with these tables."
                ),
            )
        return tables

    def _begin(self, tables: dict[str, CapturedTable], restart: bool) -> Run:
        """Take the run over, or begin one. A restarted run keeps its id and with it the deletions
        recorded so far: rows that were sent before are still on their way and must not come
        back.
        """
        now = int(time.time() * 1000)
        # Read before any row is: a statement that comes later is not in all of them, and stays due.
        rewrites = self._state.schemas.rewrites(self._source.name)
        new = {
            name: {
                "cursor": "",
                "rows": 0,
                "sent": 0,
                "estimate": table.rows,
                "rewrite": rewrites[name].transaction if name in rewrites else "",
            }
            for name, table in tables.items()
        }
        run = self._state.jobs.run(self._consumer.name)
        if run is None:
            run = Run(
                f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{self._runner[:6]}", new, now
            )
        elif restart:
            left = {
                name: {**state, "left": True}
                for name, state in run.tables.items()
                if name not in new
            }
            run = msgspec.structs.replace(run, tables={**new, **left}, attempt=run.attempt + 1)
        run = msgspec.structs.replace(run, runner=self._runner)
        self._state.jobs.save(self._consumer.name, run)
        return run

    def _step(self, run: Run, table: CapturedTable, sending: Sending) -> None:
        """One chunk: the checkpoint first, then the read, then the queue, then the cursor."""
        state = run.tables[table.name]
        self._hold_back(run)
        after: list[Any] | None = msgspec.json.decode(state["cursor"]) if state["cursor"] else None
        limit = self._limits.get(table.name) or self._limit(table)
        checkpoint, rows = self._read(table, after, limit)
        # The database gives fewer rows when they are large: to ask for many more would be in vain.
        self._limits[table.name] = min(limit, max(10, 2 * len(rows)))
        if rows:
            sent = sending.rows(table, rows, checkpoint.seq, int(time.time() * 1000))
            self._waiting |= set(sent)
            state["sent"] += len(sent)
            state["rows"] += len(rows)
            state["cursor"] = msgspec.json.encode(
                [rows[-1][column] for column in table.key]
            ).decode()
        else:
            state["complete"] = True
        self._require_mine(run)
        self._state.jobs.save(self._consumer.name, run)
        self._show("reading", run.tables, table.name)

    def _read(
        self, table: CapturedTable, after: list[Any] | None, limit: int
    ) -> tuple[Checkpoint, list[Row]]:
        """A chunk, and the checkpoint that was read before it. A source that is away for a while is
        waited for.
        """
        for attempt in Retrying(
            retry=retry_if_exception_type(SourceUnavailable),
            stop=stop_after_attempt(_READ_ATTEMPTS),
            wait=wait_random_exponential(0.5, 20),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                checkpoint = self._watermarks[self._source.stream_of(table.name)].read(table.name)
                return checkpoint, self._database.chunk(
                    table.table, table.key, after, limit, reached=checkpoint.position
                )
        raise AssertionError("tenacity re-raises")

    def _hold_back(self, run: Run) -> None:
        """The queue's own depth would count live changes too: a consumer that is behind with those
        would keep the rows out for ever.
        """
        while len(self._waiting) > MAX_WAITING:
            self._waiting -= self._state.done_messages.noted(
                self._consumer.name, run.id, list(self._waiting)
            )
            if len(self._waiting) > MAX_WAITING:
                self._show(
                    "held back",
                    run.tables,
                    note=f"{len(self._waiting):,} messages are being applied",
                )
                self._sleep(_PAUSE_SECONDS)

    def _require_mine(self, run: Run) -> None:
        stored = self._state.jobs.run(self._consumer.name)
        if stored is None or stored.id != run.id or stored.runner != self._runner:
            raise StackError(
                "another `rowline backfill` has taken this run over.",
                thing=f"consumer {self._consumer.name}",
                hint="Let that one finish.",
            )

    def _finish(self, run: Run, sending: Sending) -> int:
        ends: list[str] = []
        for name in run.tables:
            shards = table_settings(self._source.tables, name).shards
            sending.end(name, shards)
            ends += sending.ends(name, shards)
        wait_until_done(
            self._state.done_messages,
            self._consumer.name,
            run.id,
            ends,
            lambda left: self._show(
                "finishing",
                run.tables,
                note=f"{left} of {len(ends)} groups are still being applied",
            ),
            self._sleep,
        )
        deleted = 0
        if isinstance(self._sink, Listable):
            recorded = self._state.deletions.read(self._consumer.name, run.id)
            deleted = self._sink.delete_again(recorded, self._sleep)
        self._require_mine(run)
        filled = {
            name: state["rewrite"]
            for name, state in run.tables.items()
            if state.get("rewrite") and not state.get("left")
        }
        if filled:
            self._state.fillings.save(self._consumer.name, filled)
        self._state.jobs.end(self._consumer.name, run.id)
        return deleted

    def _show(
        self, phase: Any, tables: dict[str, dict[str, Any]], table: str = "", note: str = ""
    ) -> None:
        states = [state for state in tables.values() if not state.get("left")]
        rows = sum(state["rows"] for state in states)
        estimate = sum(
            state["rows"] if state.get("complete") else max(state["rows"], state["estimate"])
            for state in states
        )
        self._tell(BackfillProgress(phase, rows, estimate, table, note))

    def _limit(self, table: CapturedTable) -> int:
        return min(self._chunk_rows, max(50, CHUNK_BYTES // max(table.row_bytes, 1)))
