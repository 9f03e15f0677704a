"""Resuming: how reading continues on a connection that was just made.

Either a turn comes first (another server answers, an epoch is asked for), or events are read from
the checkpoint on, up to the place where a turn is due.
"""

from dataclasses import dataclass

from shared.adapters.binlog.contract import Binlog, is_another_start
from shared.domain.server_identity import run_of
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.failover.missing_transactions import find_missing
from shared.flows.relay.reading.turns import Turn, Turns
from shared.flows.relay.reading.wanted_capture import WantedCapture
from shared.flows.relay.sharing.table_share import TableShare
from shared.values.capture_configuration import ID_SCHEME, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.lineage import ServerRun
from shared.values.position import Position


@dataclass(frozen=True)
class ReadingRoute:
    """Read from the checkpoint to `until` (None: without end), where `at_end` is due."""

    until: Position | None
    at_end: Turn


class Resuming:
    """Decides how reading of a stream continues. It only looks: turns are stored by the reader."""

    def __init__(self, stream: str, share: TableShare, journal: Journal, turns: Turns) -> None:
        self._stream, self._share, self._journal, self._turns = stream, share, journal, turns

    def decide(
        self,
        binlog: Binlog,
        point: Checkpoint,
        wanted: WantedCapture,
        *,
        asked_epoch: int,
        begun: int,
    ) -> Turn | ReadingRoute:
        """A turn that comes first, or the route to read.

        begun: the epoch in which nothing was read yet (0: none).
        Raises PositionLost, SourceUnavailable, StateUnavailable.
        """
        capture = read_configuration(point.capture)
        server, started = binlog.identity(), binlog.started()
        restarted = is_another_start(started, point.lineage.started)
        missing = find_missing(
            binlog,
            server,
            point,
            self._journal,
            capture.tables,
            self._stream,
            restarted=restarted,
        )
        if missing:
            return self._turns.replaced(run_of(binlog), missing)
        route = ReadingRoute(
            None if capture == wanted.capture else binlog.latest(),
            self._turns.switch(wanted),
        )
        if point.catch_up:
            route = ReadingRoute(point.catch_up.until, route.at_end)
        new_epoch: Turn = self._turns.new_epoch
        if restarted:
            run = run_of(binlog)
            new_epoch = self._turns.restarted(run)
            until_restart = self._until_restart(binlog, point, route, run)
            if until_restart is None:
                return new_epoch
            route = until_restart
        # Corrections are no events, so they cannot be read again: what was numbered with them is
        # given up with its epoch.
        interrupted = point.is_rereading and begun != point.epoch
        asked = asked_epoch >= point.epoch and point.rows == 0
        return new_epoch if interrupted or asked or capture.ids != ID_SCHEME else route

    def _until_restart(
        self, binlog: Binlog, point: Checkpoint, route: ReadingRoute, run: ServerRun
    ) -> ReadingRoute | None:
        """The route to where a server that was started again wrote on: a new epoch begins there.

        What it lost of its last second in a crash had numbers that nobody knows. What it wrote
        before keeps its numbers, also when it is read again. None: the epoch begins here, because
        nobody can tell where the server wrote on.
        """
        end = binlog.next_start(max(point.position, point.lineage.wrote_on, key=Position.order))
        if end is None or (route.until and not route.until.file):
            return None
        if route.until and end.reaches(route.until):
            return route
        return ReadingRoute(end, self._turns.restarted(run))
