"""Random sessions: DDL, rollbacks, odd character sets and modes, nested as it comes."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pymysql

NAMES = ("a", "表", "b c")
CHARSETS = ("utf8mb4", "gbk", "sjis")
MODES = ("", "NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI_QUOTES,NO_BACKSLASH_ESCAPES")


class WildSessions:
    """Works in database `name` of a server, by the choices of `chosen`.

    `due` are the tables whose rows a statement changed without events.
    """

    def __init__(
        self, server: Any, name: str, chosen: Random, names: Sequence[str] = NAMES
    ) -> None:
        self._server, self._name, self._chosen = server, name, chosen
        self.names = names
        self._mariadb = server.kind == "mariadb"
        self._number = 0
        self.due: set[str] = set()
        self.log: list[str] = []
        self._connect()
        for table in self.tables():
            self._run(f"DROP TABLE {q(table)}")
        for table in names:
            self._create(table)

    def step(self) -> None:
        """One thing that happens."""
        self._chosen.choice(self._actions())()

    def _actions(self) -> list[Callable[[], None]]:
        """The things that may happen, the frequent ones more than once."""
        actions = [self._row] * 6 + [self._transaction] * 8 + [self._xa] * 2
        actions += [self._truncate, self._rename, self._swap, self._key, self._column, self._made]
        actions += [self._session, self._temporary]
        if self._mariadb:
            actions += [self._two_phases] * 3 + [self._ignore, self._replace_fails] * 2
        return actions

    def tables(self) -> list[str]:
        """The tables that are there now."""
        return [name for (name,) in self._query("SHOW TABLES")]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What is in a table now."""
        with self._connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(f"SELECT * FROM {q(table)}")
            return list(cursor.fetchall())

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> None:
        charset = self._chosen.choice(CHARSETS)
        self._connection = self._server.connect(self._name, charset=charset)
        self.log.append(f"-- {charset}")

    def _session(self) -> None:
        if self._chosen.random() < 0.5:
            self._connection.close()
            self._connect()
        else:
            self._run(f"SET sql_mode = '{self._chosen.choice(MODES)}'")
        if not self._mariadb:
            on = self._chosen.choice(("ON", "OFF"))
            self._run(f"SET binlog_transaction_compression = {on}")

    def _row(self) -> None:
        table = self._some()
        number = self._new()
        low = self._chosen.randrange(number + 1)
        self._run(
            self._chosen.choice(
                (
                    f"INSERT INTO {q(table)} (id, n) VALUES ({number}, {number}), (-{number}, 0)",
                    f"UPDATE {q(table)} SET v = 'x{number}' WHERE id > {low}",
                    f"UPDATE {q(table)} SET id = {number} WHERE id > {low} LIMIT 1",
                    f"DELETE FROM {q(table)} WHERE id > {low} LIMIT 2",
                )
            )
        )

    def _transaction(self) -> None:
        self._run("BEGIN")
        self._nest(3)
        self._run(self._chosen.choice(("COMMIT", "ROLLBACK")))

    def _nest(self, depth: int) -> None:
        for _ in range(self._chosen.randrange(1, 4)):
            self._row()
            if self._chosen.random() < 0.4:
                self._temporary()
            if depth and self._chosen.random() < 0.5:
                name = self._chosen.choice(("s", "S", "表", "t t"))
                self._run(f"SAVEPOINT {q(name)}")
                self._nest(depth - 1)
                if self._chosen.random() < 0.6:
                    self._run(f"ROLLBACK TO {q(name)}")

    def _temporary(self) -> None:
        self._run("CREATE TEMPORARY TABLE IF NOT EXISTS scratch (id INT)")
        if self._chosen.random() < 0.5:
            self._run("DROP TEMPORARY TABLE scratch")

    def _xa(self) -> None:
        name = f"'{self._name}{self._new()}'"
        self._run("DROP TEMPORARY TABLE IF EXISTS scratch")
        self._run(f"XA START {name}")
        self._row()
        self._run("SAVEPOINT s")
        self._row()
        if self._chosen.random() < 0.5:
            self._run("ROLLBACK TO s")
        self._run(f"XA END {name}")
        if self._chosen.random() < 0.3:
            self._run(f"XA COMMIT {name} ONE PHASE")
            return
        self._run(f"XA PREPARE {name}")
        self._run(self._chosen.choice((f"XA COMMIT {name}", f"XA ROLLBACK {name}")))

    def _truncate(self) -> None:
        table = self._some()
        way = self._chosen.choice(("TRUNCATE {}", "/*!50000 TRUNCATE*/ TABLE /* a */ {}"))
        if self._run(way.format(q(table))):
            self.due.discard(table)

    def _rename(self) -> None:
        table, other = self._some(), self._chosen.choice((*self.names, "d"))
        ways = ("RENAME TABLE {0} TO {1}", "ALTER TABLE {0} RENAME TO {1}",
                "ALTER TABLE {0} COMMENT '表', RENAME {1}")  # fmt: skip
        if self._run(self._chosen.choice(ways).format(q(table), q(other))) and table != other:
            self.due -= {table}
            self.due |= {other}

    def _swap(self) -> None:
        one, two = self._chosen.sample(self.names, 2)
        if self._run(f"RENAME TABLE {q(one)} TO x, {q(two)} TO {q(one)}, x TO {q(two)}"):
            self.due |= {one, two}

    def _key(self) -> None:
        table = self._some()
        column = self._chosen.choice(("n", "id"))
        action = f"DROP PRIMARY KEY, ADD PRIMARY KEY ({column})"
        if self._run(f"ALTER TABLE {q(table)} {action}"):
            self.due.add(table)

    def _column(self) -> None:
        table = self._some()
        name = self._chosen.choice(("period", "`system`", f"c{self._new()}"))
        kind, due = self._chosen.choice(
            (("INT", False), ("INT NOT NULL DEFAULT 5", True), ("INT DEFAULT 5", True))
        )
        if self._run(f"ALTER TABLE {q(table)} ADD COLUMN {name} {kind}"):
            self.due |= {table} if due else set()
        elif self._run(f"ALTER TABLE {q(table)} DROP COLUMN {name}"):
            self.due.add(table)

    def _made(self) -> None:
        table, other = self._some(), self._some()
        if table == other:
            return
        if self._run(f"DROP TABLE {q(other)}"):
            self.due.discard(other)
        if self._chosen.random() < 0.5:
            self._run(f"CREATE TABLE {q(other)} LIKE {q(table)}")
        else:
            self._run(f"CREATE TABLE {q(other)} (PRIMARY KEY (id)) SELECT * FROM {q(table)}")

    def _two_phases(self) -> None:
        self._run("SET binlog_alter_two_phase = ON")
        table, other = self._some(), f"e{self._new()}"
        if self._chosen.random() < 0.6:  # then the ALTER fails in its second phase
            ids = self._new(), self._new()
            self._run(f"INSERT INTO {q(table)} (id, n) VALUES ({ids[0]}, 0), ({ids[1]}, 0)")
        if self._run(f"ALTER TABLE {q(table)} ADD UNIQUE KEY u (n), RENAME TO {other}"):
            self.due.discard(table)
            self.due.add(other)
            self._create(table)
        self._rename()
        self._run("SET binlog_alter_two_phase = OFF")

    def _ignore(self) -> None:
        table = self._some()
        if self._run(f"ALTER IGNORE TABLE {q(table)} ADD UNIQUE KEY i{self._new()} (n)"):
            self.due.add(table)

    def _replace_fails(self) -> None:
        table = self._some()
        twice = "SELECT 1 AS id, 1 AS n UNION ALL SELECT 1, 2"
        self._run(f"CREATE OR REPLACE TABLE {q(table)} (PRIMARY KEY (id)) {twice}")
        self.due.discard(table)
        self._create(table)

    def _create(self, table: str) -> None:
        self._run(
            f"CREATE TABLE IF NOT EXISTS {q(table)} "
            "(id INT PRIMARY KEY, n INT NOT NULL DEFAULT 0, v VARCHAR(20))"
        )

    def _some(self) -> str:
        return self._chosen.choice(self.names)

    def _new(self) -> int:
        self._number += 1
        return self._number

    def _run(self, sql: str) -> bool:
        """Whether the server took it: many a statement does not fit what happened before."""
        try:
            self._query(sql)
        except pymysql.MySQLError as error:
            self.log.append(f"-- {error.args[0]}: {sql}")
            return False
        self.log.append(f"{sql};")
        return True

    def _query(self, sql: str) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())


def q(name: str) -> str:
    """A name between backquotes."""
    return f"`{name}`"
