"""Move: a planned change of the server that a stream is read from.

With GTIDs the relay finds its position on the new server itself (`find_missing`); a move only tries
that beforehand. Without GTIDs the user gives the position. It is stored once every change of the
old server is published, under the lease and in a new epoch. From then on a relay refuses to read
the old server. If the command is killed, either the old or the new position is stored; run it
again.
"""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.binlog.contract import Binlog
from shared.domain.server_identity import run_of
from shared.flows.relay.capture.coverage_segments import cover, first_segment
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.lease.start_under_lease import acquire_lease
from shared.flows.relay.relay_setup import RelaySetup
from shared.flows.source.move_readiness import LookAtStream, Readiness
from shared.values.capture_configuration import read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import (
    RowlineError,
    SourceError,
)
from shared.values.lineage import Lineage
from shared.values.next_epoch import next_epoch
from shared.values.position import Position
from shared.values.relay_lease import Lease
from shared.values.stream import source_of

LOOK_SECONDS = 1.0


class Move:
    """One stream's move to another server. `look` changes nothing.

    open_target: connects to the new server.
    at: the position there; None with GTIDs.
    tell: receives the reason of each wait of `wait` and `apply`; `setup.stop` ends the wait.
    """

    def __init__(
        self,
        setup: RelaySetup,
        open_target: Callable[[], Binlog],
        at: Position | None,
        tell: Callable[[Readiness], None] = lambda _: None,
    ) -> None:
        self._setup, self._open_target, self._at, self._tell = setup, open_target, at, tell
        self._stream, self._thing = setup.source.stream, f"stream {setup.source.name}"
        self._look = LookAtStream(setup, at)

    def look(self) -> Readiness:
        """The present state of the stream. Raises the errors of `LookAtStream.readiness`."""
        target = self._open_target()
        try:
            return self._look.readiness(target, self._look.checkpoint())
        finally:
            target.close()

    def wait(self) -> Readiness:
        """Wait until `look` finds no reason to wait.

        Raises the errors of `look`, and RowlineError when the wait is stopped.
        """
        while True:
            readiness = self.look()
            if readiness.way == "gtids":
                self._require_redirected(readiness)
            if not readiness.waits_for:
                return readiness
            self._tell(readiness)
            if self._setup.stop.wait(LOOK_SECONDS):
                raise self._stopped()

    def apply(self) -> Readiness:
        """Move the stream. Raises the errors of `wait`, and LeaseLost.

        With GTIDs, the relay is made to reconnect to the server that the secret now names. Without
        them, the new checkpoint is stored.
        """
        while True:
            readiness = self.wait()
            if readiness.way == "there":
                return readiness
            if done := self._under_lease():
                return done

    def _require_redirected(self, readiness: Readiness) -> None:
        binlog = self._setup.open_binlog(self._setup.source.tables, 0)
        try:
            found = binlog.identity()
        finally:
            binlog.close()
        if found != readiness.target:
            raise SourceError(
                f"its secret still leads to {found}.",
                thing=self._thing,
                hint=(
                    f"Put the address of {readiness.target} into secret "
                    f"{self._setup.source.secret}, then run this again: the relay then connects "
                    "there."
                ),
            )

    def _under_lease(self) -> Readiness | None:
        """Take the lease, look again at the checkpoint that the relay left, and store the move.

        None when the relay has published up to another position in the meantime.
        """
        lease, _ = acquire_lease(self._setup)
        if lease is None:
            raise self._stopped()
        new = None
        try:
            target = self._open_target()
            try:
                point = self._look.checkpoint()
                readiness = self._look.readiness(target, point)
                if readiness.waits_for:
                    return None
                if readiness.way == "place":
                    self._require_settled(point, readiness.target)
                    new = self._moved(point, target, lease)
            finally:
                target.close()
        finally:
            self._setup.streams.release(self._stream, lease, new)
        return readiness

    def _moved(self, point: Checkpoint, target: Binlog, lease: Lease) -> Checkpoint:
        if self._at is None:
            raise RuntimeError("no place was given")
        epoch = next_epoch(point.epoch, lease.raise_epoch)
        journal = Journal(self._setup.claims, self._stream, point.lineage.journal).end()
        moved = msgspec.structs.replace(
            point.renumbered(epoch),
            position=self._at,
            lineage=Lineage.cut_off(run_of(target), journal, self._at),
            capture=read_configuration(point.capture).renewed().text(),
            read_to=self._at,
        )
        cover(self._setup.coverage, self._stream, point)
        last = self._setup.coverage.last(self._stream)
        return first_segment(moved, last, time.time_ns() // 1_000_000, before=point)

    def _require_settled(self, point: Checkpoint, target: str) -> None:
        """Require that other relays have taken the tables that this stream gave up.

        The new server does not know the position at which they were given up, so the relay that
        takes them must have read from there before.
        """
        captured, wanted = (
            point.tables,
            set(self._setup.source.tables).union(*self._setup.others.values()),
        )
        for name, held in sorted(
            self._setup.streams.holdings(source_of(self._stream)).tables.items()
        ):
            on_its_way = held.free or (held.stream == self._stream and name not in captured)
            if (
                name in wanted
                and on_its_way
                and held.position != Position()
                and held.server != target
            ):
                raise RowlineError(
                    f"table {name} is on its way from one relay of the source to another.",
                    thing=self._thing,
                    hint=(
                        "Wait until `rowline status` shows that no relay waits for it, then run "
                        "this again."
                    ),
                )

    def _stopped(self) -> RowlineError:
        return RowlineError("was not moved: it was told to stop.", thing=self._thing)


def move_all(moves: Sequence[Move]) -> list[Readiness]:
    """Move the streams of one source. Raises the errors of `Move.apply`.

    All streams wait before the first one moves, because a stored position cannot be undone.
    """
    for move in moves:
        move.wait()
    return [move.apply() for move in moves]
