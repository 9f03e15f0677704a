"""From binlog events to transactions of rows, in commit order, with their positions."""

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from shared.adapters.binlog import gtid_events, kinds, transaction_payload, xa
from shared.adapters.binlog.binlog_place import BinlogPlace, Until
from shared.adapters.binlog.broken_connection import Cut, rest_behind
from shared.adapters.binlog.contract import Event, Rows
from shared.adapters.binlog.first_event import from_a_begin
from shared.adapters.binlog.format_description import is_of_start
from shared.adapters.binlog.gtid import MysqlGtids
from shared.adapters.binlog.kinds import COMPRESSED_ROWS, PARTIAL_UPDATE_ROWS, ROWS, TABLE_MAP
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.look_ahead import LookAhead
from shared.adapters.binlog.open_transaction import OpenTransaction
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.queries import Queries
from shared.adapters.binlog.rollbacks import Rollbacks
from shared.adapters.binlog.row_decoder import DECODE_ERRORS, IGNORED, RowDecoders
from shared.adapters.binlog.statement_effects import Effects
from shared.adapters.binlog.statement_reader import StatementReader
from shared.adapters.binlog.unusual_rows import current, unusual
from shared.values.position import Position

_DUMMY_TABLE = b"\xff\xff\xff\x00\x00\x00"
_EVENTS_A_LOOK = 2048
_LARGE = 1 << 19
"""A transaction may be larger than the 4 GB that positions in events can tell: the place moves
along with each event of this many bytes, and now and then.
"""


