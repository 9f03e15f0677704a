"""Turns: what becomes of a checkpoint where the numbering of a stream changes.

A turn is given the checkpoint of everything that was read, all of it acknowledged, and returns the
one to store. Reading continues from there on a new connection.
"""

from collections.abc import Callable, Mapping

import msgspec

from shared.adapters.binlog.contract import CannotCapture
from shared.domain.capture_retry import after_resuming
from shared.flows.relay.capture.stopping_table import without_table
from shared.flows.relay.failover import lost_rows
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.missing_transactions import Missing
from shared.flows.relay.failover.rereading_rows import Rereading
from shared.flows.relay.reading.wanted_capture import WantedCapture
from shared.flows.relay.sharing.catching_up import next_leg, on_another_server, take_over
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import ServerRun
from shared.values.next_epoch import next_epoch
from shared.values.stopped import Stopped

Turn = Callable[[Checkpoint], Checkpoint]


class Turns:
    """The turns of one stream.

    asked_epoch: the epoch that somebody asks to be passed (0: nobody).
    now_ms: the time, Unix ms.
    """

    def __init__(
        self,
        share: TableShare,
        journal: Journal,
        asked_epoch: Callable[[], int],
        now_ms: Callable[[], int],
    ) -> None:
        self._share, self._journal = share, journal
        self._asked_epoch, self._now_ms = asked_epoch, now_ms

    def new_epoch(self, point: Checkpoint) -> Checkpoint:
        """Numbers begin again above all that were ever given.

        What is published of an unfinished transaction is published again under the new numbers.
        """
        capture = read_configuration(point.capture).renewed().text()
        return msgspec.structs.replace(self._renumbered(point), capture=capture)

    def restarted(self, run: ServerRun) -> Turn:
        """The server was started again: it may lack what it had written last."""

        def turn(point: Checkpoint) -> Checkpoint:
            lineage = point.lineage.restarted(run)
            return self.new_epoch(msgspec.structs.replace(point, lineage=lineage))

        return turn

    def replaced(self, run: ServerRun, missing: Missing) -> Turn:
        """Another server answers, or one that was restored; `missing` is what it lacks.

        The turn raises StateUnavailable and StackError, as the journal does.
        """

        def turn(point: Checkpoint) -> Checkpoint:
            self._journal.keep()  # what was added last is of the former server
            after = self.new_epoch(point)
            listed = lost_rows.lost_after(
                missing, run.server, point.lost, self._journal, after.epoch, self._now_ms()
            )
            return msgspec.structs.replace(
                after,
                position=missing.position,
                lost=listed,
                lineage=point.lineage.replaced(run, self._journal.end(), missing.agreed),
                catch_up=point.catch_up and on_another_server(point.catch_up),
            )

        return turn

    def switch(self, wanted: WantedCapture) -> Turn:
        """The wanted configuration applies from here; tables that were taken over are read first.

        A stream that still catches up with tables continues with the next ones instead.
        """

        def turn(point: Checkpoint) -> Checkpoint:
            if point.catch_up:
                return next_leg(point)
            after = self._captured(point, wanted.capture, wanted.stopped)
            if wanted.taken:
                return take_over(after, wanted.taken, self._asked_epoch())
            return self._renumbered(after) if point.rows else after

        return turn

    def renumber(self, wanted: WantedCapture) -> Turn:
        """The turn to the wanted configuration where the old one cannot number what follows.

        Tables that were taken over follow in a later turn.
        """

        def turn(point: Checkpoint) -> Checkpoint:
            return self._renumbered(self._captured(point, wanted.settled, wanted.stopped))

        return turn

    def stop(self, error: CannotCapture) -> Turn:
        """One table cannot be captured from here on: it stops alone, in a new epoch.

        What was numbered of its transaction before is published again under the new numbers.
        """

        def turn(point: Checkpoint) -> Checkpoint:
            return self._renumbered(without_table(point, error, self._now_ms()))

        return turn

    @staticmethod
    def reread(rereading: Rereading) -> Turn:
        """All rows of lost transactions were read again."""

        def turn(point: Checkpoint) -> Checkpoint:
            return msgspec.structs.replace(
                point, seq=point.seq + point.rows, rows=0, lost=rereading.done()
            )

        return turn

    def _captured(
        self, point: Checkpoint, wanted: CaptureConfiguration, stopped: Mapping[str, Stopped]
    ) -> Checkpoint:
        now_ms = self._now_ms()
        resumed = {
            name: after_resuming(before, now_ms)
            for name, before in point.stopped.items()
            if name in wanted.read
        }
        still = {name: each for name, each in stopped.items() if name in wanted.stopped}
        return msgspec.structs.replace(
            point,
            capture=wanted.text(),
            released=self._share.released(point, wanted),
            stopped={name: each for name, each in {**resumed, **still}.items() if each},
        )

    def _renumbered(self, point: Checkpoint) -> Checkpoint:
        return point.renumbered(next_epoch(point.epoch, self._asked_epoch()))
