"""A query event: the text of a statement, and the session settings needed to read it.

Source: MySQL libs/mysql/binlog/event/statement_events.h, "Query_event status variables"; MariaDB
knowledge base, "QUERY_EVENT".
"""

from struct import Struct
from typing import NamedTuple

from shared.adapters.binlog import inflate
from shared.adapters.binlog.kinds import (
    EXECUTE_LOAD_QUERY,
    QUERY_COMPRESSED,
    THREAD_SPECIFIC_FLAG,
)

_HEAD = Struct("<IIBHH").unpack_from
_HEAD_SIZE = 13
_LOAD_SIZE = 13
"""Of an EXECUTE_LOAD_QUERY: file id, where the file's name is in the text, duplicates."""

_SQL_MODE, _CATALOG, _CHARSET, _TIME_ZONE, _CATALOG_NZ = 1, 2, 4, 5, 6
_INVOKER, _DATABASES, _DDL_XID, _GTID_FLAGS, _COLLATIONS = 11, 12, 17, 130, 131
_SIZES: dict[int, int] = {
    **{0: 4, _SQL_MODE: 8, 3: 4, _CHARSET: 6, 7: 2, 8: 2, 9: 8, 10: 4, 13: 3, 14: 0, 15: 0},
    **{16: 1, _DDL_XID: 8, 18: 2, 19: 1, 20: 1, 21: 1, 128: 3, 129: 8},
}
"""Code → bytes of its value, where that is fixed. 21 comes with MySQL 9.6."""
_SIZED = (_TIME_ZONE, _CATALOG_NZ, _CATALOG, _INVOKER, _DATABASES, _GTID_FLAGS, _COLLATIONS)
_MOST_DATABASES = 16
_ALTER_ENDS = 4 | 8
"""MariaDB's flags for COMMIT ALTER and ROLLBACK ALTER: the number of the START follows."""


class QueryEvent(NamedTuple):
    """The statement and its session.

    `database` is the default one; `sql` is the text that the client sent. `error` is the code of
    its error, 0 for none. `is_of_thread`: the server says that it depends on its session, as a
    statement with a temporary table does.

    `client` is the id of a collation of the client's character set. `databases` are those in which
    it may have changed tables (MySQL), None where the server does not tell. `has_ddl_xid`: it is
    DDL that MySQL logs together with its change.
    """

    thread: int
    error: int
    database: str
    sql: bytes
    is_of_thread: bool = False
    client: int = 0
    sql_mode: int = 0
    databases: tuple[str, ...] | None = None
    has_ddl_xid: bool = False


def parse(kind: int, flags: int, body: bytes) -> QueryEvent:
    """The event in the body of a QUERY, QUERY_COMPRESSED or EXECUTE_LOAD_QUERY.

    Raises ValueError, IndexError or struct.error.
    """
    thread, _, database_length, error, variables_length = _HEAD(body, 0)
    at = _HEAD_SIZE + (_LOAD_SIZE if kind == EXECUTE_LOAD_QUERY else 0)
    end = at + variables_length
    sql = body[end + database_length + 1 :]
    return QueryEvent(
        thread,
        error,
        body[end : end + database_length].decode("utf-8", "surrogateescape"),
        inflate.event_part(sql) if kind == QUERY_COMPRESSED else sql,
        bool(flags & THREAD_SPECIFIC_FLAG),
        *_session(body, at, end),
    )


def _session(body: bytes, at: int, end: int) -> tuple[int, int, tuple[str, ...] | None, bool]:
    """What the status variables say: client, sql_mode, databases, has_ddl_xid."""
    client, sql_mode, databases, has_ddl_xid = 0, 0, None, False
    while at < end:
        code = body[at]
        if code not in _SIZES and code not in _SIZED and client:
            break  # of a later version: codes grow, so what is needed was before it
        at += 1
        if code == _SQL_MODE:
            sql_mode = int.from_bytes(body[at : at + 8], "little")
        elif code == _CHARSET:
            client = int.from_bytes(body[at : at + 2], "little")
        elif code == _DDL_XID:
            has_ddl_xid = True
        elif code == _DATABASES:
            databases, at = _names(body, at)
            continue
        at += _size(code, body, at)
    return client, sql_mode, databases, has_ddl_xid


def _size(code: int, body: bytes, at: int) -> int:
    """Bytes of the value of a status variable at `at`."""
    if code in _SIZES:
        return _SIZES[code]
    if code in (_TIME_ZONE, _CATALOG_NZ):
        return 1 + body[at]
    if code == _CATALOG:
        return 2 + body[at]
    if code == _INVOKER:
        user = 1 + body[at]
        return user + 1 + body[at + user]
    if code == _GTID_FLAGS:
        return 9 if body[at] & _ALTER_ENDS else 1
    if code == _COLLATIONS:
        return 1 + 4 * body[at]
    raise ValueError(f"status variable {code}")


def _names(body: bytes, at: int) -> tuple[tuple[str, ...] | None, int]:
    """(the names of databases, where they end); None when there were too many to list."""
    count, at = body[at], at + 1
    if count > _MOST_DATABASES:
        return None, at
    names = []
    for _ in range(count):
        end = body.index(0, at)
        names.append(body[at:end].decode("utf-8", "surrogateescape"))
        at = end + 1
    return tuple(names), at
