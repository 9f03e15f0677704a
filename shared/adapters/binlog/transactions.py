"""From binlog events to what the relay reads: transactions of rows, in commit order, with their
positions.
"""

import time
from collections.abc import Iterable, Iterator
from itertools import chain
from struct import Struct
from typing import NamedTuple

from shared.adapters.binlog import effects, gtid_events, inflate, payload, statements, xa
from shared.adapters.binlog.contract import Begin, Commit, Event, Heartbeat, Rows
from shared.adapters.binlog.gtid import MysqlGtids
from shared.adapters.binlog.kinds import (
    ANONYMOUS_GTID,
    ARTIFICIAL_FLAG,
    COMPRESSED_ROWS,
    EXECUTE_LOAD_QUERY,
    FIRST_WITH_EXTRA,
    FORMAT_DESCRIPTION,
    GTID,
    GTID_TAGGED,
    HEARTBEAT,
    IGNORABLE_FLAG,
    INCIDENT,
    MARIADB_GTID,
    NO_ROWS,
    PARTIAL_UPDATE_ROWS,
    PREVIOUS_GTIDS,
    QUERY,
    QUERY_COMPRESSED,
    ROTATE,
    ROWS,
    TABLE_MAP,
    TRANSACTION_PAYLOAD,
    XA_PREPARE,
    XID,
)
from shared.adapters.binlog.packets import Event as Raw
from shared.adapters.binlog.place import Place, Until
from shared.adapters.binlog.row_decoder import IGNORED, PARTIAL, UNREADABLE, RowDecoder, RowDecoders
from shared.values.errors import PositionLost, SourceError
from shared.values.position import Position
from shared.values.table_pattern import TablePatterns

_DUMMY_TABLE = b"\xff\xff\xff\x00\x00\x00"
_QUERY_HEAD = Struct("<IIBHH").unpack_from
_QUIET_SECONDS = 0.5
_EVENTS_A_LOOK = 2048
_LARGE = 1 << 19
"""A transaction may be larger than the 4 GB that positions in events can tell: the place moves
along with each event of so many bytes, and now and then.
"""


class Cut(NamedTuple):
    """How far a transaction had been yielded when the connection broke."""

    begin: Begin
    rows: int
    statements: int


