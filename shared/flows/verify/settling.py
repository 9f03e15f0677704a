"""Settling: what differed at first sight is looked at again.

Until the consumer must have handled every change that it could be waiting for.
"""

from collections.abc import Callable, Iterable

import msgspec

from shared.adapters.database.contract import Database
from shared.adapters.queue.contract import Queue
from shared.domain.polling import Polling
from shared.domain.row_lookup import RowLookup
from shared.domain.sink import Held
from shared.domain.watermark import Watermark
from shared.flows.verify.candidate import Candidate, differs
from shared.values.checkpoint import Checkpoint
from shared.values.position import Position

SETTLE_SECONDS = 60
"""Nothing has settled for this long: what differs now is called a difference even if the consumer
still has messages.
"""

_PAUSE_SECONDS = 0.5
_EMPTY_LOOKS = 2
"""A message may be between topic and queue, or a count a little late, when the queue looks empty
once.
"""

_GET = 500


class Settling:
    """Looks at candidates again.

    behind: after `confirmed`, whether the relay or the consumer had not caught up.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        watermark: Watermark,
        polling: Polling,
        *,
        chunk_rows: int = 1000,
    ) -> None:
        self._database, self._queue, self._watermark = database, queue, watermark
        self._clock, self._sleep, self._chunk_rows = polling.clock, polling.sleep, chunk_rows
        self.behind = False

    def caught_up(self, barrier: Position | None) -> bool:
        """Whether everything before `barrier` is published, and nothing waits in the queue."""
        position = self._watermark.read().position
        if barrier is not None and not (position.file and position.reaches(barrier)):
            return False
        return self._queue.depth() == (0, 0)

    def confirmed(
        self, candidates: list[Candidate], tell: Callable[[int], None]
    ) -> tuple[list[Candidate], list[Candidate]]:
        """The candidates that differ in the same way after all earlier changes were handled.

        Earlier changes are those that the source had when a candidate was seen. The second list has
        the candidates without a verdict, because relay or consumer had not caught up.

        A row that was seen is in the binlog before the barrier, which is taken afterwards. When
        everything before the barrier is published and the queue is empty, the document contains all
        of the row's changes. If row and version are the same then, no change under way will remove
        the difference.
        """
        deadline = self._clock() + SETTLE_SECONDS
        left, confirmed = self.look(candidates), list[Candidate]()
        while left:
            sights = {id(one): one.sight for one in left}
            barrier, empty = self._database.position(), 0
            while empty < _EMPTY_LOOKS:
                tell(len(left))
                if self._clock() > deadline:
                    self.behind = True
                    return confirmed, left
                self._sleep(_PAUSE_SECONDS)
                empty = empty + 1 if self.caught_up(barrier) else 0
                before, left = len(left), self.look(left)
                if len(left) < before:
                    deadline = self._clock() + SETTLE_SECONDS
            confirmed += [one for one in left if one.sight == sights[id(one)]]
            left = [one for one in left if one.sight != sights[id(one)]]
        return confirmed, []

    def look(self, candidates: list[Candidate]) -> list[Candidate]:
        """Read rows and documents again; returns the candidates that differ now, with what was
        seen.
        """
        return [
            one
            for group in by_table(candidates)
            for one in self._look(group, self._watermark.read())
        ]

    def look_at(self, candidates: list[Candidate], checkpoint: Checkpoint) -> list[Candidate]:
        """As `look`, rows read from a view that contains everything before the checkpoint."""
        return [one for group in by_table(candidates) for one in self._look(group, checkpoint)]

    def _look(self, candidates: list[Candidate], checkpoint: Checkpoint) -> list[Candidate]:
        comparison = candidates[0].comparison
        lookup = RowLookup(
            self._database, comparison.captured, comparison.documents, self._chunk_rows
        )
        rows = lookup.find({one.id: one.key for one in candidates}, checkpoint.position)
        held: dict[str, Held] = {}
        for start in range(0, len(candidates), _GET):
            some = candidates[start : start + _GET]
            held |= comparison.documents.get([one.id for one in some])
        differing = []
        for one in candidates:
            found = rows.get(one.id, [])
            one.expected, one.rows = (found[0] if found else None), len(found)
            one.held = held.get(one.id)
            if differs(one):
                one.sight = (
                    one.rows,
                    one.expected and msgspec.json.encode(one.expected.body),
                    one.held and one.held.version,
                )
                differing.append(one)
        return differing


def by_table(candidates: list[Candidate]) -> Iterable[list[Candidate]]:
    """The candidates of each table."""
    groups: dict[int, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(id(one.comparison), []).append(one)
    return groups.values()
