"""Random histories: transactions of every kind nested in each other, and the changes they are."""

import random
from typing import Any

import pymysql

from shared.adapters.binlog.contract import Due, Rows, SchemaChanged, Truncated
from shared.values.position import Position

from .conftest import Source, plain

HistoryChange = tuple[str, Any, Any]
_ROWS = range(1, 40)
_XIDS = ["{}one'", "{}one','branch'", "{}two','',7", "{}three',x'00ff27',3", "{}four'"]


class History:
    """What one thread does to table `t` of `source` by several connections, so that the order of
    commits is known.

    `changes` is what is committed so far; `places` are ends of the binlog, each with the number of
    changes before it. Rows that an open or prepared transaction holds are left alone.
    """

    def __init__(self, source: Source, seed: int) -> None:
        self._source, self._chosen = source, random.Random(seed)
        source.sql("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(60), big LONGTEXT)")
        source.sql("CREATE TABLE other (id INT PRIMARY KEY AUTO_INCREMENT)")
        self.changes: list[HistoryChange] = []
        self.places: list[tuple[Position, int]] = [(source.here(), 0)]
        self._rows: dict[int, dict[str, Any]] = {}  # as committed
        self._held: set[int] = set()  # rows of open and prepared transactions
        self._prepared: dict[str, tuple[list[HistoryChange], set[int]]] = {}
        self._written = 0

    def step(self) -> None:
        kinds = [self._plain, self._plain, self._rolled_back, self._xa, self._xa, self._finish]
        self._chosen.choice(kinds)()
        if self._chosen.random() < 0.1:
            self._source.sql("FLUSH BINARY LOGS")
        if self._chosen.random() < 0.3:
            self._compress()
        if self._chosen.random() < 0.4:
            self._mark()

    def end(self) -> None:
        """Commit what is prepared."""
        while self._prepared:
            self._finish()
        self._mark()

    def restart(self) -> None:
        """Prepared transactions survive it."""
        self._source.connection.close()
        self._source.server.stop()
        self._source.server.start()
        self._source.connection = self._source.server.connect(self._source.name)

    def _mark(self) -> None:
        self.places.append((self._source.here(), len(self.changes)))

    def _compress(self) -> None:
        on = self._chosen.choice(("ON", "OFF"))
        if self._source.kind == "mysql":
            self._source.sql(f"SET GLOBAL binlog_transaction_compression = {on}")
        else:
            self._source.sql(f"SET GLOBAL log_bin_compress = {on}, log_bin_compress_min_len = 10")

    def _session(self) -> Any:
        connection = self._source.server.connect(self._source.name)
        cursor = connection.cursor()
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return cursor

    def _plain(self) -> None:
        """A transaction that commits, with savepoints, or a statement by itself."""
        cursor = self._session()
        alone = self._chosen.random() < 0.4
        if not alone:
            cursor.execute("BEGIN")
        changes, held = self._write(cursor, 1 if alone else self._chosen.randrange(1, 12))
        if not alone and self._chosen.random() < 0.4:
            cursor.execute("SAVEPOINT `a b`")
            _, lost = self._write(cursor, self._chosen.randrange(1, 5), changes)
            cursor.execute("ROLLBACK TO `a b`")
            more, kept = self._write(cursor, 2, changes)
            changes, held = changes + more, held | kept | lost
        if not alone:
            cursor.execute("COMMIT")
        self._commit(changes, held)
        cursor.connection.close()

    def _rolled_back(self) -> None:
        cursor = self._session()
        cursor.execute("BEGIN")
        _, held = self._write(cursor, self._chosen.randrange(1, 6))
        cursor.execute("ROLLBACK")
        self._held -= held
        cursor.connection.close()

    def _xa(self) -> None:
        """An XA transaction: committed in one phase, prepared, or rolled back before that."""
        names = [name.format(f"'{self._source.name}") for name in _XIDS]
        free = [name for name in names if name not in self._prepared]
        if not free:
            return
        name = self._chosen.choice(free)
        cursor = self._session()
        cursor.execute(f"XA START {name}")
        changes, held = self._write(cursor, self._chosen.choice((0, 1, 1, 3, 10)))
        cursor.execute(f"XA END {name}")
        end = self._chosen.choice(("ONE PHASE", "PREPARE", "PREPARE", "PREPARE", "ROLLBACK"))
        if end == "ROLLBACK":
            cursor.execute(f"XA ROLLBACK {name}")
            self._held -= held
        elif end == "ONE PHASE":
            cursor.execute(f"XA COMMIT {name} ONE PHASE")
            self._commit(changes, held)
        else:
            cursor.execute(f"XA PREPARE {name}")
            self._prepared[name] = changes, held
        cursor.connection.close()

    def _finish(self) -> None:
        """Commit or roll back a prepared transaction, by another connection."""
        if not self._prepared:
            return
        name = self._chosen.choice(sorted(self._prepared))
        changes, held = self._prepared.pop(name)
        cursor = self._session()
        if self._chosen.random() < 0.75:
            self._finished(cursor, f"XA COMMIT {name}")
            self._commit(changes, held)
        else:
            self._finished(cursor, f"XA ROLLBACK {name}")
            self._held -= held
        cursor.connection.close()

    def _finished(self, cursor: Any, sql: str) -> None:
        try:
            cursor.execute(sql)
        except pymysql.MySQLError as error:
            # MariaDB forgets a transaction that changed nothing when its connection ends
            if error.args[0] not in (1397, 1402):
                raise

    def _commit(self, changes: list[HistoryChange], held: set[int]) -> None:
        self.changes += changes
        for _, before, after in changes:
            if before:
                del self._rows[before["id"]]
            if after:
                self._rows[after["id"]] = after
        self._held -= held

    def _write(
        self, cursor: Any, count: int, before: list[HistoryChange] | tuple[()] = ()
    ) -> tuple[list[HistoryChange], set[int]]:
        """`count` statements of one row each; the changes, and the rows that they hold. `before`
        are changes of the same transaction.
        """
        rows = dict(self._rows)
        for _, old, new in before:
            if old:
                rows.pop(old["id"])
            if new:
                rows[new["id"]] = new
        own = {each["id"] for _, old, new in before for each in (old, new) if each}
        changes: list[HistoryChange] = []
        for _ in range(count):
            usable = [id_ for id_ in _ROWS if id_ not in self._held or id_ in own]
            if not usable:
                break
            id_ = self._chosen.choice(usable)
            own.add(id_)
            self._held.add(id_)
            changes.append(self._statement(cursor, id_, rows))
        return changes, own

    def _statement(self, cursor: Any, id_: int, rows: dict[int, dict[str, Any]]) -> HistoryChange:
        self._written += 1
        size = 300_000 if self._chosen.random() < 0.03 else self._chosen.choice((0, 30))
        row = {"id": id_, "v": f"v{self._written}", "big": "x" * size or None}
        old = rows.get(id_)
        if self._chosen.random() < 0.3:
            cursor.execute("INSERT INTO other VALUES ()")
        if old is None:
            rows[id_] = row
            cursor.execute("INSERT INTO t VALUES (%s, %s, %s)", (id_, row["v"], row["big"]))
            return "c", None, row
        if self._chosen.random() < 0.3:
            del rows[id_]
            cursor.execute("DELETE FROM t WHERE id = %s", (id_,))
            return "d", old, None
        rows[id_] = row
        cursor.execute("UPDATE t SET v = %s, big = %s WHERE id = %s", (row["v"], row["big"], id_))
        return "u", old, row


def read(binlog: Any, start: Position, end: Position) -> list[HistoryChange]:
    """The changes that a reader yields."""
    found: list[HistoryChange] = []
    for event in binlog.read(start, until=end):
        if isinstance(event, Rows):
            found += [(event.op, *plain(pair)) for pair in event.rows]
        else:
            assert not isinstance(event, Truncated | SchemaChanged | Due)
    return found
