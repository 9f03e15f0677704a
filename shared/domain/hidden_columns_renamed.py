"""Hidden columns, renamed: what the stanza drops or masks must not leave under another name.

A statement may rename such a column, or give its name to another one. Statements that the binlog
holds are followed. What no statement explains is not guessed: the table stops until its stanza
says of each column in question that it is hidden as well, or that it may leave (`clear`).
"""

from collections.abc import Iterable, Mapping

import msgspec

from shared.adapters.binlog.contract import Due, SchemaChanged
from shared.adapters.state.schemas import Schemas
from shared.domain.table_plan import CannotNumber
from shared.values.column_changes import ColumnChanges
from shared.values.column_history import ColumnHistory, Named
from shared.values.finding import Finding
from shared.values.settings import TableSettings, table_settings
from shared.values.table import Table

_KINDS = {"tinytext": "text", "mediumtext": "text", "longtext": "text"} | {
    "tinyblob": "blob",
    "mediumblob": "blob",
    "longblob": "blob",
}
"""The binlog does not name the sizes of these types."""


class HiddenColumns:
    """Examines each column set of a source's tables before its rows leave.

    tables: the captured tables and their settings, also those that are stopped.
    keep: whether what is found is stored. Only the relay of a table does so.
    """

    def __init__(
        self,
        schemas: Schemas,
        source: str,
        tables: Mapping[str, TableSettings],
        *,
        keep: bool = True,
    ) -> None:
        self._schemas, self._source, self._tables, self._keep = schemas, source, tables, keep
        self._anywhere = frozenset[str]().union(*(each.hidden for each in tables.values()))
        self._known: dict[str, ColumnHistory | None] = {}

    def examine(self, table: Table) -> None:
        """Check the columns of the rows that come next.

        Raises CannotNumber when a hidden column may have another name in them, StateUnavailable.
        """
        if not self._anywhere:
            return
        name, columns = table.full_name, _columns(table)
        settings = table_settings(self._tables, name)
        before = self._history(table.database, table.name)
        names = {column for column, _ in columns}
        if not before.known:
            missing = sorted(settings.hidden - names)
            if missing:
                raise CannotNumber(
                    f"has no column {missing[0]}, which its stanza hides: another one may hold "
                    "what it held.",
                    table=name,
                    hint=_way_out(name, missing[0], "its new name"),
                )
        new, moved = _unexplained(before, columns, settings, self._anywhere)
        suspects = ({*before.suspects, *new, *moved} & names) - settings.hidden - {*settings.clear}
        if suspects:
            self._store(name, before, _replace(before, suspects=tuple(sorted(suspects))))
            first = min(suspects)
            was = min(settings.hidden - names, default=min(settings.hidden or self._anywhere))
            reason = "its place or type changed" if first in moved else "it came"
            raise CannotNumber(
                f"column {first} may be {was}, which a stanza hides, under another name: {reason}, "
                "and no statement that was read explains it.",
                table=name,
                hint=_way_out(name, was, first),
            )
        self._store(name, before, _replace(before.with_present(columns), suspects=()))

    def altered(self, event: SchemaChanged) -> None:
        """Follow a statement that changed the definition of a table.

        Raises CannotNumber when it gives a hidden column another name, StateUnavailable.
        """
        if not self._anywhere:
            return
        name = f"{event.database}.{event.table}"
        settings = table_settings(self._tables, name)
        before = self._history(event.database, event.table)
        after, renamed = _followed(before, event.columns, settings)
        self._store(name, before, after)
        for old, new in renamed:
            raise CannotNumber(
                f"column {old}, which its stanza hides, was renamed to {new}.",
                table=name,
                hint=_way_out(name, old, new),
            )

    def replaced(self, event: Due) -> None:
        """Another table took the name of a captured one.

        Raises CannotNumber when it brings columns that are hidden under its former name,
        StateUnavailable.
        """
        if not self._anywhere or not event.was:
            return
        name = f"{event.database}.{event.table}"
        settings = table_settings(self._tables, name)
        former = self._history(*event.was.split(".", 1))
        brought = {*table_settings(self._tables, event.was).hidden, *former.suspects}
        open_ones = brought - settings.hidden - {*settings.clear}
        before = self._history(event.database, event.table)
        suspects = tuple(sorted({*before.suspects, *open_ones}))
        self._store(name, before, _replace(before, altered=True, suspects=suspects))
        if open_ones:
            raise CannotNumber(
                f"column {min(open_ones)} came from {event.was}, whose stanza hides it.",
                table=name,
                hint=_way_out(name, min(open_ones), min(open_ones)),
            )

    def refusal(self, name: str, settings: TableSettings) -> Finding | None:
        """Why a table that stopped must not be captured yet under `settings`."""
        if not self._anywhere:
            return None
        self._known.pop(name, None)
        suspects = {*self._history(*name.split(".", 1)).suspects}
        suspects -= {*settings.hidden, *settings.clear}
        if not suspects:
            return None
        first = min(suspects)
        return Finding(
            f"table {name}",
            "fail",
            f"has column {first}, which may hold what a hidden column held",
            _way_out(name, "a hidden column", first),
            table=name,
        )

    def _history(self, database: str, table: str) -> ColumnHistory:
        name = f"{database}.{table}"
        if name not in self._known:
            self._known[name] = self._schemas.column_history(self._source, database, table)
        known = self._known[name]
        if known is None:
            known = self._of_former_version(database, table)
        return known

    def _of_former_version(self, database: str, table: str) -> ColumnHistory:
        """The history of rows that left before histories were kept: their columns are known."""
        latest = self._schemas.latest(self._source, database, table)
        if latest is None or not latest.columns:
            return ColumnHistory()
        hidden = table_settings(self._tables, f"{database}.{table}").hidden
        shown = _columns(latest)
        left_out = hidden - {column for column, _ in shown}
        columns = (*shown, *((column, "") for column in sorted(left_out)))
        return ColumnHistory((columns,), altered=True)

    def _store(self, name: str, before: ColumnHistory, after: ColumnHistory) -> None:
        if after == before and self._known[name] is not None:
            return
        self._known[name] = after
        if self._keep:
            database, table = name.split(".", 1)
            self._schemas.keep_column_history(self._source, database, table, after)


