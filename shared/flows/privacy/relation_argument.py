"""A relation as a person writes it: `TABLE.COLUMN[,COLUMN…][=TABLE[.COLUMN,…]]`."""

from shared.flows.history.history_setup import HistorySetup
from shared.flows.history.past_table import PastTable, find_table
from shared.values.erasure import Relation
from shared.values.errors import ConfigError


def read_relation(setup: HistorySetup, text: str) -> Relation:
    """Read `market.orders.person_id`, or `market.lines.order_id=market.orders`.

    The second part names the table that the first belongs to, and its columns where these are not
    its key. Raises ConfigError.
    """
    left, _, right = text.partition("=")
    child, columns = _columns(setup, left, text)
    if not right:
        return Relation(child.source, child.database, child.name, columns)
    parent, parent_columns = _parent(setup, right, text)
    return Relation(
        child.source, child.database, child.name, columns, parent.full_name, parent_columns
    )


def _parent(setup: HistorySetup, named: str, text: str) -> tuple[PastTable, tuple[str, ...]]:
    try:
        return find_table(setup, named), ()
    except ConfigError:
        return _columns(setup, named, text)


def _columns(setup: HistorySetup, named: str, text: str) -> tuple[PastTable, tuple[str, ...]]:
    """A table and its columns. The name of a column may have no point and no comma."""
    name, _, last = named.rpartition(".")
    table, columns = find_table(setup, name), tuple(last.split(","))
    known = {one.name for version in table.versions for one in version.columns}
    for column in columns:
        if column not in known:
            raise ConfigError(
                f"is no column that the archive knows of {table.full_name}.",
                thing=f"{column[:200]!r} in --related {text[:200]}",
                hint="Write DATABASE.TABLE.COLUMN, or DATABASE.TABLE.COLUMN=DATABASE.TABLE.",
            )
    return table, columns
