"""Expired payloads: what a redrive does with a parked change whose content is gone.

A sink that keeps state needs the row, not the change. So the table of the change becomes due, and a
resync reads the row as it is now. That is stored before the change is forgotten. A sink that must
get every change cannot get this one any more, so it stays parked until a person decides.
"""

from collections.abc import Collection

from shared.adapters.state.dues import Dues
from shared.adapters.state.parked import Parked
from shared.adapters.state.redriven import RedriveOutcome
from shared.domain.superseded import superseded_among
from shared.values.due_cause import expired_in
from shared.values.parked_change import ParkedChange
from shared.values.settings import ConsumerSettings


class ExpiredPayloads:
    """Settles the expired payloads of one consumer."""

    def __init__(self, consumer: ConsumerSettings, parked: Parked, dues: Dues) -> None:
        self._consumer, self._parked, self._dues = consumer, parked, dues

    def settle(
        self, job: str, changes: Collection[ParkedChange]
    ) -> dict[ParkedChange, RedriveOutcome]:
        """Make tables due where that helps; returns what becomes of each change.

        Raises StateUnavailable, StackError.
        """
        if not changes:
            return {}
        if not self._consumer.rereads_rows:
            return dict.fromkeys(changes, "expired")
        name = self._consumer.name
        rows = self._parked.rows(name, {change.row_id for change in changes})
        newer = superseded_among(changes, rows)
        tables = set[str]()
        for change in changes:
            if change not in newer:
                tables |= {change.table} if change.table else set(self._consumer.tables)
        for table in sorted(tables):
            self._dues.note_consumer(name, table, expired_in(job))
        return {change: "superseded" if change in newer else "due" for change in changes}
