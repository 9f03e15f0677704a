"""Truncation: the documents of a truncated table that are older than its truncation go."""

from shared.adapters.search.contract import Action, Result, Search
from shared.adapters.state.dues import Dues
from shared.domain.sink import Arrival, Outcome
from shared.flows.consume.sinks.elasticsearch.bulk_work import MAX_ACTIONS, BulkWork
from shared.flows.consume.sinks.elasticsearch.deletion_recorder import DeletionRecorder, address
from shared.flows.consume.sinks.elasticsearch.layout import Layout
from shared.values.due_cause import DueCause
from shared.values.errors import ConfigError


class Truncation:
    """Deletes by listing an index."""

    def __init__(
        self, consumer: str, layout: Layout, search: Search, deletions: DeletionRecorder, dues: Dues
    ) -> None:
        self._consumer, self._dues = consumer, dues
        self._layout, self._search, self._deletions = layout, search, deletions

    def apply(self, work: BulkWork, at: int) -> None:
        """Delete all documents of a table that are older than its truncation.

        Stopped halfway, the next attempt finds what is left. Each group of the table brings a `t`
        of its own: documents whose older changes are still under way in another group are deleted
        by that group's.
        """
        arrival = work.arrivals[at]
        seq = arrival.change.seq
        try:
            alias = self._layout.alias(arrival.message.database, arrival.message.table)
        except ConfigError as error:
            return work.settle(at, Outcome("failed", str(error)))
        if partitions := arrival.change.key.get("partitions"):
            self._note_partitions(arrival, partitions)
            return work.settle(at, Outcome("applied"))
        beside, *serving = work.targets(alias, arrival.lane)
        outcome = self._delete_older(work, beside, seq)
        for target in serving if outcome.kind != "failed" else ():
            if work.shows_first:
                self._search.refresh([beside])
            outcome = self._delete_older(work, target, seq)
        return work.settle(at, outcome)

    def _delete_older(self, work: BulkWork, alias: str, seq: int) -> Outcome:
        self._deletions.record(work, {address(alias, ""): seq})
        old: list[Action] = []
        results: list[Result] = []
        for count, document in enumerate(self._search.scan(alias)):
            if count % MAX_ACTIONS == 0:
                work.check_time()
            if document.version < seq:
                old.append(Action(alias, document.id, seq, None))
            if len(old) == MAX_ACTIONS:
                results += self._search.bulk(old)
                old = []
        if old:
            results += self._search.bulk(old)
        undone = [result for result in results if result.kind in ("transient", "refused")]
        return Outcome("failed", undone[0].reason) if undone else Outcome("applied")

    def _note_partitions(self, arrival: Arrival, partitions: list[str]) -> None:
        """No document tells the partition of its row, so none is deleted: the table is due."""
        names = ", ".join(partitions[:5]) + (", …" if len(partitions) > 5 else "")
        cause = DueCause(arrival.change.id, f"partitions {names} were dropped")
        self._dues.note_consumer(self._consumer, arrival.message.full_name, cause)