def _replace(history: ColumnHistory, **changes: object) -> ColumnHistory:
    return msgspec.structs.replace(history, **changes)


def _columns(table: Table) -> tuple[Named, ...]:
    return tuple(
        (column.name, _KINDS.get(column.kind, column.kind))
        for column in table.whole or table.columns
    )


def _unexplained(
    before: ColumnHistory,
    columns: tuple[Named, ...],
    settings: TableSettings,
    anywhere: frozenset[str],
) -> tuple[set[str], set[str]]:
    """Columns that are new, or whose place or type is, and that no statement explains.

    A table that hides nothing is asked only about names that other tables hide.
    """
    if not before.known or columns in before.known:
        return set(), set()
    was, now = dict(before.known[-1]), dict(columns)
    new = now.keys() - was.keys() - {*before.added}
    if not settings.hidden:
        return new & anywhere, set()
    if before.altered:
        return new, set()
    common = [name for name in was if name in now]
    order = [name for name in now if name in was]
    moved = {one for one, other in zip(common, order, strict=True) if one != other}
    moved |= {name for name in common if was[name] != now[name]}
    if not new:
        gone = {was[name] for name in settings.hidden & was.keys() - now.keys()}
        moved |= {name for name in common if was[name] in gone}
    return new, moved


def _followed(
    before: ColumnHistory, changes: ColumnChanges | None, settings: TableSettings
) -> tuple[ColumnHistory, list[tuple[str, str]]]:
    """The history after a statement, and the hidden columns that it renamed to open names."""
    changes = changes or ColumnChanges()
    secret = {name.casefold(): name for name in (*before.suspects, *settings.hidden)}
    allowed = {*settings.hidden, *settings.clear}
    renamed = [
        (secret[old.casefold()], new)
        for old, new in changes.renamed
        if old.casefold() in secret and new not in allowed
    ]
    secret |= {new.casefold(): new for _, new in renamed}
    added = [name for name, mentions in changes.added if not secret.keys() & _folded(mentions)]
    added += [new for old, new in changes.renamed if old.casefold() not in secret]
    history = ColumnHistory(
        before.known,
        tuple(dict.fromkeys((*before.added, *added))),
        True,
        tuple(sorted({*before.suspects, *(new for _, new in renamed)})),
    )
    return history, renamed


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def _way_out(table: str, was: str, now: str) -> str:
    return (
        f"If it holds what {was} held, name {now} under drop or mask of tables: {table}. If it "
        f"may leave as it is, name it there under clear: [{now}]. Then deploy and resync the table."
    )
