"""What statements do to captured tables: rows that are gone, definitions, tables that are due."""

from collections.abc import Iterator

from shared.adapters.binlog.contract import Due, SchemaChanged, Truncated
from shared.adapters.binlog.known_tables import KnownTables
from shared.adapters.binlog.query_event import QueryEvent
from shared.adapters.binlog.statements import Effect, Statement
from shared.adapters.binlog.statements.statement import QualifiedName
from shared.values.cascades import CASCADE
from shared.values.column_changes import ColumnChanges
from shared.values.errors import SourceError
from shared.values.table_pattern import TablePatterns

STATEMENT_HINT = (
    "SET GLOBAL binlog_format = ROW (on RDS: in the parameter group) and end sessions "
    "that use another format; "
    "then start at latest and backfill what was changed in between. MariaDB logs a table with "
    "transaction-precise system versioning always so: leave it out."
)

Told = Truncated | SchemaChanged | Due


class Effects:
    """The effects of one reading's statements; `tables` learns from each."""

    def __init__(self, capture: TablePatterns, tables: KnownTables, *, mariadb: bool) -> None:
        self._capture, self._tables, self._mariadb = capture, tables, mariadb

    def of(
        self, statement: Statement, query: QueryEvent, sql: str, *, settled: bool = True
    ) -> list[Told]:
        """The events of a statement: truncations, schema changes and tables that are due.

        `settled` is False when its transaction was rolled back. Raises SourceError for DML on a
        captured table that was logged as a statement.
        """
        tables, thread = self._tables, query.thread
        gone, due = list[Truncated](), dict[QualifiedName, str]()
        changed = dict[QualifiedName, ColumnChanges | None]()
        moved = {each.was: (each.database, each.table) for each in statement.effects if each.was}
        doubt = self._doubt(statement.verb, query)
        came = {new: old for old, new in moved.items()}
        for effect in statement.effects:
            name = (effect.database, effect.table)
            temporary = tables.is_temporary(thread, effect.was or name)
            match effect.kind:
                case "gone" if not (temporary and query.is_of_thread):
                    for each in self._meant(effect):
                        if doubt or each[1] == "*":
                            due.setdefault(each, doubt or f"{statement.verb} DATABASE")
                        else:
                            gone.append(Truncated(*each, effect.partitions))
                    tables.forget(name, moved.get(name))
                case "changed" if self._capture.table(*name) and not temporary:
                    tables.see(name)
                    changed[name] = effect.columns
                case "due" if self._is_due(effect) and not temporary:
                    due.setdefault(name, effect.why)
                case "temporary":
                    tables.make_temporary(thread, name)
                case "not_temporary":
                    tables.drop_temporary(thread, name)
                case "sequence":
                    tables.set_sequence(name)
                case "plain" | "opaque":
                    tables.set_side(name, effect.kind)
        due |= self._of_dml(statement, query, sql, settled=settled)
        return [
            *gone,
            *(SchemaChanged(*name, columns) for name, columns in changed.items()),
            *(Due(*name, why, ".".join(came.get(name, ()))) for name, why in due.items()),
        ]

    def _meant(self, effect: Effect) -> Iterator[QualifiedName]:
        """The captured tables that an effect is about.

        For a dropped database these are the known ones; if none is known, `*` represents them.
        """
        if effect.table != "*":
            name = (effect.database, effect.table)
            if self._capture.table(*name) and not self._tables.is_sequence(name):
                yield name
            return
        known = self._tables.captured(lambda database: database == effect.database)
        unknown = self._capture.is_open(effect.database) and [(effect.database, "*")]
        yield from known or unknown or ()

    def _is_due(self, effect: Effect) -> bool:
        name = (effect.database, effect.table)
        if not self._capture.table(*name) or self._tables.is_sequence(name):
            return False
        return effect.why != CASCADE or not self._tables.catalog.logs_cascades

    def _doubt(self, verb: str, query: QueryEvent) -> str:
        """Why it is not certain that rows are gone ("" it is).

        MySQL marks all statements of a procedure that used a temporary table once. Those on tables
        that are none differ in what it logs beside them.
        """
        if query.error:
            return f"{verb} that ended with error {query.error}"
        if not query.is_of_thread or verb not in ("TRUNCATE", "ALTER", "RENAME"):
            return ""
        if not self._mariadb and (
            query.databases is None if verb == "TRUNCATE" else query.has_ddl_xid
        ):
            return ""
        return f"{verb} of what may be a temporary table"

    def _of_dml(
        self, statement: Statement, query: QueryEvent, sql: str, *, settled: bool
    ) -> dict[QualifiedName, str]:
        """The tables that are due because rows were changed by a statement that was logged.

        Such a statement may change more than it names: by a view, a trigger, a stored function.
        MySQL lists the databases that it may have touched, MariaDB does not.
        """
        touched = [effect for effect in statement.effects if effect.kind in ("rows", "perhaps")]
        if not touched and not statement.calls:
            return {}
        databases = query.databases
        if databases is not None and not any(map(self._capture.database, databases)):
            return {}
        due, more = dict[QualifiedName, str](), statement.calls
        why = f"{statement.verb} logged as a statement"
        for effect in touched:
            name = (effect.database, effect.table)
            if query.is_of_thread and self._tables.is_temporary(query.thread, name):
                continue
            if not self._capture.table(*name):
                more = more or not self._changes_itself_alone(name, statement.verb, sql)
            elif effect.kind == "rows" and settled and not query.is_of_thread:
                raise SourceError(
                    f"{statement.verb} was logged as a statement, so the rows it changed are not "
                    "in the binlog.",
                    thing=".".join(name),
                    hint=STATEMENT_HINT,
                )
            else:
                due[name] = why
        if more:
            captured = self._tables.captured(
                lambda database: databases is None or database in databases
            )
            due = dict.fromkeys(captured, why) | due
        return due

    def _changes_itself_alone(self, name: QualifiedName, verb: str, sql: str) -> bool:
        side = self._tables.side(name)
        # MySQL 5.7 empties a MEMORY table by such a statement itself, without triggers
        return side == "plain" or (side == "memory" and verb == "DELETE" and " WHERE " not in sql)
