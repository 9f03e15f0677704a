"""Turns: what becomes of a checkpoint where the numbering of a stream changes.

A turn is given the checkpoint of everything that was read, all of it acknowledged, and returns the
one to store. Reading continues from there on a new connection.
"""

from collections.abc import Callable, Mapping

import msgspec

from shared.flows.relay.failover import loss
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.missing import Missing
from shared.flows.relay.failover.rereading import Rereading
from shared.flows.relay.sharing.handover import next_leg, on_another_server, take_over
from shared.flows.relay.sharing.share import Share
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.lease import Holding
from shared.values.lineage import ServerRun
from shared.values.seq import next_epoch

Turn = Callable[[Checkpoint], Checkpoint]


class Turns:
    """The turns of one stream.

    asked_epoch: the epoch that somebody asks to be passed (0: nobody).
    now_ms: the time, Unix ms.
    """

    def __init__(
        self,
        share: Share,
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
        capture = CaptureConfiguration(read_configuration(point.capture).tables).text()
        renumbered = point.renumbered(next_epoch(point.epoch, self._asked_epoch()))
        return msgspec.structs.replace(renumbered, capture=capture)

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
            listed = loss.listed(
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

    def switch(self, wanted: CaptureConfiguration, taken: Mapping[str, Holding]) -> Turn:
        """The wanted configuration applies from here; tables that were taken over are read first.

        A stream that still catches up with tables continues with the next ones instead.
        """

        def turn(point: Checkpoint) -> Checkpoint:
            if point.catch_up:
                return next_leg(point)
            after = self._captured(point, wanted)
            if taken:
                return take_over(after, taken, self._asked_epoch())
            return self._renumbered(after) if point.rows else after

        return turn

    def renumber(self, point: Checkpoint) -> Checkpoint:
        """No relay can number what follows in the old way: the settled configuration applies."""
        return self._renumbered(self._captured(point, self._share.settled))

    @staticmethod
    def reread(rereading: Rereading) -> Turn:
        """All rows of lost transactions were read again."""

        def turn(point: Checkpoint) -> Checkpoint:
            return msgspec.structs.replace(
                point, seq=point.seq + point.rows, rows=0, lost=rereading.done()
            )

        return turn

    def _captured(self, point: Checkpoint, wanted: CaptureConfiguration) -> Checkpoint:
        return msgspec.structs.replace(
            point, capture=wanted.text(), released=self._share.released(point, wanted)
        )

    def _renumbered(self, point: Checkpoint) -> Checkpoint:
        return point.renumbered(next_epoch(point.epoch, self._asked_epoch()))
