"""Row filter: which changes of its tables a consumer takes, by operation and by column values.

The runtime and verify share it, so that a row outside the filter has no document for either.
"""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from shared.values.change import Change, Row
from shared.values.errors import RowlineError
from shared.values.settings import ConsumerSettings

_OPERATIONS = {"r": ("r", "c"), "t": ("t", "d")}
"""What a stanza may list instead of an operation: a row that a backfill reads was created once, and
a truncation deletes.
"""


class FilterError(RowlineError):
    """The filter names a column that the row lacks."""


class RowFilter:
    """The `operations` and the `filter` of one consumer.

    keeps_state: the sink holds one state a row. Such a sink is told to delete each row outside the
    filter, whatever the row was before: an earlier change may still be under way.
    """

    def __init__(self, consumer: ConsumerSettings, *, keeps_state: bool = True) -> None:
        self._operations = frozenset(consumer.operations)
        self._values, self._changed = consumer.filter.values, consumer.filter.changed
        self._keeps_state = keeps_state

    @property
    def is_open(self) -> bool:
        """Whether everything passes."""
        return not (self._operations or self._values or self._changed)

    def admits(self, row: Row) -> bool:
        """Whether a row has the wanted values. Raises FilterError."""
        return all(
            any(same_value(one, _value(row, column)) for one in wanted)
            for column, wanted in self._values.items()
        )

    def passed(self, change: Change) -> Change | None:
        """The change as the sink gets it, None for one that it does not get. Raises FilterError.

        A row that leaves the filter, or was never inside, becomes a deletion.
        """
        effective = self._by_values(change)
        if effective is None or not self._operations:
            return effective
        names = _OPERATIONS.get(effective.op, (effective.op,))
        return effective if self._operations.intersection(names) else None

    def is_unproven(self, change: Change) -> bool:
        """Whether it passes `changed` only because nothing says what the row was before."""
        return bool(self._changed) and change.op in ("c", "u", "r") and change.before is None

    def _by_values(self, change: Change) -> Change | None:
        after, before = change.after, change.before
        if change.op in ("d", "t") or after is None:
            return change
        if not self.admits(after):
            was_inside = before is not None and self.admits(before)
            return as_deletion(change) if self._keeps_state or was_inside else None
        if not self._changed or before is None or not self.admits(before):
            return change
        changed = any(_value(before, name) != _value(after, name) for name in self._changed)
        return change if changed else None


def as_deletion(change: Change) -> Change:
    """The deletion of the row that a change has written."""
    before = change.after if change.before is None else change.before
    return msgspec.structs.replace(change, op="d", before=before, after=None)


def _value(row: Row, column: str) -> Any:
    try:
        return row[column]
    except KeyError:
        raise FilterError(
            f"the row has no column {column}",
            thing="filter",
            hint="Lift changes of older schema versions with an upcaster, or correct the filter.",
        ) from None


def same_value(wanted: Any, value: Any) -> bool:
    """Equal as JSON, or the same number where one of them is text: a DECIMAL arrives as text."""
    if wanted == value:
        return True
    texts = [isinstance(one, str) for one in (wanted, value)]
    if texts[0] == texts[1] or wanted is None or value is None:
        return False
    try:
        return Decimal(str(wanted)) == Decimal(str(value))
    except InvalidOperation:
        return False
