"""Statements between the row events: transaction control, DDL, DML that was logged."""

from collections.abc import Callable, Iterator

from shared.adapters.binlog import query_event, xa
from shared.adapters.binlog.contract import Event, Truncated
from shared.adapters.binlog.open_transaction import OpenTransaction
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.statement_effects import Effects
from shared.adapters.binlog.statement_reader import StatementReader


class Queries:
    """Reads the query events of one connection.

    `prepared` gives the row events of an XA transaction, `count` yields them as rows that count;
    `forget` drops what is known of columns: a definition changed.
    """

    def __init__(
        self,
        transaction: OpenTransaction,
        reader: StatementReader,
        effects: Effects,
        prepared: xa.PreparedTransaction,
        count: Callable[[Iterator[RawEvent]], Iterator[Event]],
        forget: Callable[[], None],
    ) -> None:
        self._transaction, self._reader, self._effects = transaction, reader, effects
        self._prepared, self._count, self._forget = prepared, count, forget

    def read(
        self, kind: int, ts: int, size: int, log_pos: int, flags: int, body: bytes
    ) -> Iterator[Event]:
        """What a query event says."""
        transaction = self._transaction
        query = query_event.parse(kind, flags, body)
        if query.sql == b"BEGIN":
            if not transaction.open:
                transaction.start(size, log_pos, ts * 1000, None)
            transaction.inside = True
            return
        if query.sql == b"COMMIT":
            yield from transaction.end(log_pos)
            return
        if not transaction.open:
            transaction.start(size, log_pos, ts * 1000, None)
        statement, sql = self._reader.read(query, inside=transaction.inside)
        if statement.control:
            yield from self._control(statement.control, log_pos, sql)
            return
        if not transaction.vain:
            told = self._effects.of(statement, query, sql, settled=not transaction.rollbacks)
            for event in told:
                yield from transaction.begun()
                transaction.truncated += type(event) is Truncated
                yield event
            if told:
                self._forget()
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
            if transaction.begin is not None and transaction.rollbacks is None:
                raise transaction.strange("a transaction was rolled back after its rows were read")
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
