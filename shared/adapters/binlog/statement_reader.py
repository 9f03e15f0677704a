"""Reads the statements of query events, each as its own session wrote it."""

from collections.abc import Callable

from shared.adapters.binlog.charset_decoding import Charsets
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.query_event import QueryEvent
from shared.adapters.binlog.statement_charset import (
    EMPTIED,
    client_dialect,
    is_made_by_server,
    is_utf8,
)
from shared.adapters.binlog.statements import Dialect, Effect, Names, Statement, read, utf8


class StatementReader:
    """Knows the character sets of a server, and its way with names."""

    def __init__(
        self, charsets: Callable[[], Charsets], tables: KnownTables, *, mariadb: bool
    ) -> None:
        self._charsets, self._tables, self._mariadb = charsets, tables, mariadb

    def read(self, query: QueryEvent, *, inside: bool) -> tuple[Statement, str]:
        """The meaning of a statement, and its text; `inside` a transaction of several events."""
        sql = query.sql
        names = Names(query.database, self._tables.catalog.fold)
        way = client_dialect(query, self._charsets, mariadb=self._mariadb)
        if sql.startswith((b'TRUNCATE TABLE "', b'DELETE FROM "')):
            # MySQL writes what empties a MEMORY table with the quotes of the session, and logs it
            # under another sql_mode. A text can stand there in no mode.
            way = way._replace(ansi_quotes=True)
        if way.decode is utf8 or not is_utf8(sql):
            return read(sql, way, names), _text(sql, way)
        made = way._replace(charset="utf8mb4", decode=utf8)
        if is_made_by_server(query, inside):
            return read(sql, made, names), _text(sql, made)
        statement = read(sql, way, names)
        if EMPTIED.fullmatch(sql):
            return self._emptied(statement, read(sql, made, names)), _text(sql, way)
        return statement, _text(sql, way)

    def _emptied(self, typed: Statement, made: Statement) -> Statement:
        """A statement that a person or the server may have written: which names a known table?"""
        known = set(self._tables.captured())
        named = [
            any((effect.database, effect.table) in known for effect in each.effects)
            for each in (typed, made)
        ]
        if named == [True, True]:
            why = f"{typed.verb} in a character set that the server does not tell"
            both = [*typed.effects, *made.effects]
            return Statement(
                typed.verb,
                effects=tuple(Effect("due", each.database, each.table, (), why) for each in both),
            )
        return made if named[1] else typed


def _text(sql: bytes, way: Dialect) -> str:
    """The statement for a person to read."""
    return way.decode(sql).encode("utf-8", "replace").decode("utf-8", "replace")
