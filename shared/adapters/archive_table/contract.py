"""The archive's table as its metadata describes it, without reading rows."""

from typing import Protocol

import msgspec

from shared.values.errors import StackError

LEDGER_PROPERTY = "rowline.ledger"
"""The address of the ledger, in the table's and in each snapshot's properties."""

TIMES_PROPERTY = "rowline.times"
"""A property of the table: stream → [first, last], Unix ms, as JSON."""

DROPPED_PROPERTY = "rowline.dropped-ms"
"""A property of the table: the retention has dropped changes that were committed until then."""


class NoArchiveTable(StackError):
    """The table is not made yet: the archive makes it within a minute of its deployment."""


class TableFacts(msgspec.Struct, frozen=True):
    """The present state of the table.

    size: bytes of its data files, the most that a query of the whole table reads.
    rows: in them.
    ledger: the numbers that it holds, as `shared.domain.archive_ledger` decodes them.
    times: stream → when its first and its last change in the table were committed, Unix ms.
    dropped_ms: the retention has dropped changes that were committed until then; 0: none yet.
    """

    size: int = 0
    rows: int = 0
    ledger: bytes = b""
    times: dict[str, tuple[int, int]] = {}
    dropped_ms: int = 0


class ArchiveTable(Protocol):
    """The table `changes` of a stage."""

    def facts(self) -> TableFacts:
        """The present state. Raises Outage, StackError, NoArchiveTable before it is made."""
        ...

    def has_snapshots(self) -> bool:
        """Whether there is a table `snapshots`: the first snapshot makes it.

        Raises Outage, StackError.
        """
        ...
