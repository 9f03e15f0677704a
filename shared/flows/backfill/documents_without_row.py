"""Documents without row: those that are older than a fill, and whose row the source lacks.

Every row that the fill read has a document at least as new as the first watermark. An older one
has a row only where the consumer parked its change; so the source is asked before anything goes.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from shared.domain.captured_tables import CapturedTable
from shared.domain.deletion_limit import is_many, refusal
from shared.domain.polling import Polling
from shared.domain.row_lookup import RowLookup
from shared.domain.sink import Documents, Held, Listable, Write
from shared.domain.watermark import Watermark
from shared.flows.jobs.job_setup import JobSetup
from shared.values.counted import counted
from shared.values.errors import Outage, StackError

LOOKED_AT = 1_000
"""After this many documents whoever watches is told, and the hold of the job is renewed."""

_BATCH = 2_000
_WRITES = 500
_ATTEMPTS = 8


class Ghosts:
    """The documents of one table that have no row."""

    def __init__(
        self,
        setup: JobSetup,
        sink: Listable,
        captured: CapturedTable,
        watermark: Watermark,
        polling: Polling,
        show: Callable[[str], None],
    ) -> None:
        self._setup, self._captured, self._watermark = setup, captured, watermark
        self._documents: Documents = sink.documents(captured)
        self._lookup = RowLookup(setup.database, captured, self._documents, _BATCH)
        self._polling, self._show = polling, show
        self._scanned = self._found = 0

    def find(self, floor: int) -> list[str]:
        """The ids of ghosts. floor: seq of the fill's first watermark."""
        found: list[str] = []
        old = (held.id for held in self._scan() if held.version <= floor)
        while ids := list(islice(old, _BATCH)):
            found += self._without_row(ids)
            self._show(
                f"{counted(self._scanned, 'document')} looked at, {len(found):,} have no row"
            )
        return found

    def delete(self, ids: list[str]) -> int:
        """Delete those that still have no row, under a version read before their rows.

        Whatever changes meanwhile is newer and wins. Returns how many were deleted. Raises
        DeletionRefused when nobody agrees to delete this many.
        """
        name = self._captured.name
        if is_many(len(ids), self._scanned):
            refused = refusal(name, len(ids), self._scanned)
            if not self._setup.consent(refused):
                raise refused
        deleted = 0
        for start in range(0, len(ids), _WRITES):
            some = ids[start : start + _WRITES]
            version = self._watermark.read(name).seq
            deleted += self._delete(self._without_row(some), version)
            self._show(f"{deleted:,} of {counted(len(ids), 'document')} without a row deleted")
        return deleted

    def _scan(self) -> Iterator[Held]:
        for held in self._documents.scan():
            self._scanned += 1
            if self._scanned % LOOKED_AT == 0:
                self._told()
            yield held

    def _told(self) -> None:
        self._show(f"{self._scanned:,} documents looked at, {self._found:,} have no row")

    def _without_row(self, ids: list[str]) -> list[str]:
        reached = self._watermark.read(self._captured.name).position
        rows = self._lookup.find({id: self._documents.key_of(id) for id in ids}, reached)
        return [id for id in ids if id not in rows]

    def _delete(self, ids: list[str], version: int) -> int:
        deleted = 0
        for attempt in range(_ATTEMPTS):
            outcomes = self._documents.write([Write(id, version, None) for id in ids])
            deleted += sum(outcome.kind == "applied" for outcome in outcomes)
            for outcome in outcomes:
                if outcome.kind == "refused":
                    raise StackError(
                        f"refuses a deletion: {outcome.reason}.",
                        thing=f"the sink of {self._setup.consumer.name}",
                        hint="Is it read-only?",
                    )
            ids = [
                id for id, outcome in zip(ids, outcomes, strict=True) if outcome.kind == "failed"
            ]
            if not ids:
                return deleted
            self._polling.sleep(min(30.0, 0.5 * 2**attempt))
        raise Outage(
            "cannot take deletions now.",
            thing=f"the sink of {self._setup.consumer.name}",
            hint="The same command continues where this one stopped.",
        )
