"""The first event behind the place where a reading starts."""

from collections.abc import Iterable, Iterator

from shared.adapters.binlog import kinds
from shared.adapters.binlog.binlog_place import BinlogPlace
from shared.adapters.binlog.packets import RawEvent
from shared.values.errors import SourceError

_INSIDE = frozenset(
    (
        *(kinds.TABLE_MAP, *kinds.ROWS, *kinds.COMPRESSED_ROWS, kinds.PARTIAL_UPDATE_ROWS),
        *(kinds.QUERY, kinds.QUERY_COMPRESSED, kinds.EXECUTE_LOAD_QUERY),
        *(kinds.XID, kinds.XA_PREPARE, kinds.TRANSACTION_PAYLOAD),
    )
)
"""What comes behind the GTID event of its transaction, which each has since MySQL 5.7 and MariaDB
10.0: without GTIDs it is an ANONYMOUS_GTID event.
"""


def from_a_begin(
    events: Iterable[RawEvent | None], place: BinlogPlace
) -> Iterator[RawEvent | None]:
    """The events, which start at `place`, between two transactions.

    Raises SourceError where they start inside one: its first rows would be missing.
    """
    following = iter(events)
    for event in following:
        if event is not None and event[0] in _INSIDE:
            raise SourceError(
                "lies inside a transaction.",
                thing=f"position {place.file}:{place.offset}",
                hint=(
                    "Start where a transaction begins: SHOW BINLOG EVENTS IN 'FILE' lists the Gtid "
                    "or Anonymous_Gtid event of each (Pos). The file itself begins at 4."
                ),
            )
        yield event
        if event is not None and event[0] in kinds.BEGINNINGS:
            break
    yield from following
