"""Reader: moves the relay through the binlog, one event per step.

A change of the numbering (a new epoch, a new capture configuration) is a *turn*: reading stops,
everything read is acknowledged, the turn is stored in the checkpoint, and only then reading
continues. A crash at any point finds either the old numbering or the new one.
"""

import logging
from collections.abc import Callable, Mapping

from shared.adapters.binlog.contract import Binlog, CannotCapture, Commit, Heartbeat
from shared.adapters.database.contract import Database
from shared.domain.change_encoding import ChangeEncoding
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.numbering import Numbering
from shared.flows.relay.capture.coverage_segments import first_segment, uncovered, with_segment
from shared.flows.relay.capture.due_recorder import DueRecorder
from shared.flows.relay.capture.stopping_table import must_stop
from shared.flows.relay.failover import lost_rows
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.rereading_rows import Rereading
from shared.flows.relay.lease.checkpointing import Checkpointing
from shared.flows.relay.position_lost import with_way_out
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.reading.reading_pass import ReadingPass
from shared.flows.relay.reading.resuming import ReadingRoute, Resuming
from shared.flows.relay.reading.stream_start import first_checkpoint
from shared.flows.relay.reading.turns import Turn, Turns
from shared.flows.relay.reading.wanted_capture import WantedCapture, Wanting
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import PositionLost
from shared.values.next_epoch import is_of_this_second
from shared.values.settings import TableSettings
from shared.values.stream import source_of

log = logging.getLogger("rowline.relay")

OpenBinlog = Callable[[Mapping[str, TableSettings]], Binlog]
"""Opens a connection to the source that reports rows of these tables (names or patterns → how they
are captured).
"""


