"""XA transactions: their rows stand in the binlog where they were prepared, and count where they
are committed.

No rows of a prepared transaction are kept in memory: when its XA COMMIT comes, they are read again
from where they stand. So a reader that started in between finds them too, and a position never has
to be held back for a transaction that stays prepared.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from shared.adapters.binlog import payload
from shared.adapters.binlog.kinds import (
    ANONYMOUS_GTID,
    ARTIFICIAL_FLAG,
    COMPRESSED_ROWS,
    GTID,
    GTID_TAGGED,
    HEARTBEAT,
    HEARTBEAT_2,
    MARIADB_GTID,
    PARTIAL_UPDATE_ROWS,
    ROTATE,
    ROWS,
    TABLE_MAP,
    TRANSACTION_PAYLOAD,
    XA_PREPARE,
)
from shared.adapters.binlog.packets import Event
from shared.adapters.binlog.place import whole

_HEARTBEATS = frozenset((HEARTBEAT, HEARTBEAT_2))
_GTIDS = frozenset((GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID))
_ROWS = frozenset((TABLE_MAP, *ROWS, PARTIAL_UPDATE_ROWS, *COMPRESSED_ROWS))
_XID = re.compile(r"X'([0-9a-f]*)'\s*,\s*X'([0-9a-f]*)'\s*,\s*(\d+)", re.IGNORECASE)


class Xid(NamedTuple):
    """The name of an XA transaction."""

    transaction: bytes
    branch: bytes
    format: int


Place = tuple[str, int]
"""File and offset of a transaction."""
_MOST = 100_000


class Prepared:
    """The transactions that were prepared. `rows_at` gives the row events of the one at a place,
    `find` the place where a name was prepared before another place.
    """

    def __init__(
        self, rows_at: Callable[[Place], Iterator[Event]], find: Callable[[Xid, Place], Place]
    ) -> None:
        self.rows_at, self._find = rows_at, find
        self._places: dict[Xid, Place | None] = {}

    def remember(self, name: Xid, place: Place | None) -> None:
        """It was prepared there; without a place it holds no captured rows."""
        if len(self._places) >= _MOST:
            self._places.clear()  # what is not remembered can be found
        self._places[name] = place

    def forget(self, name: Xid) -> None:
        """It was rolled back."""
        self._places.pop(name, None)

    def rows_of(self, name: Xid, before: Place) -> Iterator[Event]:
        """The row events of a transaction that is committed at `before`."""
        place = self._places.pop(name) if name in self._places else self._find(name, before)
        return self.rows_at(place) if place else iter(())


def of_statement(sql: str) -> Xid:
    """The name in `XA COMMIT X'…',X'…',1`, as servers write it. Raises ValueError."""
    match = _XID.search(sql)
    if not match:
        raise ValueError("XA name")
    return Xid(bytes.fromhex(match[1]), bytes.fromhex(match[2]), int(match[3]))


def of_prepare(body: bytes) -> tuple[Xid, bool]:
    """(name, whether it commits at once) of an XA_PREPARE event. Source: MySQL
    libs/mysql/binlog/event/control_events.h, XA_prepare_event.
    """
    one_phase, format_, length, branch = struct.unpack_from("<Biii", body, 0)
    return Xid(body[13 : 13 + length], body[13 + length : 13 + length + branch], format_), bool(
        one_phase
    )


def from_offset(events: Iterable[Event | None], offset: int) -> Iterator[Event]:
    """The events from an offset on, of a file that is read from its start."""
    end, reached = 4, False
    for event in events:
        if event is None or not _is_stored(event):
            continue
        end = whole(end, event[4])
        reached = reached or end - event[3] >= offset
        if reached:
            yield event


def _is_stored(event: Event) -> bool:
    """Whether it stands in the file; others were made for the connection."""
    return event[0] != ROTATE and event[0] not in _HEARTBEATS and not event[5] & ARTIFICIAL_FLAG


def rows(events: Iterable[Event | None]) -> Iterator[Event]:
    """The table maps and row events of the first transaction in `events`, which was prepared
    there.
    """
    for event in events:
        if event is None:
            continue
        kind = event[0]
        if kind in _ROWS:
            yield event
        elif kind == XA_PREPARE:
            return
        elif kind == TRANSACTION_PAYLOAD:
            data, start, end = event[6:]
            yield from (inner for inner in payload.events(data[start:end]) if inner[0] in _ROWS)


def find(events: Iterable[Event | None], name: Xid, before: Place) -> Place | None:
    """(file, offset) of the last transaction of this name that was prepared before a place, in the
    file with which `events` begin; None when there is none.
    """
    file, begin, offset = "", 0, 4
    found: Place | None = None
    for event in events:
        if event is None:
            continue
        kind, _, _, size, log_pos, _, data, start, end = event
        if _is_stored(event):
            offset = whole(offset, log_pos)
        if kind == ROTATE:
            following = data[start + 8 : end].decode()
            if file and following != file:
                break
            file = following
        elif kind in _GTIDS:
            begin = offset - size
            if (file, begin) >= before:
                break
        elif kind == XA_PREPARE and of_prepare(data[start:end]) == (name, False):
            found = (file, begin)
    return found
