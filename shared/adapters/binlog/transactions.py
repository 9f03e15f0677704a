"""From binlog events to what the relay reads: transactions of rows, in commit order, with their positions."""

import time
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Literal

from shared.adapters.binlog import gtid_events, inflate, payload, statements
from shared.adapters.binlog.capture import Capture
from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows, SchemaChanged, Truncated
from shared.adapters.binlog.gtid import MariadbGtids, MysqlGtids
from shared.adapters.binlog.packets import Event as Raw
from shared.adapters.binlog.plan import Plan, Plans
from shared.values.errors import SourceError
from shared.values.position import Position

QUERY, ROTATE, FORMAT_DESCRIPTION, XID, EXECUTE_LOAD_QUERY, TABLE_MAP, INCIDENT, HEARTBEAT = 2, 4, 15, 16, 18, 19, 26, 27
GTID, ANONYMOUS_GTID, PREVIOUS_GTIDS, XA_PREPARE, PARTIAL_UPDATE_ROWS, TRANSACTION_PAYLOAD, GTID_TAGGED = 33, 34, 35, 38, 39, 40, 42
MARIADB_GTID, MARIADB_GTID_LIST, QUERY_COMPRESSED = 162, 163, 165
_ROWS: dict[int, Literal["c", "u", "d"]] = {23: "c", 24: "u", 25: "d", 30: "c", 31: "u", 32: "d"}
_ROWS_WITH_EXTRA = frozenset((30, 31, 32, PARTIAL_UPDATE_ROWS))
_COMPRESSED_ROWS: dict[int, Literal["c", "u", "d"]] = {166: "c", 167: "u", 168: "d"}
# STOP, INTVAR, RAND, USER_VAR, BEGIN_LOAD_QUERY, APPEND_BLOCK, IGNORABLE, ROWS_QUERY, TRANSACTION_CONTEXT, VIEW_CHANGE, ANNOTATE_ROWS,
# BINLOG_CHECKPOINT, START_ENCRYPTION (the server decrypts before it sends), format description: no rows in them
_NO_ROWS = frozenset((3, 5, 9, 13, 14, FORMAT_DESCRIPTION, 17, 28, 29, 36, 37, 160, 161, 164))
_IGNORABLE = 0x80
_DUMMY_TABLE = b"\xff\xff\xff\x00\x00\x00"
_QUERY_HEAD = Struct("<IIBHH").unpack_from
_QUIET_SECONDS = 0.5
_EVENTS_A_LOOK = 2048


class Place:
    """Where the reading is: file, offset, and the transactions before it (None where the server does not tell)."""

    def __init__(self, start: Position, gtids: MysqlGtids | MariadbGtids | None) -> None:
        self.file, self.offset, self.gtids = start.file, start.offset, gtids

    def move(self, log_pos: int) -> None:
        """To `log_pos`, of which events carry the low 32 bits only."""
        if log_pos:
            self.offset += (log_pos - self.offset) & 0xFFFFFFFF

    def at(self, offset: int) -> Position:
        """`offset` in this file, before whatever transaction is under way."""
        return Position(file=self.file, offset=offset, gtids=str(self.gtids) if self.gtids is not None else "")

    def reached(self, until: Position) -> bool:
        if until.file and self.file:
            return (_number(self.file), self.offset) >= (_number(until.file), until.offset)
        if self.gtids is None:
            return False
        if isinstance(self.gtids, MysqlGtids):
            return self.gtids.contains(MysqlGtids.parse(until.gtids))
        return self.gtids.contains(MariadbGtids.parse(until.gtids))


def _number(file: str) -> int:
    return int(file.rpartition(".")[2])


