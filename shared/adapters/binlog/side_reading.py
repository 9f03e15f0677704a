"""Other places of a server's binlog, each read over a connection of its own."""

import itertools
import random
from collections.abc import Generator, Iterator
from contextlib import closing

from shared.adapters.binlog import prepared_rows, xa
from shared.adapters.binlog.kinds import QUERIES
from shared.adapters.binlog.packets import Packets, RawEvent
from shared.adapters.binlog.replication_connection import Session
from shared.adapters.binlog.rollbacks import Rollbacks, of_group
from shared.adapters.binlog.server_errors import refusal
from shared.values.errors import PositionLost
from shared.values.position import Position
from shared.values.source_endpoint import SourceEndpoint

_SECOND_READERS = 3 << 30
"""Their server_ids lie from here on, above those of relays."""
_CONNECTIONS = 8
"""So many server_ids take turns. A server keeps a closed connection's thread until it sends again;
MariaDB ends an older thread of the same server_id first, and waits 100 ms for that."""
_HEARTBEAT_SECONDS = 0.05
"""So a closed connection is noticed soon, and does not count among the server's connections."""


class SideReading:
    """Reads beside a reader; each connection has a server_id of its own."""

    def __init__(self, endpoint: SourceEndpoint) -> None:
        self._endpoint = endpoint
        first = _SECOND_READERS | random.getrandbits(27) * _CONNECTIONS
        self._server_ids = itertools.cycle(range(first, first + _CONNECTIONS))
        self._scanned: tuple[xa.XaPlace, Rollbacks] | None = None

    def events(self, start: Position) -> Generator[RawEvent | None, None, None]:
        """Events from a file and offset on."""
        with closing(Session(self._endpoint)) as session:
            socket = session.dump(start, next(self._server_ids), _HEARTBEAT_SECONDS)
            yield from Packets(
                socket, lambda packet: refusal(packet, self._endpoint), str(self._endpoint)
            ).events()

    def rows_at(self, place: xa.XaPlace) -> Iterator[RawEvent]:
        """The table maps and row events of the transaction that was prepared at a place."""
        rollbacks = self.rollbacks_at(place)
        with closing(self._from(place)) as events:
            rows = (one for one in prepared_rows.rows(events) if one[0] not in QUERIES)
            yield from rollbacks.marked(rows)

    def rollbacks_at(self, place: xa.XaPlace) -> Rollbacks:
        """The rollbacks of the transaction at a place; the last answer is kept: it may be large."""
        if self._scanned is None or self._scanned[0] != place:
            with closing(self._from(place)) as events:
                self._scanned = place, of_group(events)
        return self._scanned[1]

    def find(self, name: xa.Xid, before: xa.XaPlace) -> xa.XaPlace | None:
        """Where an XA transaction was prepared, before a place; None where it holds no rows.

        Most are committed soon: the newest file is looked at first.
        """
        with closing(Session(self._endpoint)) as session:
            files = [str(row[0]) for row in session.query("SHOW BINARY LOGS")]
        reachable = files[: files.index(before[0]) + 1] if before[0] in files else []
        for file in reversed(reachable):
            with closing(self.events(Position(file, 4))) as events:
                known, found = prepared_rows.find(events, name, before)
            if known:
                return found
        raise PositionLost(
            f"an XA transaction was committed at {before[0]}:{before[1]} that was prepared "
            "before the oldest binlog.",
            thing=str(self._endpoint),
            hint=(
                "Its rows cannot be read any more. Start at latest and backfill, and commit "
                "prepared transactions sooner (XA RECOVER lists them)."
            ),
        )

    def _from(self, place: xa.XaPlace) -> Generator[RawEvent | None, None, None]:
        file, offset = place
        near = offset < 1 << 32  # not every server can be asked for a place beyond
        with closing(self.events(Position(file, offset if near else 4))) as events:
            yield from events if near else prepared_rows.from_offset(events, offset)
