"""Truncate changes: which changes a TRUNCATE becomes, of a table or of some of its partitions."""

from shared.adapters.binlog.contract import Truncated
from shared.values.change import Row

MAX_PARTITIONS = 500
"""Names that a change carries; a table may have 8,192 partitions, and their names would not fit
into a message. Source: MySQL reference manual, "Restrictions and Limitations on Partitioning".
"""


def key_of_truncate(event: Truncated) -> Row:
    """The key of its changes: the partitions, empty for the whole table."""
    return {"partitions": list(event.partitions[:MAX_PARTITIONS])} if event.partitions else {}


def told_shards(key: Row, shards: int) -> range:
    """The shards that get a change: every message group of the table has it in its own order.

    Of partitions only one: nobody can tell which rows are gone, so it is news for a person and not
    for every group. key: of the change. shards: those of the table.
    """
    return range(1 if key else shards)