class Transactions:
    """Turns the events of one connection into the contract's events. Its state is that of one connection."""

    def __init__(self, place: Place, plans: Plans, capture: Capture, server: str) -> None:
        self._place, self._plans, self._capture, self._server = place, plans, capture, server
        self._tables: dict[bytes, Plan] = {}
        self._open = False  # inside a transaction
        self._inside = False  # which ends with a COMMIT of its own, not with one statement
        self._begun = False  # its Begin was yielded
        self._begin_offset = 0
        self._gtid: gtid_events.MysqlGtid | gtid_events.MariadbGtid | None = None
        self._ts_ms = 0
        self._count = 0  # row events of the transaction so far
        self._last_report = time.monotonic()
        self._until: Position | None = None
        self._fresh = False  # something was yielded since the last idle heartbeat

    def read(self, events: Iterable[Raw | None], until: Position | None) -> Iterator[Event]:
        """The contract's events, up to `until`. Raises SourceError for what may carry rows and is not understood."""
        if until is None:
            yield from self._read(events)
            return
        self._until = until
        if self._place.reached(until):
            return
        for event in self._read(events):
            yield event
            if not self._open and self._place.reached(until):
                return

    def _read(self, events: Iterable[Raw | None]) -> Iterator[Event]:
        tables = self._tables
        for event in events:
            if event is None:
                if not self._open and self._wants_report():
                    yield self._heartbeat(idle=True)
                continue
            kind, ts, server_id, size, log_pos, flags, data, start, end = event
            op = _ROWS.get(kind)
            if op is not None:
                plan = tables.get(data[start : start + 6])
                number = self._count
                self._count = number + 1
                if plan is None:
                    if data[start : start + 6] == _DUMMY_TABLE:
                        continue
                    raise self._strange("a row event has no table map")
                if plan.table is None:
                    if not number % _EVENTS_A_LOOK and not self._begun:
                        yield from self._report()
                    continue
                if not self._begun:
                    yield self._begin()
                at = start + 8
                if kind in _ROWS_WITH_EXTRA:
                    at += data[at] | data[at + 1] << 8
                yield Rows(plan.table, op, number, plan.rows(op, data, at, end))
            elif kind == TABLE_MAP:
                tables[data[start : start + 6]] = self._plans.of(data[start + 6 : end])
            elif kind in _COMPRESSED_ROWS:
                yield from self._compressed_rows(_COMPRESSED_ROWS[kind], data[start:end])
            else:
                yield from self._control(kind, ts, server_id, size, log_pos, flags, data[start:end])

    def _control(self, kind: int, ts: int, server_id: int, size: int, log_pos: int, flags: int, body: bytes) -> Iterator[Event]:
        """Every event that is not about rows."""
        place = self._place
        if kind == XID:
            yield from self._end(log_pos)
        elif kind in (QUERY, QUERY_COMPRESSED):
            yield from self._query(kind, ts, size, log_pos, body)
        elif kind in (GTID, GTID_TAGGED, ANONYMOUS_GTID):
            gtid = gtid_events.mysql_tagged(body) if kind == GTID_TAGGED else gtid_events.mysql(body)
            self._start(size, log_pos, gtid.ts_ms or ts * 1000, gtid if kind != ANONYMOUS_GTID else None)
            if kind == ANONYMOUS_GTID:
                place.gtids = None
        elif kind == MARIADB_GTID:
            mariadb_gtid = gtid_events.mariadb(body, server_id)
            self._start(size, log_pos, ts * 1000, mariadb_gtid)
            self._inside = not mariadb_gtid.standalone
        elif kind == TRANSACTION_PAYLOAD:
            place.move(log_pos)
            yield from self._read(payload.events(body))
        elif kind == ROTATE:
            place.file, place.offset = body[8:].decode(), int.from_bytes(body[:8], "little")
            self._tables.clear()
            yield from self._report()
        elif kind == HEARTBEAT:
            if not self._open:
                place.move(log_pos)
                self._ts_ms = max(self._ts_ms, int(time.time() * 1000))
                yield self._heartbeat(idle=True)
        elif kind == PREVIOUS_GTIDS:
            place.move(log_pos)
            if place.gtids is None:
                place.gtids = MysqlGtids.decode(body)
        elif kind == MARIADB_GTID_LIST:
            place.move(log_pos)
        elif kind == INCIDENT:
            raise self._strange("the server reports an incident: events may be missing from its binlog")
        elif kind == EXECUTE_LOAD_QUERY:
            raise self._strange("LOAD DATA was logged as a statement", hint=_STATEMENT_HINT)
        elif kind not in _NO_ROWS and not flags & _IGNORABLE:
            raise self._strange(f"event type {kind} is not known here and may carry rows")
        elif not self._open:
            place.move(log_pos)

    def _start(self, size: int, log_pos: int, ts_ms: int, gtid: "gtid_events.MysqlGtid | gtid_events.MariadbGtid | None") -> None:
        """A transaction starts with the event of `size` bytes that ends at `log_pos`."""
        self._place.move(log_pos)
        self._begin_offset = self._place.offset - size
        self._open, self._inside, self._begun, self._count, self._ts_ms, self._gtid = True, False, False, 0, ts_ms, gtid
        self._tables.clear()

    def _begin(self) -> Begin:
        self._begun = self._fresh = True
        position = self._place.at(self._begin_offset)
        name = str(self._gtid) if self._gtid else f"{self._server}:{position.file}:{position.offset}"
        return Begin(f"{name}@{self._ts_ms}", str(self._gtid) if self._gtid else "", position, self._ts_ms)

    def _end(self, log_pos: int) -> Iterator[Event]:
        """The transaction is complete."""
        place, gtid = self._place, self._gtid
        place.move(log_pos)
        if gtid is not None and place.gtids is not None:
            if isinstance(gtid, gtid_events.MysqlGtid):
                assert isinstance(place.gtids, MysqlGtids)
                place.gtids.add(gtid.uuid, gtid.tag, gtid.number)
            else:
                assert isinstance(place.gtids, MariadbGtids)
                place.gtids.add(gtid.domain, gtid.text)
        self._open, self._gtid = False, None
        if self._begun:
            self._begun = False
            yield Commit(place.at(place.offset), self._ts_ms)
        else:
            yield from self._report()

    def _query(self, kind: int, ts: int, size: int, log_pos: int, body: bytes) -> Iterator[Event]:
        """A statement: transaction control, DDL, or DML that was logged as a statement."""
        _, _, database_length, _, variables_length = _QUERY_HEAD(body, 0)
        at = 13 + variables_length
        database = body[at : at + database_length].decode("utf-8", "replace")
        raw = body[at + database_length + 1 :]
        if kind == QUERY_COMPRESSED:
            raw = inflate.event_part(raw)
        if raw == b"BEGIN":
            if not self._open:
                self._start(size, log_pos, ts * 1000, None)
            self._inside = True
            return
        if raw == b"COMMIT":
            yield from self._end(log_pos)
            return
        sql = raw.decode("utf-8", "replace")
        statement = statements.read(sql)
        if not self._open:
            self._start(size, log_pos, ts * 1000, None)
        if statement.control:
            yield from self._transaction(statement.control, log_pos)
            return
        yield from self._effects(statement, database, sql)
        if not self._inside:
            yield from self._end(log_pos)

    def _transaction(self, control: str, log_pos: int) -> Iterator[Event]:
        """BEGIN and COMMIT in other words, savepoints, ROLLBACK, XA."""
        if control == "begin":
            self._inside = True
        elif control == "commit":
            yield from self._end(log_pos)
        elif control in ("rollback", "rollback_to"):
            if self._begun:
                # servers log this only where a transaction also wrote to tables that cannot be rolled back; which rows stand, the binlog does not tell
                raise self._strange(
                    "a transaction was rolled back after its rows were logged", hint="Use InnoDB for all tables of a transaction."
                )
            if control == "rollback":
                yield from self._end(log_pos)
        elif control.startswith("xa_"):
            raise self._strange("an XA transaction cannot be read yet")

    def _effects(self, statement: statements.Statement, default: str, sql: str) -> Iterator[Event]:
        """What a statement does to captured tables."""
        changed: dict[tuple[str, str], bool] = {}
        for effect in statement.effects:
            database = effect.database or default
            if effect.kind == "rows":
                if self._capture.database(database):
                    raise SourceError(
                        f"{statement.verb} was logged as a statement, so the rows it changed are not in the binlog.",
                        thing=f"{database}.{effect.table}",
                        hint=_STATEMENT_HINT,
                    )
                continue
            names = self._plans.known(database) if effect.table == "*" else [effect.table]
            for name in names:
                if not self._capture.table(database, name):
                    continue
                if effect.kind == "gone":
                    if not self._begun:
                        yield self._begin()
                    yield Truncated(database, name, sql)
                else:
                    changed[database, name] = changed.get((database, name), False) or effect.kind == "rewritten"
        if statement.effects:
            self._plans.forget()
        for (database, name), rewrites in changed.items():
            if not self._begun:
                yield self._begin()
            yield SchemaChanged(database, name, sql, rewrites)

    def _compressed_rows(self, op: Literal["c", "u", "d"], body: bytes) -> Iterator[Event]:
        """A row event of MariaDB with log_bin_compress: behind the bitmaps of columns everything is compressed."""
        plan = self._tables.get(body[:6])
        number = self._count
        self._count = number + 1
        if plan is None:
            raise self._strange("a row event has no table map")
        if plan.table is None:
            if not number % _EVENTS_A_LOOK and not self._begun:
                yield from self._report()
            return
        if not self._begun:
            yield self._begin()
        try:
            head = plan.head_size(op)
            rows = body[8 : 8 + head] + inflate.event_part(body[8 + head :])
        except ValueError:
            raise self._strange("a compressed row event cannot be read") from None
        yield Rows(plan.table, op, number, plan.rows(op, rows, 0, len(rows)))

    def _wants_report(self) -> bool:
        """Whether a pause of the server is worth a Heartbeat: the reader learns that it has everything, or that its end is reached."""
        return (
            self._fresh
            or time.monotonic() - self._last_report > _QUIET_SECONDS
            or (self._until is not None and self._place.reached(self._until))
        )

    def _report(self) -> Iterator[Event]:
        """A Heartbeat when nothing was yielded for a while: there is traffic, but none of it is captured."""
        if time.monotonic() - self._last_report > _QUIET_SECONDS:
            yield self._heartbeat(idle=False)

    def _heartbeat(self, *, idle: bool) -> Heartbeat:
        self._last_report, self._fresh = time.monotonic(), False
        return Heartbeat(self._place.at(self._begin_offset if self._open else self._place.offset), self._ts_ms, idle)

    def _strange(self, what: str, hint: str = "Report it with the server's version.") -> SourceError:
        return SourceError(f"{what}.", thing=f"binlog at {self._place.file}:{self._begin_offset}", hint=hint)


_STATEMENT_HINT = (
    "SET GLOBAL binlog_format = ROW (on RDS: in the parameter group) and end sessions that use another format; "
    "then start at latest and backfill what was changed in between."
)
