"""The tables that a reading knows of, from what it read and from what the server says."""

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from shared.adapters.binlog.statements.statement import QualifiedName
from shared.values.table_pattern import TablePatterns

StatementReach = Literal["plain", "opaque", "memory", "unknown"]
"""Whether a statement on a table changes that table alone. `plain` it does, `opaque` it may not: a
view, or a table with triggers. `memory` nobody tells, and its engine is MEMORY.
"""

_MOST = 10_000


class TableQuestions(Protocol):
    """The questions about tables that only the server can answer, as they are now."""

    def tables(self) -> Iterable[QualifiedName]:
        """Database and name of each table that the account sees."""
        ...

    def side(self, database: str, table: str) -> StatementReach:
        """Whether a statement on this table changes it alone."""
        ...

    def is_sequence(self, database: str, table: str) -> bool | None:
        """Whether a name is a MariaDB sequence; None when nothing has the name now."""
        ...

    def fold(self, name: str) -> str:
        """A name of a table or a database as the server stores it."""
        ...

    @property
    def logs_cascades(self) -> bool:
        """Whether what foreign keys delete or change is in the binlog."""
        ...


class KnownTables:
    """The knowledge of one reading; it outlives connections. Names are as the server stores them.

    A session's temporary tables are known only if the session logs statements, because only then
    the binlog names them.
    """

    def __init__(self, capture: TablePatterns, catalog: TableQuestions) -> None:
        self._capture, self.catalog = capture, catalog
        self._seen = set[QualifiedName]()
        self._listed: set[QualifiedName] | None = None
        self._sides = dict[QualifiedName, StatementReach]()
        self._sequences = dict[QualifiedName, bool]()
        self._temporary = set[tuple[int, str, str]]()

    def see(self, name: QualifiedName) -> None:
        """Note that rows or a definition of a captured table were read."""
        self._seen.add(name)

    def look(self) -> None:
        """Ask the server for its captured tables, once, before a statement can drop them."""
        if self._listed is None:
            self._listed = {name for name in self.catalog.tables() if self._capture.table(*name)}

    def captured(
        self, chosen: Callable[[str], bool] = lambda database: True
    ) -> list[QualifiedName]:
        """The captured tables of the chosen databases, as far as any are known."""
        known = self._seen | (self._listed or set()) | set(self._capture.named)
        return sorted(name for name in known if chosen(name[0]) and not self.is_sequence(name))

    def set_side(self, name: QualifiedName, side: StatementReach) -> None:
        """Remember what was read of a table, captured or not."""
        if len(self._sides) >= _MOST:
            self._sides.clear()
        self._sides[name] = side

    def forget(self, name: QualifiedName, moved: QualifiedName | None) -> None:
        """Forget what is known under this name; its table may have `moved` to another name."""
        side, sequence = self._sides.pop(name, None), self._sequences.pop(name, None)
        if moved and side:
            self._sides[moved] = side
        if moved and sequence is not None:
            self._sequences[moved] = sequence

    def side(self, name: QualifiedName) -> StatementReach:
        """Whether a statement on this table changes it alone."""
        return self._sides.get(name) or self.catalog.side(*name)

    def set_sequence(self, name: QualifiedName) -> None:
        """The name is a sequence."""
        self._sequences[name] = True

    def is_sequence(self, name: QualifiedName) -> bool:
        """Whether the name is known to be a sequence."""
        return self._sequences.get(name, False)

    def looks_like_sequence(self, name: QualifiedName) -> bool:
        """Whether a table with the columns of a sequence is one: the server is asked."""
        if name not in self._sequences:
            self._sequences[name] = self.catalog.is_sequence(*name) is not False
        return self._sequences[name]

    def make_temporary(self, thread: int, name: QualifiedName) -> None:
        """A session made a temporary table."""
        if len(self._temporary) >= _MOST:
            self._temporary.clear()
        self._temporary.add((thread, *name))

    def drop_temporary(self, thread: int, name: QualifiedName) -> None:
        """A session dropped a temporary table."""
        self._temporary.discard((thread, *name))

    def is_temporary(self, thread: int, name: QualifiedName) -> bool:
        """Whether a session has a temporary table of this name, as far as was read."""
        return (thread, *name) in self._temporary

    def server_started(self) -> None:
        """Temporary tables end with the server, and the numbers of sessions begin again."""
        self._temporary.clear()
