"""Logged is not committed: which row events of a transaction were rolled back.

MariaDB logs a transaction with its ROLLBACK, and savepoints with ROLLBACK TO, when it also used
temporary tables or tables without transactions; nothing at its beginning says so. MySQL does it for
statements only, and says at the beginning that there may be some. A MariaDB that was killed may
leave the beginning of a transaction at the end of a file.

Rows of tables without transactions never stand in such a group: servers write these at once, as
transactions of their own. Source: MariaDB sql/log.cc, `binlog_rollback`,
`binlog_savepoint_rollback`, `use_trans_cache`; MySQL sql/binlog.cc.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from shared.adapters.binlog import gtid_events, kinds, query_event, transaction_payload
from shared.adapters.binlog.packets import RawEvent
from shared.adapters.binlog.statements import dialect, read, utf8

_ROWS = frozenset((*kinds.ROWS, *kinds.COMPRESSED_ROWS, kinds.PARTIAL_UPDATE_ROWS))
_NEXT = frozenset((*kinds.BEGINNINGS, kinds.ROTATE, kinds.FORMAT_DESCRIPTION))
_CONTROL = re.compile(rb"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|XA)\b", re.IGNORECASE)
"""How servers begin the statements that control a transaction; names of savepoints are in UTF-8,
quoted as the session's sql_mode wants it. Source: MariaDB and MySQL sql/sql_show.cc,
append_identifier and get_quote_char_for_identifier.
"""


def may_roll_back(event: RawEvent) -> bool:
    """Whether the transaction that begins with this event may hold rows that were rolled back."""
    kind, data, start, end = event[0], *event[6:]
    if kind == kinds.MARIADB_GTID:
        return not gtid_events.mariadb(data[start:end], 0).standalone
    if kind in (kinds.GTID, kinds.ANONYMOUS_GTID):
        return gtid_events.may_hold_statements(data[start:end])
    return kind == kinds.GTID_TAGGED


class Rollbacks:
    """Follows one transaction from its first event on.

    `complete`: its last event was taken; `broken`: it has none, because another one begins. A
    number is `in` it when the row event of that number was rolled back.
    """

    def __init__(self) -> None:
        self.complete = self.broken = False
        self._undone: list[range] = []
        self._all = False
        self._count = 0
        self._begun = self._inside = False
        self._savepoints: list[tuple[str, int]] = []

    def take(self, event: RawEvent) -> None:
        """Follow it over the next event. Raises ValueError for an unknown savepoint."""
        kind, flags, data, start, end = event[0], event[5], *event[6:]
        if kind in _ROWS:
            self._count += 1
        elif kind == kinds.XID or kind == kinds.XA_PREPARE:
            self.complete = True
        elif kind in kinds.QUERIES:
            query = query_event.parse(kind, flags, data[start:end])
            self._statement(query.sql, query.sql_mode)
        elif kind == kinds.TRANSACTION_PAYLOAD:
            for inner in transaction_payload.events(data[start:end]):
                self.take(inner)
        elif kind in _NEXT:
            self.broken = self._begun
            self._inside = kind == kinds.MARIADB_GTID
        self._begun = True

    def __bool__(self) -> bool:
        return self._all or bool(self._undone)

    def __contains__(self, number: int) -> bool:
        return self._all or any(number in part for part in self._undone)

    def marked(self, events: Iterable[RawEvent]) -> Iterator[RawEvent]:
        """Its events; row events that were rolled back have the kind `kinds.UNDONE_ROWS`."""
        number = 0
        for event in events:
            if event[0] in _ROWS:
                yield (kinds.UNDONE_ROWS, *event[1:]) if number in self else event
                number += 1
            else:
                yield event

    def _statement(self, sql: bytes, sql_mode: int) -> None:
        way = dialect("utf8mb4", utf8, sql_mode, mariadb=True)
        statement = read(sql, way) if _CONTROL.match(sql) else None
        match statement.control if statement else "":
            case "begin" | "xa_start":
                self._inside = True
            case "commit" | "xa_commit" | "xa_rollback":
                self.complete = True
            case "rollback":
                self.complete = self._all = True
            case "savepoint" if statement:
                name = _key(statement.name)
                others = [each for each in self._savepoints if each[0] != name]
                self._savepoints = [*others, (name, self._count)]
            case "rollback_to" if statement:
                self._savepoints = self._up_to(statement.name)
                self._undone.append(range(self._savepoints[-1][1], self._count))
            case "release" if statement:
                self._savepoints = self._up_to(statement.name)[:-1]
            case "":
                self.complete = not self._inside

    def _up_to(self, name: str) -> list[tuple[str, int]]:
        names = [each[0] for each in self._savepoints]
        return self._savepoints[: names.index(_key(name)) + 1]


def _key(name: str) -> str:
    """What two names of one savepoint have in common: servers compare without case and accents."""
    letters = unicodedata.normalize("NFD", name)
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold()


def of_group(events: Iterable[RawEvent | None]) -> Rollbacks:
    """The rollbacks of the first transaction in these events."""
    found = Rollbacks()
    begun = False
    for event in events:
        if event is None or not (begun or event[0] in kinds.BEGINNINGS):
            continue
        if not begun and not may_roll_back(event):
            break
        begun = True
        found.take(event)
        if found.complete or found.broken:
            break
    return found