class Reader:
    """Reads the binlog of a stream, one event a step. Only `interrupt` is safe for threads.

    wanting: says which tables are to be captured.
    begin: where a stream starts that was never read: earliest, latest or a position.
    open_database: connects to the same server, to read rows of lost transactions again.
    now_ms: the time, Unix ms.
    hidden: examines the columns of the tables of a configuration.
    due: notes tables that need a backfill, before the checkpoint can pass the reason.
    """

    def __init__(
        self,
        stream: str,
        wanting: Wanting,
        share: TableShare,
        begin: str,
        outbox: Outbox,
        checkpoints: Checkpointing,
        *,
        open_binlog: OpenBinlog,
        packing: Callable[[], ChangeEncoding],
        hidden: Callable[[Mapping[str, TableSettings]], HiddenColumns],
        journal: Journal,
        open_database: Callable[[], Database],
        now_ms: Callable[[], int],
        mask_key: Callable[[], bytes],
        due: DueRecorder,
    ) -> None:
        self._stream, self._wanting, self._begin = stream, wanting, begin
        self._outbox, self._checkpoints, self._journal = outbox, checkpoints, journal
        self._open_binlog, self._packing, self._open_database = open_binlog, packing, open_database
        self._hidden = hidden
        self._now_ms, self._mask_key, self._due = now_ms, mask_key, due
        self._turns = Turns(share, journal, lambda: checkpoints.raise_epoch, now_ms)
        self._opening = Resuming(stream, share, journal, self._turns)
        self._binlog: Binlog | None = None
        self._passage: ReadingPass | None = None
        self._turn: Turn | None = None
        self._begun = 0  # the epoch that was begun, and nothing read in it

    def step(self, now: float) -> bool:
        """One step; False when the publishers must come on first.

        Raises SourceUnavailable and StateUnavailable (after `reset`, steps continue where they
        were), PositionLost, SourceError.
        """
        if self._turn:
            before = self._point()
            early = is_of_this_second(before.epoch, self._now_ms())
            if early or not self._outbox.drained:
                return False
            self._store(before, self._turn)
            self.reset()
            return True
        if self._outbox.full:
            return False
        try:
            if self._passage is None:
                self._open()
            elif here := self._passage.step(now):
                self._between_transactions(self._passage, here, now)
        except StopIteration:
            self._turn = self._at_end
        except PositionLost as error:
            raise with_way_out(error, self._stream) from None
        except CannotCapture as error:
            self._turn = self._around(error)
        return True

    def reset(self) -> None:
        """Close the connection; the next step opens it again and continues at the exact row."""
        binlog, self._binlog = self._binlog, None
        passage, self._passage, self._turn = self._passage, None, None
        for each in (passage, binlog):
            if each:
                each.close()

    @property
    def connected(self) -> bool:
        """Whether the source answers."""
        return self._passage is not None

    def interrupt(self) -> None:
        """From another thread: make a step that waits for the server end with SourceUnavailable."""
        binlog = self._binlog
        if binlog:
            binlog.close()

    def _around(self, error: CannotCapture) -> Turn:
        """The turn past an event that cannot be captured under the present configuration."""
        stops = must_stop(error, self._capture, self._wanting.now.capture)
        if not stops and self._point().catch_up is None:
            return self._turns.renumber(self._wanting.now)
        log.warning("stream %s: %s", self._stream, error)
        return self._turns.stop(error)

    def _store(self, before: Checkpoint, turn: Turn) -> None:
        after = with_segment(before, turn(before), self._now_ms())
        if after != before:
            self._due.uncovered(self._stream, uncovered(before, after), after)
            self._due.redeclared(self._stream, before, after)
            self._checkpoints.turn(after)
        self._begun = after.epoch if after.epoch != before.epoch else 0

    def _open(self) -> None:
        self._checkpoints.complete_turn()
        point = self._outbox.resume()
        wanted = self._wanting.look(point)
        self._checkpoints.cover()
        if point is not None and point.segment is None:
            self._turn = self._begin_coverage  # a former version kept none
            return
        capture = read_configuration(point.capture) if point else wanted.settled
        binlog = self._binlog = self._open_binlog(capture.read)
        if point is None:
            point = self._first(binlog, wanted)
        asked = self._checkpoints.raise_epoch
        begun, self._begun = self._begun, 0
        way = self._opening.decide(binlog, point, wanted, asked_epoch=asked, begun=begun)
        if not isinstance(way, ReadingRoute):
            self._turn = way
            return
        self._journal.capture(point.server, capture.read)
        hidden = self._hidden(capture.tables)
        self._capture, self._epoch, self._at_end = capture, point.epoch, way.at_end
        self._passage = ReadingPass(
            binlog.read(point.position, until=way.until),
            point.position,
            Numbering(
                source_of(self._stream),
                capture.read,
                seq=point.seq,
                skip=point.rows,
                mask_key=self._mask_key(),
                examine=hidden.examine,
            ),
            self._packing(),
            self._outbox,
            self._journal,
            hidden=hidden,
            rereading=self._rereading(point, capture, hidden) if way.until is None else None,
            latest=binlog.latest,
            note=self._due.note,
            now_ms=self._now_ms,
        )

    def _rereading(
        self, point: Checkpoint, capture: CaptureConfiguration, hidden: HiddenColumns
    ) -> Rereading | None:
        if point.lost is None or not point.lost.pending:
            return None
        rows = lost_rows.rows_of(point.lost, self._journal)
        return Rereading(
            self._stream,
            point.lost,
            rows,
            capture,
            self._mask_key(),
            self._open_database,
            hidden.examine,
        )

    def _between_transactions(
        self, passage: ReadingPass, here: Commit | Heartbeat, now: float
    ) -> None:
        if passage.rereading and passage.reread(here, now):
            self._turn = self._turns.reread(passage.rereading)
        elif self._wanting.has_changed(self._point(), now):
            self._turn = _reopen
        elif self._epoch_is_due(passage) and self._point().rows == 0:
            self._turn = self._turns.new_epoch

    def _epoch_is_due(self, passage: ReadingPass) -> bool:
        return self._checkpoints.raise_epoch >= self._epoch or passage.needs_epoch

    def _first(self, binlog: Binlog, wanted: WantedCapture) -> Checkpoint:
        """Store the checkpoint of a stream that was never read."""
        now_ms, asked = self._now_ms(), self._checkpoints.raise_epoch
        point = self._begin_coverage(first_checkpoint(binlog, self._begin, wanted, asked, now_ms))
        self._due.uncovered(self._stream, uncovered(None, point), point)
        self._checkpoints.turn(point)
        self._checkpoints.cover()
        return point

    def _begin_coverage(self, point: Checkpoint) -> Checkpoint:
        return first_segment(point, self._checkpoints.last_segment(), self._now_ms())

    def _point(self) -> Checkpoint:
        point = self._outbox.resume()
        if point is None:
            raise RuntimeError("nothing was read yet")
        return point


def _reopen(point: Checkpoint) -> Checkpoint:
    return point
