"""Watermark: what the relay is known to have published before a row is read."""

from collections.abc import Callable, Collection

from shared.adapters.database.contract import Database
from shared.adapters.state.streams import Streams
from shared.domain.polling import Polling
from shared.domain.stopped_table_refused import refuse_stopped
from shared.values.asked_end import AskedEnd
from shared.values.checkpoint import Checkpoint
from shared.values.errors import SourceError, StackError
from shared.values.position import Position
from shared.values.relay_lease import RELAY_SILENT_SECONDS, Lease
from shared.values.settings import SourceSettings
from shared.values.stream import relay_of

ABSENT_SECONDS = 90
"""How long a relay is waited for: one that follows a killed relay publishes within 75 s."""

CATCH_UP_SECONDS = 60
"""How long a move of tables between two relays is waited for."""

_POLL_SECONDS = 0.5
_POLLING = Polling()


def watermarks(
    streams: Streams,
    source: SourceSettings,
    database: Database,
    *,
    polling: Polling = _POLLING,
) -> dict[str, "Watermark"]:
    """A watermark for each stream that carries tables of the source (`source.stream_of(table)`)."""
    names = {source.stream_of(table) for table in source.tables}
    return {name: Watermark(streams, name, database, polling=polling) for name in sorted(names)}


class Watermark:
    """The checkpoint of a stream, as the low watermark of reads from its source."""

    def __init__(
        self,
        streams: Streams,
        stream: str,
        database: Database,
        *,
        polling: Polling = _POLLING,
    ) -> None:
        self._streams, self._stream, self._database = streams, stream, database
        self._polling = polling
        self._expected: tuple[Lease, float] | None = None

    def require_relay(self) -> None:
        """Wait until the lease is renewed. Raises StackError when no relay comes.

        Without a relay the watermark does not move, and what changes meanwhile would wait for it.
        """
        self.expect_relay()
        self.await_renewal()

    def expect_relay(self) -> None:
        """Note the lease. Whoever reads meanwhile need not wait until it is renewed.

        From then on `read` raises StackError when no relay has come for too long. Raises StackError
        at once for a relay that has never run.
        """
        first, checkpoint = self._streams.load(self._stream)
        if checkpoint is None:
            raise StackError(
                "the relay has never run.",
                thing=f"source {relay_of(self._stream)}",
                hint=(
                    "Deploy the stage (its schedule starts the relay within a minute) or run "
                    "`rowline relay`."
                ),
            )

        self._expected = first, self._polling.clock()

    def await_renewal(self) -> None:
        """Wait until the lease is renewed since it was noted. Raises StackError."""
        while self._expected:
            self._note(self._streams.load(self._stream)[0])
            if self._expected:
                self._polling.sleep(_POLL_SECONDS)

    def _note(self, lease: Lease) -> None:
        if self._expected is None:
            return
        first, since = self._expected
        if lease.holder and (lease.token, lease.beat) != (first.token, first.beat):
            self._expected = None
        elif self._polling.clock() > since + ABSENT_SECONDS:
            raise StackError(
                f"the relay is not running: its lease was not renewed for {ABSENT_SECONDS} s.",
                thing=f"source {relay_of(self._stream)}",
                hint="See `rowline status` and `rowline doctor`, or run `rowline relay`.",
            )

    def read(self, table: str = "") -> Checkpoint:
        """The checkpoint now, to be taken *before* a read.

        While the stream catches up with tables that it took over, its position is behind its
        published changes, so the call waits. Raises SourceError when this is another server than
        the relay's, StackError when the stream does not capture `table`, or a relay that is
        expected does not come.
        """

        def ask() -> Checkpoint | None:
            lease, point = self._streams.load(self._stream)
            self._note(lease)
            return point

        checkpoint = self._polling.wait_for(
            ask,
            lambda point: point is None or point.catch_up is None,
            seconds=CATCH_UP_SECONDS,
            every=_POLL_SECONDS,
        )
        if checkpoint is not None and (
            checkpoint.catch_up or (table and table not in checkpoint.tables)
        ):
            raise StackError(
                f"is on its way to or from stream {self._stream}, or not captured yet.",
                thing=f"table {table}" if table else f"source {relay_of(self._stream)}",
                hint=(
                    "Wait until `rowline status` shows that its relay has it, then run the same "
                    "command again."
                ),
            )
        refuse_stopped(checkpoint, [table] if table else [])
        if checkpoint is None:
            raise StackError(
                "has lost its checkpoint.",
                thing=f"source {relay_of(self._stream)}",
                hint="Has the state table been replaced?",
            )
        server = self._database.server().identity
        if checkpoint.server != server:
            raise SourceError(
                f"this is server {server}, but the relay reads {checkpoint.server}.",
                thing=f"source {relay_of(self._stream)}",
                hint=(
                    "Read from the same server as the relay. After a fail-over wait until the "
                    "relay has moved."
                ),
            )
        return checkpoint

    def require_captured(self, table: str) -> None:
        """Raises StackError for a table that stopped."""
        refuse_stopped(self._streams.load(self._stream)[1], [table])

    def pass_end(
        self,
        tell: Callable[[str], None],
        tables: Collection[str] = (),
        *,
        asked: AskedEnd | None = None,
        keep: Callable[[AskedEnd], object] = lambda _: None,
        moved: Callable[[], object] = lambda: None,
    ) -> Checkpoint:
        """Wait until the relay has published what is in the binlog now; returns the checkpoint.

        tell: is given what is waited for.
        asked: wait for this end instead, if it is one of the server that the relay reads. A wait
            that asked for a new end whenever it continues might never end.
        keep: is given each end that is waited for instead of `asked`.
        moved: is called whenever the relay has come nearer.
        tables: the stream captures them then. If it began a table only later, the table's
            changes between the read of a row and that moment would be missing.
        Afterwards no change that a consumer handled before this call has a number above the
        checkpoint's. So deletions that were not recorded, because no run was under way, are all
        below the seq of the rows that will be read. Raises StackError when the relay stops.
        """
        target = self._valid(asked) if asked else None
        beaten_at, beat, seen = self._polling.clock(), (0, 0), Position()
        while True:
            lease, checkpoint = self._streams.load(self._stream)
            run = run_text(checkpoint) if checkpoint else ""
            if target is None or target.server != run:
                target = AskedEnd(self._end(), run)
                keep(target)
            position = self.read().position if checkpoint is None else checkpoint.position
            refuse_stopped(checkpoint, tables)
            missing = sorted(set(tables) - (checkpoint.tables if checkpoint else set()))
            if (
                checkpoint is not None
                and position.file
                and position.reaches(target.end)
                and not missing
            ):
                return self.read()
            if position != seen:
                if seen.file:
                    moved()
                seen = position
            if (lease.token, lease.beat) != beat:
                beaten_at, beat = self._polling.clock(), (lease.token, lease.beat)
            elif self._polling.clock() > beaten_at + RELAY_SILENT_SECONDS:
                self.require_relay()
            tell(
                f"the relay is at {position}, waiting for {target.end}"
                + (f"; it does not capture {missing[0]} yet" if missing else "")
            )
            self._polling.sleep(_POLL_SECONDS)

    def _valid(self, asked: AskedEnd) -> AskedEnd | None:
        """`asked`; None when the binlog ends before it, because it was begun again."""
        return asked if self._end().reaches(asked.end) else None

    def _end(self) -> Position:
        end = self._database.position()
        if end is None:
            raise SourceError(
                "keeps no binlog.",
                thing=f"source {relay_of(self._stream)}",
                hint="See `rowline doctor`.",
            )
        return end


def run_text(checkpoint: Checkpoint) -> str:
    """One run of one server, as text."""
    return f"{checkpoint.lineage.server}@{checkpoint.lineage.started}"