class Transactions:
    """Turns the events of one connection into the contract's events; its state is of that one.

    `cut` is what an earlier connection yielded of the first transaction: it is read over.
    `prepared` gives the row events of an XA transaction, `scan` the rollbacks of a transaction.
    """

    def __init__(
        self,
        place: BinlogPlace,
        decoders: RowDecoders,
        tables: KnownTables,
        reader: StatementReader,
        effects: Effects,
        server: str,
        prepared: xa.PreparedTransaction,
        *,
        scan: Callable[[tuple[str, int]], Rollbacks],
        until: Position | None = None,
        cut: Cut | None = None,
    ) -> None:
        self._place, self._server = place, server
        self._decoders, self._known, self._prepared = decoders, tables, prepared
        self._until = Until(until) if until else None
        self._cut = cut
        self._transaction = OpenTransaction(place, server)
        self._queries = Queries(
            self._transaction, reader, effects, prepared, self._count_now, decoders.forget
        )
        self._look_ahead = LookAhead(self._transaction, scan)

    def cut(self) -> Cut | None:
        """How far the transaction under way was yielded."""
        return self._cut or self._transaction.cut()

    def resume(self) -> Position:
        """Where another connection continues: at the start of the transaction under way."""
        return self._transaction.resume()

    def read(self, events: Iterable[RawEvent | None]) -> Iterator[Event]:
        """The contract's events.

        Raises SourceError for what may carry rows and is not understood, PositionLost when what was
        cut is not there.
        """
        if self._until and not self._cut and self._until.reached(self._place):
            return iter(())
        read = self._read(self._look_ahead.over(from_a_begin(events, self._place)))
        return chain(self._read_over(self._cut, read), read) if self._cut else read

    def _read_over(self, cut: Cut, events: Iterator[Event]) -> Iterator[Event]:
        """What comes after the cut in its transaction."""
        for event in rest_behind(cut, events, self._server):
            self._cut = None
            yield event

    def _read(self, events: Iterable[RawEvent | None]) -> Iterator[Event]:
        transaction, decoders = self._transaction, self._decoders
        tables = transaction.tables
        known, undone = decoders.known_maps, transaction.rollbacks
        for event in events:
            if event is None:
                if not transaction.open and (
                    transaction.wants_heartbeat()
                    or (self._until and self._until.reached(self._place))
                ):
                    yield transaction.heartbeat()
                continue
            kind, ts, server_id, size, log_pos, flags, data, start, end = event
            if size > _LARGE and transaction.open:
                self._place.move(log_pos)
            if kind in ROWS:
                decoder = tables.get(data[start : start + 6])
                number = transaction.count
                transaction.count = number + 1
                if not number % _EVENTS_A_LOOK:
                    self._place.move(log_pos)
                if undone is not None and number in undone:
                    continue
                if decoder is None:
                    if data[start : start + 6] == _DUMMY_TABLE:
                        continue
                    raise transaction.strange("a row event has no table map")
                if decoder.table is None:
                    if not number % _EVENTS_A_LOOK and transaction.begin is None:
                        yield from transaction.if_quiet()
                    continue
                op = ROWS[kind]
                at = start + 8
                if kind >= kinds.FIRST_WITH_EXTRA:
                    at += data[at] | data[at + 1] << 8
                if decoder.current is not None:
                    pairs = decoder.rows(op, data, at, end)
                    yield from self._begun(current(decoder, kind, number, pairs))
                    continue
                if transaction.begin is None:
                    yield from transaction.begun()
                yield Rows(decoder.table, op, number, decoder.rows(op, data, at, end))
            elif kind == TABLE_MAP:
                body = data[start + 6 : end]
                decoder = known.get(body) or decoders.of(body)
                if transaction.hidden:
                    transaction.captured = transaction.captured or decoder.table is not None
                    decoder = IGNORED
                tables[data[start : start + 6]] = decoder
            elif kind in COMPRESSED_ROWS or kind == PARTIAL_UPDATE_ROWS:
                if not transaction.count % _EVENTS_A_LOOK:
                    self._place.move(log_pos)
                yield from self._unusual_rows(kind, data[start:end])
            elif kind == kinds.UNDONE_ROWS:
                transaction.count += 1
            else:
                try:
                    yield from self._control(
                        kind, ts, server_id, size, log_pos, flags, data[start:end]
                    )
                except DECODE_ERRORS as error:
                    raise transaction.strange(
                        f"an event of type {kind} cannot be read ({type(error).__name__})"
                    ) from None
                undone = transaction.rollbacks
                if self._until and not transaction.open and self._until.reached(self._place):
                    return

    def _control(
        self, kind: int, ts: int, server_id: int, size: int, log_pos: int, flags: int, body: bytes
    ) -> Iterator[Event]:
        """Every event that is not about rows."""
        place, transaction = self._place, self._transaction
        if kind == kinds.XID:
            yield from transaction.end(log_pos)
        elif kind in (kinds.QUERY, kinds.QUERY_COMPRESSED, kinds.EXECUTE_LOAD_QUERY):
            yield from self._queries.read(kind, ts, size, log_pos, flags, body)
        elif kind in (kinds.GTID, kinds.GTID_TAGGED):
            tagged = kind == kinds.GTID_TAGGED
            gtid = gtid_events.mysql_tagged(body) if tagged else gtid_events.mysql(body)
            transaction.start(size, log_pos, gtid.ts_ms or ts * 1000, gtid)
        elif kind == kinds.ANONYMOUS_GTID:
            transaction.start(size, log_pos, gtid_events.mysql(body).ts_ms or ts * 1000, None)
        elif kind == kinds.MARIADB_GTID:
            mariadb_gtid = gtid_events.mariadb(body, server_id)
            transaction.start(size, log_pos, ts * 1000, mariadb_gtid)
            transaction.inside = not mariadb_gtid.standalone
            transaction.hidden, transaction.vain = mariadb_gtid.prepared, mariadb_gtid.is_vain
        elif kind == kinds.TRANSACTION_PAYLOAD:
            place.move(log_pos)
            yield from self._read(transaction_payload.events(body))
        elif kind == kinds.XA_PREPARE:
            name, commits = xa.of_prepare(body)
            here = (place.file, transaction.begin_offset) if transaction.captured else None
            if not commits:
                self._prepared.remember(name, here)
            elif here:
                yield from self._count_now(self._prepared.rows_at(here))
            yield from transaction.end(log_pos)
        elif kind == kinds.ROTATE:
            file = body[8:].decode()
            if not file.rpartition(".")[2].isdecimal():
                raise ValueError("file name")
            place.rotate(file, int.from_bytes(body[:8], "little"))
            transaction.tables.clear()
            # an end may be what parts two ways of numbering
            if not (self._until and self._until.reached(place)):
                yield from transaction.if_quiet()
        elif kind == kinds.HEARTBEAT:
            if not transaction.open:
                place.move(log_pos)
                transaction.ts_ms = max(transaction.ts_ms, int(time.time() * 1000))
                yield transaction.heartbeat()
        elif kind == kinds.PREVIOUS_GTIDS:
            place.move(log_pos)
            if place.gtids is None:
                place.gtids = MysqlGtids.decode(body)
        elif kind == kinds.INCIDENT:
            raise transaction.strange(
                "the server reports an incident: events may be missing from its binlog"
            )
        elif kind == kinds.FORMAT_DESCRIPTION:
            # sent at every start, with the time of its file, and with its own place in it
            place.created = ts
            if is_of_start(body):
                self._known.server_started()
        elif kind not in kinds.NO_ROWS and not flags & kinds.IGNORABLE_FLAG:
            raise transaction.strange(f"event type {kind} is not known here and may carry rows")
        elif not transaction.open and not flags & kinds.ARTIFICIAL_FLAG:
            place.move(log_pos)

    def _count_now(self, prepared: Iterator[RawEvent]) -> Iterator[Event]:
        """The rows of an XA transaction count now."""
        transaction = self._transaction
        transaction.hidden, transaction.count, transaction.rollbacks = False, 0, None
        transaction.tables.clear()
        yield from self._read(
            (*event[:4], 0, *event[5:]) for event in prepared
        )  # where they stand is not the place of the reading

    def _unusual_rows(self, kind: int, body: bytes) -> Iterator[Event]:
        transaction = self._transaction
        decoder = transaction.tables.get(body[:6])
        number = transaction.count
        transaction.count = number + 1
        if transaction.rollbacks is not None and number in transaction.rollbacks:
            return
        if decoder is None:
            raise transaction.strange("a row event has no table map")
        if decoder.table is not None:
            yield from self._begun(unusual(decoder, kind, number, body))
        elif not number % _EVENTS_A_LOOK and transaction.begin is None:
            yield from transaction.if_quiet()

    def _begun(self, rows: Iterator[Event]) -> Iterator[Event]:
        """Rows, if there are any, and the Begin before the first."""
        for event in rows:
            yield from self._transaction.begun()
            yield event
