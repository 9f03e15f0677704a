"""The meaning of a statement for transactions and tables."""

from typing import Literal, NamedTuple

from shared.values.column_changes import ColumnChanges

QualifiedName = tuple[str, str]
"""Database and table."""

StatementKind = Literal[
    "gone",
    "changed",
    "due",
    "rows",
    "perhaps",
    "plain",
    "opaque",
    "sequence",
    "temporary",
    "not_temporary",
]


class Effect(NamedTuple):
    """What a statement does to one table; `table` is `*` for all tables of a database.

    `gone`: all its rows leave without row events, or those of `partitions`. `changed`: its
    definition. `due`: rows hold other values, or are other rows, without an event; `why` names
    the kind of statement, `was` the former name of what a RENAME brings.

    `rows`: DML on it was logged as a statement; `perhaps`: it is one of several that such a
    statement may have changed.

    `columns`: what a `changed` says of its columns.

    `plain`: it is new, so nothing hangs on it yet. `opaque`: it is a view, or has a trigger.
    `sequence`: it is a sequence, not a table. `temporary`, `not_temporary`: the session has, or has
    no more, a temporary table of this name.
    """

    kind: StatementKind
    database: str
    table: str
    partitions: tuple[str, ...] = ()
    why: str = ""
    was: QualifiedName | None = None
    columns: ColumnChanges | None = None


class Statement(NamedTuple):
    """One statement.

    `verb` is what it begins with, `control` what it does to the transaction ("" nothing), `name`
    that of a savepoint. `calls`: it may run code of the database's own, whose effects its text
    does not show.
    """

    verb: str
    control: str = ""
    effects: tuple[Effect, ...] = ()
    name: str = ""
    calls: bool = False
