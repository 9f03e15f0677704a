"""Reader: the relay's way through the binlog, one event a step.

What changes the numbering (a new epoch, a new capture configuration) is a *turn*: reading stops,
everything read is acknowledged, the turn is stored in the checkpoint, and only then reading
continues. A crash at any point finds either the old numbering or the new one.
"""

from collections.abc import Callable, Collection, Mapping

from shared.adapters.binlog.contract import (
    Binlog,
    Commit,
    Due,
    Heartbeat,
    UnreadableRow,
)
from shared.adapters.database.contract import Database
from shared.domain.numbering import Numbering
from shared.domain.packing import Packing
from shared.domain.table_plan import CannotNumber
from shared.flows.relay.failover import loss
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.rereading import Rereading
from shared.flows.relay.lease.checkpointing import Checkpointing
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.reading.opening import Opening, Route, Wanted, first_checkpoint
from shared.flows.relay.reading.passage import Passage
from shared.flows.relay.reading.turns import Turn, Turns
from shared.flows.relay.sharing.share import Share
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import PositionLost
from shared.values.seq import is_of_this_second
from shared.values.settings import TableSettings
from shared.values.stream import relay_of, source_of

LOOK_SECONDS = 1.0
"""So often a relay that waits for a table looks whether it is free; one that waits for none, a
tenth as often.
"""

OpenBinlog = Callable[[Mapping[str, TableSettings]], Binlog]
"""Opens a connection to the source that reports rows of these tables (names or patterns → how they
are captured).
"""


class Reader:
    """Steps of a relay's reader. Not safe for threads, but for `interrupt`.

    share: says which tables may be captured.
    begin: where a stream starts that was never read: earliest, latest or a position.
    open_database: connects to the same server, to read rows of lost transactions again.
    now_ms: the time, Unix ms.
    note: is told of DDL and its transaction, before the checkpoint can pass it.
    succession: ends streams that hold wanted tables and that nobody reads any more.
    """

    def __init__(
        self,
        stream: str,
        share: Share,
        begin: str,
        outbox: Outbox,
        checkpoints: Checkpointing,
        *,
        open_binlog: OpenBinlog,
        packing: Callable[[CaptureConfiguration], Packing],
        journal: Journal,
        open_database: Callable[[], Database],
        now_ms: Callable[[], int],
        mask_key: Callable[[], bytes] = bytes,
        note: Callable[[Due, str], None] = lambda _due, _transaction: None,
        succession: Callable[[Collection[str], float], None] = lambda _streams, _now: None,
    ) -> None:
        self._stream, self._share, self._begin = stream, share, begin
        self._outbox, self._checkpoints, self._journal = outbox, checkpoints, journal
        self._open_binlog, self._packing, self._open_database = open_binlog, packing, open_database
        self._now_ms, self._mask_key, self._note = now_ms, mask_key, note
        self._succession = succession
        self._turns = Turns(share, journal, lambda: checkpoints.raise_epoch, now_ms)
        self._opening = Opening(stream, share, journal, self._turns)
        self._wanted = Wanted(CaptureConfiguration({}), {})
        # of the passage
        self._capture, self._epoch = CaptureConfiguration({}), 0
        self._at_end: Turn = _reopen
        self._look_at = 0.0
        self._binlog: Binlog | None = None
        self._passage: Passage | None = None
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
            raise self._with_way_out(error) from None
        except (UnreadableRow, CannotNumber):
            # No relay passes this event under the old configuration: the wanted one applies from
            # its transaction on.
            point = self._outbox.resume()
            if self._capture == self._share.settled or (point and point.catch_up):
                raise
            self._turn = self._turns.renumber
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

    def _store(self, before: Checkpoint, turn: Turn) -> None:
        after = turn(before)
        if after != before:
            self._checkpoints.turn(after)
        self._begun = after.epoch if after.epoch != before.epoch else 0

    def _open(self) -> None:
        point, asked = self._outbox.resume(), self._checkpoints.raise_epoch
        self._wanted = Wanted(self._share.look(point), self._share.taken)
        capture = read_configuration(point.capture) if point else self._share.settled
        binlog = self._binlog = self._open_binlog(capture.tables)
        if point is None:
            point = first_checkpoint(binlog, self._begin, capture, asked, self._now_ms())
            self._checkpoints.turn(point)
        begun, self._begun = self._begun, 0
        way = self._opening.decide(binlog, point, self._wanted, asked_epoch=asked, begun=begun)
        if not isinstance(way, Route):
            self._turn = way
            return
        self._journal.capture(point.server, capture.tables)
        self._capture, self._epoch, self._at_end = capture, point.epoch, way.at_end
        self._passage = Passage(
            binlog.read(point.position, until=way.until),
            point.position,
            Numbering(
                source_of(self._stream),
                capture.tables,
                seq=point.seq,
                skip=point.rows,
                mask_key=self._mask_key(),
            ),
            self._packing(capture),
            self._outbox,
            self._journal,
            rereading=self._rereading(point, capture) if way.until is None else None,
            latest=binlog.latest,
            note=self._note,
            now_ms=self._now_ms,
        )

    def _rereading(self, point: Checkpoint, capture: CaptureConfiguration) -> Rereading | None:
        if point.lost is None or not point.lost.pending:
            return None
        rows = loss.rows_of(point.lost, self._journal)
        return Rereading(
            self._stream, point.lost, rows, capture, self._mask_key(), self._open_database
        )

    def _between_transactions(self, passage: Passage, here: Commit | Heartbeat, now: float) -> None:
        if passage.rereading and passage.reread(here, now):
            self._turn = self._turns.reread(passage.rereading)
        elif self._shares_differ(now):
            self._turn = _reopen
        elif self._epoch_is_due(passage) and self._point().rows == 0:
            self._turn = self._turns.new_epoch

    def _epoch_is_due(self, passage: Passage) -> bool:
        return self._checkpoints.raise_epoch >= self._epoch or passage.needs_epoch

    def _shares_differ(self, now: float) -> bool:
        """Whether another relay of the source has given up tables meanwhile: reading is opened
        again with them. So it is with what a process of another version may have claimed in this
        stream's name.
        """
        if self._share.alone or now < self._look_at:
            return False
        self._look_at = now + (LOOK_SECONDS if self._share.waiting else LOOK_SECONDS * 10)
        self._succession(set(self._share.waiting.values()), now)
        return self._share.look(self._outbox.resume()) != self._wanted.capture

    def _point(self) -> Checkpoint:
        point = self._outbox.resume()
        if point is None:
            raise RuntimeError("nothing was read yet")
        return point

    def _with_way_out(self, error: PositionLost) -> PositionLost:
        hint = (
            f"Start again with `rowline source reset {relay_of(self._stream)}` and backfill the "
            f"consumers. {error.hint}"
        )
        thing = error.thing or f"stream {self._stream}"
        return PositionLost(error.what, thing=thing, hint=hint.strip())


def _reopen(point: Checkpoint) -> Checkpoint:
    return point
