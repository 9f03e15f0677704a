"""The rows of prepared XA transactions, looked up in the binlog.

A transaction of MySQL with binlog_transaction_compression is one TRANSACTION_PAYLOAD event, in
which the rows, XA START, XA END and the XA_PREPARE event are. XA COMMIT and XA ROLLBACK, which
come later, are never inside.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from shared.adapters.binlog import inflate, transaction_payload, xa
from shared.adapters.binlog.binlog_place import whole
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
    QUERY,
    QUERY_COMPRESSED,
    ROTATE,
    ROWS,
    TABLE_MAP,
    TRANSACTION_PAYLOAD,
    XA_PREPARE,
)
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.xa import XaPlace, Xid
from shared.values.errors import SourceError

_HEARTBEATS = frozenset((HEARTBEAT, HEARTBEAT_2))
_GTIDS = frozenset((GTID, ANONYMOUS_GTID, GTID_TAGGED, MARIADB_GTID))
_ROWS = frozenset((TABLE_MAP, *ROWS, PARTIAL_UPDATE_ROWS, *COMPRESSED_ROWS))
_QUERIES = frozenset((QUERY, QUERY_COMPRESSED))
_SAVEPOINTS = (b"SAVEPOINT", b"ROLLBACK", b"RELEASE")
_ENDS = (b"XA COMMIT", b"XA ROLLBACK")


def rows(events: Iterable[RawEvent | None]) -> Iterator[RawEvent]:
    """The table maps, row events and savepoints of the first transaction in `events`.

    Raises SourceError when that was not prepared there.
    """
    begun = False
    for event in _unpacked(events):
        kind = event[0]
        if kind in _ROWS:
            yield event
        elif kind == XA_PREPARE:
            return
        elif kind in _QUERIES and _sql(event).startswith(_SAVEPOINTS):
            yield event
        elif kind in _GTIDS:
            if begun:
                break
            begun = True
    raise SourceError(
        "the place where an XA transaction was prepared holds another transaction.",
        thing="binlog",
        hint="Report it with the server's version.",
    )


def find(
    events: Iterable[RawEvent | None], name: Xid, before: XaPlace
) -> tuple[bool, XaPlace | None]:
    """Where the last transaction of this name was prepared before a place.

    It is looked for in the file with which `events` begin.
    (whether the file tells, the place). A name that was committed or rolled back after it was
    prepared has no place: the server writes nothing for a transaction that changed nothing, not
    even where it is prepared.
    """
    file, begin, offset = "", 0, 4
    known, found = False, None
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
            if file == before[0] and begin >= before[1]:
                break
        elif (kind == XA_PREPARE and xa.of_prepare(data[start:end]) == (name, False)) or (
            kind == TRANSACTION_PAYLOAD and _prepares(data[start:end], name)
        ):
            known, found = True, (file, begin)
        elif kind in _QUERIES:
            sql = _sql(event)
            if sql.startswith(_ENDS) and xa.of_statement(sql.decode("latin-1")) == name:
                known, found = True, None
    return known, found


def from_offset(events: Iterable[RawEvent | None], offset: int) -> Iterator[RawEvent]:
    """The events from an offset on, of a file that is read from its start."""
    end, reached = 4, False
    for event in events:
        if event is None or not _is_stored(event):
            continue
        end = whole(end, event[4])
        reached = reached or end - event[3] >= offset
        if reached:
            yield event


def _unpacked(events: Iterable[RawEvent | None]) -> Iterator[RawEvent]:
    """The events, those inside a payload instead of it."""
    for event in events:
        if event is None:
            continue
        if event[0] == TRANSACTION_PAYLOAD:
            yield from transaction_payload.events(event[6][event[7] : event[8]])
        else:
            yield event


def _prepares(body: bytes, name: Xid) -> bool:
    """Whether a payload holds a transaction of this name that is prepared.

    Only its beginning is decompressed for that, unless the name is the one.
    """
    inside = transaction_payload.events(body)
    for event in inside:
        if event[0] == QUERY:
            sql = _sql(event)
            return (
                sql.startswith(b"XA START")
                and xa.of_statement(sql.decode("latin-1")) == name
                and any(
                    one[0] == XA_PREPARE and xa.of_prepare(one[6][one[7] : one[8]]) == (name, False)
                    for one in chain(inside)
                )
            )
    return False


def _sql(event: RawEvent) -> bytes:
    """The statement of a QUERY event."""
    body = event[6][event[7] : event[8]]
    text = body[14 + body[8] + int.from_bytes(body[11:13], "little") :]
    return inflate.event_part(text) if event[0] == QUERY_COMPRESSED else text


def _is_stored(event: RawEvent) -> bool:
    """Whether it is in the file; others were made for the connection."""
    return event[0] != ROTATE and event[0] not in _HEARTBEATS and not event[5] & ARTIFICIAL_FLAG
