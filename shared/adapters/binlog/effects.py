"""What statements do to captured tables: rows that are gone without row events, and definitions
that changed.
"""

from collections.abc import Iterator

from shared.adapters.binlog.contract import SchemaChanged, Truncated
from shared.adapters.binlog.row_decoder import RowDecoders
from shared.adapters.binlog.statements import Statement
from shared.values.errors import SourceError
from shared.values.table_pattern import TablePatterns

STATEMENT_HINT = (
    "SET GLOBAL binlog_format = ROW (on RDS: in the parameter group) and end sessions "
    "that use another format; "
    "then start at latest and backfill what was changed in between."
)


def of(
    statement: Statement, default: str, sql: str, capture: TablePatterns, plans: RowDecoders
) -> Iterator[Truncated | SchemaChanged]:
    """The events of a statement that was executed in the database `default`; `plans` forget what
    they know of the tables. Raises SourceError for rows of captured databases that were changed by
    the statement itself.
    """
    changed: dict[tuple[str, str], bool] = {}
    gone = False
    for effect in statement.effects:
        database = effect.database or default
        if effect.kind == "rows":
            if capture.database(database):
                raise SourceError(
                    f"{statement.verb} was logged as a statement, so the rows it changed are not "
                    "in the binlog.",
                    thing=f"{database}.{effect.table}",
                    hint=STATEMENT_HINT,
                )
            continue
        names = plans.known(database) if effect.table == "*" else [effect.table]
        for name in names:
            if not capture.table(database, name):
                continue
            if effect.kind == "gone":
                gone = True
                yield Truncated(database, name, sql, effect.partitions)
            else:
                changed[database, name] = (
                    changed.get((database, name), False) or effect.kind == "rewritten"
                )
    if gone or changed:
        plans.forget(changed)
    for (database, name), rewrites in changed.items():
        yield SchemaChanged(database, name, sql, rewrites)