class Transactions:
    """Turns the events of one connection into the contract's events. Its state is that of one
    connection.

    `cut` is what an earlier connection yielded of the first transaction: it is read over.
    `prepared` gives the row events of an XA transaction.
    """

    def __init__(
        self,
        place: Place,
        plans: RowDecoders,
        capture: TablePatterns,
        server: str,
        prepared: xa.Prepared,
        *,
        until: Position | None = None,
        cut: Cut | None = None,
    ) -> None:
        self.place, self._plans, self._capture, self._server, self._prepared = (
            place,
            plans,
            capture,
            server,
            prepared,
        )
        self._until = Until(until) if until else None
        self._cut = cut
        self._tables: dict[bytes, RowDecoder] = {}
        self._open = False  # inside a transaction
        self._inside = False  # which ends with a COMMIT of its own, not with one statement
        self._begin: Begin | None = None  # as it was yielded
        self._hidden = False  # it is being prepared: its rows count later
        self._captured = False  # and some of them are captured
        self._begin_offset = 0
        self._gtid: gtid_events.MysqlGtid | gtid_events.MariadbGtid | None = None
        self._ts_ms = 0
        self._count = 0  # row events of the transaction so far
        self._statements = 0  # Truncated and SchemaChanged of it that were yielded
        self._last_report = time.monotonic()
        self._fresh = False  # something was yielded since the last idle heartbeat

    def cut(self) -> Cut | None:
        """How far the transaction under way was yielded."""
        if self._cut:
            return self._cut
        return Cut(self._begin, self._count, self._statements) if self._begin else None

    def resume(self) -> Position:
        """Where another connection goes on: at the start of the transaction under way."""
        return self.place.at(self._begin_offset if self._open else self.place.offset)

    def read(self, events: Iterable[Raw | None]) -> Iterator[Event]:
        """The contract's events. Raises SourceError for what may carry rows and is not understood,
        PositionLost when what was cut is not there.
        """
        if self._until and not self._cut and self._until.reached(self.place):
            return iter(())
        read = self._read(events)
        return chain(self._read_over(self._cut, read), read) if self._cut else read

    def _read_over(self, cut: Cut, events: Iterator[Event]) -> Iterator[Event]:
        """What comes after the cut in its transaction."""
        statements = cut.statements
        begun = False
        for event in events:
            if type(event) is Begin:
                begun = event.id == cut.begin.id
            elif not begun and type(event) is not Heartbeat:
                break
            elif type(event) is Rows:
                if event.event >= cut.rows:
                    self._cut = None
                    yield event
            elif type(event) is Commit:
                self._cut = None
                yield event
                return
            elif type(event) is not Heartbeat:
                statements -= 1
                if statements < 0:
                    self._cut = None
                    yield event
        raise PositionLost(
            "the transaction that was cut off is not in the binlog any more.",
            thing=f"{self._server} at {cut.begin.position}",
            hint="The server was reset or restored meanwhile.",
        )

    def _read(self, events: Iterable[Raw | None]) -> Iterator[Event]:
        tables, plans = self._tables, self._plans
        known = plans.known_maps
        for event in events:
            if event is None:
                if not self._open and self._wants_report():
                    yield self._heartbeat(idle=True)
                continue
            kind, ts, server_id, size, log_pos, flags, data, start, end = event
            if size > _LARGE and self._open:
                self.place.move(log_pos)
            if kind in ROWS:
                plan = tables.get(data[start : start + 6])
                number = self._count
                self._count = number + 1
                if not number % _EVENTS_A_LOOK:
                    self.place.move(log_pos)
                if plan is None:
                    if data[start : start + 6] == _DUMMY_TABLE:
                        continue
                    raise self._strange("a row event has no table map")
                if plan.table is None:
                    if not number % _EVENTS_A_LOOK and self._begin is None:
                        yield from self._report()
                    continue
                if self._begin is None:
                    yield self._beginning()
                op = ROWS[kind]
                at = start + 8
                if kind >= FIRST_WITH_EXTRA:
                    at += data[at] | data[at + 1] << 8
                yield Rows(plan.table, op, number, plan.rows(op, data, at, end))
            elif kind == TABLE_MAP:
                body = data[start + 6 : end]
                plan = known.get(body) or plans.of(body)
                if self._hidden:
                    self._captured = self._captured or plan.table is not None
                    plan = IGNORED
                tables[data[start : start + 6]] = plan
            elif kind in COMPRESSED_ROWS or kind == PARTIAL_UPDATE_ROWS:
                if not self._count % _EVENTS_A_LOOK:
                    self.place.move(log_pos)
                yield from self._unusual_rows(kind, data[start:end])
            else:
                try:
                    yield from self._control(
                        kind, ts, server_id, size, log_pos, flags, data[start:end]
                    )
                except UNREADABLE as error:
                    raise self._strange(
                        f"an event of type {kind} cannot be read ({type(error).__name__})"
                    ) from None
                if self._until and not self._open and self._until.reached(self.place):
                    return

    def _control(
        self, kind: int, ts: int, server_id: int, size: int, log_pos: int, flags: int, body: bytes
    ) -> Iterator[Event]:
        """Every event that is not about rows."""
        place = self.place
        if kind == XID:
            yield from self._end(log_pos)
        elif kind in (QUERY, QUERY_COMPRESSED):
            yield from self._query(kind, ts, size, log_pos, body)
        elif kind in (GTID, GTID_TAGGED):
            gtid = (
                gtid_events.mysql_tagged(body) if kind == GTID_TAGGED else gtid_events.mysql(body)
            )
            self._start(size, log_pos, gtid.ts_ms or ts * 1000, gtid)
        elif kind == ANONYMOUS_GTID:
            self._start(size, log_pos, gtid_events.mysql(body).ts_ms or ts * 1000, None)
        elif kind == MARIADB_GTID:
            mariadb_gtid = gtid_events.mariadb(body, server_id)
            self._start(size, log_pos, ts * 1000, mariadb_gtid)
            self._inside, self._hidden = not mariadb_gtid.standalone, mariadb_gtid.prepared
        elif kind == TRANSACTION_PAYLOAD:
            place.move(log_pos)
            yield from self._read(payload.events(body))
        elif kind == XA_PREPARE:
            name, commits = xa.of_prepare(body)
            here = (place.file, self._begin_offset) if self._captured else None
            if not commits:
                self._prepared.remember(name, here)
            elif here:
                yield from self._count_now(self._prepared.rows_at(here))
            yield from self._end(log_pos)
        elif kind == ROTATE:
            file = body[8:].decode()
            if not file.rpartition(".")[2].isdecimal():
                raise ValueError("file name")
            place.rotate(file, int.from_bytes(body[:8], "little"))
            self._tables.clear()
            if not (
                self._until and self._until.reached(place)
            ):  # an end may be what parts two ways of numbering
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
        elif kind == INCIDENT:
            raise self._strange(
                "the server reports an incident: events may be missing from its binlog"
            )
        elif kind == EXECUTE_LOAD_QUERY:
            raise self._strange("LOAD DATA was logged as a statement", hint=effects.STATEMENT_HINT)
        elif (
            kind == FORMAT_DESCRIPTION
        ):  # sent at every start, with the time of its file, and with its own place in it
            place.created = ts
        elif kind not in NO_ROWS and not flags & IGNORABLE_FLAG:
            raise self._strange(f"event type {kind} is not known here and may carry rows")
        elif not self._open and not flags & ARTIFICIAL_FLAG:
            place.move(log_pos)

    def _start(
        self,
        size: int,
        log_pos: int,
        ts_ms: int,
        gtid: "gtid_events.MysqlGtid | gtid_events.MariadbGtid | None",
    ) -> None:
        """A transaction starts with the event of `size` bytes that ends at `log_pos`."""
        self.place.move(log_pos)
        self._begin_offset = self.place.offset - size
        self._open, self._inside, self._hidden, self._captured, self._begin = (
            True,
            False,
            False,
            False,
            None,
        )
        self._count, self._statements, self._ts_ms, self._gtid = 0, 0, ts_ms, gtid
        self._tables.clear()

    def _beginning(self) -> Begin:
        position = self.place.at(self._begin_offset)
        gtid = str(self._gtid) if self._gtid else ""
        name = gtid or f"{self._server}:{position.file}:{position.offset}"
        self._begin = Begin(f"{name}@{self._ts_ms}", gtid, position, self._ts_ms)
        self._fresh = True
        return self._begin

    def _end(self, log_pos: int) -> Iterator[Event]:
        """The transaction is complete."""
        place = self.place
        place.move(log_pos)
        place.add(self._gtid)
        self._open, self._hidden, self._gtid = False, False, None
        if self._begin is not None:
            self._begin = None
            yield Commit(place.at(place.offset), self._ts_ms)
        else:
            yield from self._report()

    def _count_now(self, prepared: Iterator[Raw]) -> Iterator[Event]:
        """The rows of an XA transaction count now."""
        self._hidden, self._count = False, 0
        self._tables.clear()
        yield from self._read(
            (*event[:4], 0, *event[5:]) for event in prepared
        )  # where they stand is not the place of the reading

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
            yield from self._transaction(statement.control, log_pos, sql)
            return
        for event in effects.of(statement, database, sql, self._capture, self._plans):
            if self._begin is None:
                yield self._beginning()
            self._statements += 1
            yield event
        if not self._inside:
            yield from self._end(log_pos)

    def _transaction(self, control: str, log_pos: int, sql: str) -> Iterator[Event]:
        """BEGIN and COMMIT in other words, savepoints, ROLLBACK, XA."""
        if control == "begin":
            self._inside = True
        elif control == "commit":
            yield from self._end(log_pos)
        elif control in ("rollback", "rollback_to"):
            if self._begin is not None:
                # servers log this only where a transaction also wrote to tables that cannot be
                # rolled back; which rows stand, the binlog does not tell
                raise self._strange(
                    "a transaction was rolled back after its rows were logged",
                    hint="Use InnoDB for all tables of a transaction.",
                )
            if control == "rollback":
                yield from self._end(log_pos)
        elif control == "xa_start":
            self._inside = self._hidden = True
        elif control == "xa_commit":
            yield from self._count_now(
                self._prepared.rows_of(xa.of_statement(sql), (self.place.file, self._begin_offset))
            )
            yield from self._end(log_pos)
        elif control == "xa_rollback":
            self._prepared.forget(xa.of_statement(sql))
            yield from self._end(log_pos)

    def _unusual_rows(self, kind: int, body: bytes) -> Iterator[Event]:
        """Row events of MariaDB with log_bin_compress (behind the bitmaps of columns everything is
        compressed), and updates with JSON diffs.
        """
        plan = self._tables.get(body[:6])
        number = self._count
        self._count = number + 1
        if plan is None:
            raise self._strange("a row event has no table map")
        if plan.table is None:
            if not number % _EVENTS_A_LOOK and self._begin is None:
                yield from self._report()
            return
        if self._begin is None:
            yield self._beginning()
        if kind == PARTIAL_UPDATE_ROWS:
            at = 8 + int.from_bytes(body[8:10], "little")
            yield Rows(plan.table, "u", number, plan.rows(PARTIAL, body, at, len(body)))
            return
        op = COMPRESSED_ROWS[kind]
        try:
            head = plan.head_size(op)
            rows = body[8 : 8 + head] + inflate.event_part(body[8 + head :])
        except (ValueError, IndexError):
            raise self._strange("a compressed row event cannot be read") from None
        yield Rows(plan.table, op, number, plan.rows(op, rows, 0, len(rows)))

    def _wants_report(self) -> bool:
        """Whether a pause of the server is worth a Heartbeat: the reader learns that it has
        everything, or that its end is reached.
        """
        return (
            self._fresh
            or time.monotonic() - self._last_report > _QUIET_SECONDS
            or (self._until is not None and self._until.reached(self.place))
        )

    def _report(self) -> Iterator[Event]:
        """A Heartbeat when nothing was yielded for a while: there is traffic, but none of it is
        captured.
        """
        if time.monotonic() - self._last_report > _QUIET_SECONDS:
            yield self._heartbeat(idle=False)

    def _heartbeat(self, *, idle: bool) -> Heartbeat:
        self._last_report, self._fresh = time.monotonic(), False
        return Heartbeat(self.resume(), self._ts_ms, idle)

    def _strange(
        self, what: str, hint: str = "Report it with the server's version."
    ) -> SourceError:
        return SourceError(
            f"{what}.", thing=f"binlog at {self.place.file}:{self._begin_offset}", hint=hint
        )
