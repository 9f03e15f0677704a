"""The current rows of a system-versioned table of MariaDB.

Its binlog also has the history: each superseded version of a row is a created row whose period has
ended, and a deletion is an update that ends the period. A current row is one whose period ends at
the largest TIMESTAMP. Source: MariaDB knowledge base, "System-Versioned Tables".
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Literal

from shared.adapters.binlog.contract import Rows
from shared.adapters.binlog.described_table import PRIVATE_ROW_END, Period
from shared.adapters.binlog.row_compiler import RowPairs
from shared.values.change import Row
from shared.values.table import Table

RowOperation = Literal["c", "u", "d"]
_NEVER = frozenset(("2038-01-19T03:14:07.999999Z", "2106-02-07T06:28:15.999999Z"))
"""The largest TIMESTAMP(6); since MariaDB 11.5 it has 32 bits without a sign."""


class CurrentRows:
    """Makes the changes of current rows of what the row events of one table map hold.

    `table` is the table as it is read. Where the period is not certain, the events are given as
    they are until a row shows that the table was versioned.
    """

    def __init__(self, table: Table, period: Period) -> None:
        self._as_read, self._end = table, period.row_end
        self._certain = period.certain
        key = tuple(column for column in table.key if column != period.row_end)
        self._table = Table(table.database, table.name, table.columns, key)

    def events(self, op: RowOperation, number: int, pairs: RowPairs) -> Iterator[Rows]:
        """The changes in row event `number`, one event for each run of the same operation."""
        if not self._certain:
            self._certain = any(self._is_current(row) for pair in pairs for row in pair)
        if not self._certain:
            yield Rows(self._as_read, op, number, pairs)
            return
        changes = [self._change(before, after) for before, after in pairs]
        places = enumerate(changes)
        for now, run in groupby(places, key=lambda place: _operation(*place[1])):
            if now is not None:
                found = list(run)
                rows = [pair for _, pair in found]
                yield Rows(self._table, now, number, rows, found[0][0])

    def _change(self, before: Row | None, after: Row | None) -> tuple[Row | None, Row | None]:
        """The pair without the rows that are history, and without a private row end."""
        return self._current(before), self._current(after)

    def _current(self, row: Row | None) -> Row | None:
        current = self._is_current(row)
        if row is not None:
            row.pop(PRIVATE_ROW_END, None)
        return row if current else None

    def _is_current(self, row: Row | None) -> bool:
        return row is not None and row[self._end] in _NEVER


def _operation(before: Row | None, after: Row | None) -> RowOperation | None:
    if before is None:
        return None if after is None else "c"
    return "d" if after is None else "u"
