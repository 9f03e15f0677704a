"""Statements between the row events: transaction control, DDL, DML that was logged as a
statement.
"""

from collections.abc import Callable, Iterator
from struct import Struct

from shared.adapters.binlog import effects, inflate, kinds, statements, xa
from shared.adapters.binlog.contract import Event
from shared.adapters.binlog.packets import Event as Raw
from shared.adapters.binlog.row_decoder import RowDecoders
from shared.adapters.binlog.transaction import Transaction
from shared.values.table_pattern import TablePatterns

_HEAD = Struct("<IIBHH").unpack_from


class Queries:
    """Reads the query events of one connection.

    `prepared` gives the row events of an XA transaction, `count` yields them as rows that count.
    """

    def __init__(
        self,
        transaction: Transaction,
        decoders: RowDecoders,
        capture: TablePatterns,
        prepared: xa.Prepared,
        count: Callable[[Iterator[Raw]], Iterator[Event]],
    ) -> None:
        self._transaction, self._decoders, self._capture = transaction, decoders, capture
        self._prepared, self._count = prepared, count

    def read(self, kind: int, ts: int, size: int, log_pos: int, body: bytes) -> Iterator[Event]:
        """What a query event says."""
        transaction = self._transaction
        _, _, database_length, _, variables_length = _HEAD(body, 0)
        at = 13 + variables_length
        database = body[at : at + database_length].decode("utf-8", "replace")
        raw = body[at + database_length + 1 :]
        if kind == kinds.QUERY_COMPRESSED:
            raw = inflate.event_part(raw)
        if raw == b"BEGIN":
            if not transaction.open:
                transaction.start(size, log_pos, ts * 1000, None)
            transaction.inside = True
            return
        if raw == b"COMMIT":
            yield from transaction.end(log_pos)
            return
        sql = raw.decode("utf-8", "replace")
        statement = statements.read(sql)
        if not transaction.open:
            transaction.start(size, log_pos, ts * 1000, None)
        if statement.control:
            yield from self._control(statement.control, log_pos, sql)
            return
        for event in effects.of(statement, database, sql, self._capture, self._decoders):
            yield from transaction.begun()
            transaction.statements += 1
            yield event
        if not transaction.inside:
            yield from transaction.end(log_pos)

    def _control(self, control: str, log_pos: int, sql: str) -> Iterator[Event]:
        """BEGIN and COMMIT in other words, savepoints, ROLLBACK, XA."""
        transaction = self._transaction
        if control == "begin":
            transaction.inside = True
        elif control == "commit":
            yield from transaction.end(log_pos)
        elif control in ("rollback", "rollback_to"):
            if transaction.begin is not None:
                # servers log this only where a transaction also wrote to tables that cannot be
                # rolled back; which rows stand, the binlog does not tell
                raise transaction.strange(
                    "a transaction was rolled back after its rows were logged",
                    hint="Use InnoDB for all tables of a transaction.",
                )
            if control == "rollback":
                yield from transaction.end(log_pos)
        elif control == "xa_start":
            transaction.inside = transaction.hidden = True
        elif control == "xa_commit":
            here = (transaction.place.file, transaction.begin_offset)
            yield from self._count(self._prepared.rows_of(xa.of_statement(sql), here))
            yield from transaction.end(log_pos)
        elif control == "xa_rollback":
            self._prepared.forget(xa.of_statement(sql))
            yield from transaction.end(log_pos)
