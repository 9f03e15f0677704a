"""Settling: what differed at first sight is looked at again until the consumer must have handled
every change that it could be waiting for.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal

import msgspec

from shared.adapters.database.contract import Database
from shared.adapters.queue.contract import Queue
from shared.domain.patience import Patience
from shared.domain.sink import Expected, Held
from shared.domain.watermark import Watermark
from shared.flows.verify.comparing import Comparison, differing_fields
from shared.values.checkpoint import Checkpoint
from shared.values.position import Position

PATIENCE_SECONDS = 60
"""Nothing has settled for so long: what differs now is called a difference even if the consumer
still has messages.
"""

_PAUSE_SECONDS = 0.5
_EMPTY_LOOKS = 2
"""A message may be between topic and queue, or a count a little late, when the queue looks empty
once.
"""

_GET = 500


class Candidate(msgspec.Struct, eq=False):
    """A document id of a table that may differ. `key` finds its row; None: only a walk through the
    table would. `sight` is what was last seen.
    """

    comparison: Comparison
    id: str
    key: list[Any] | None
    expected: Expected | None = None
    held: Held | None = None
    sight: tuple[Any, ...] | None = None


class Difference(msgspec.Struct, frozen=True):
    """A document that is not what its row says: `missing`, `extra` (there is no row), or
    `different` in `fields`.
    """

    table: str
    id: str
    kind: Literal["missing", "extra", "different"]
    fields: list[str] = []


class Settling:
    """Looks at candidates again. `behind` tells after `confirmed` whether the relay or the consumer
    had not caught up.
    """

    def __init__(
        self,
        database: Database,
        queue: Queue,
        watermark: Watermark,
        patience: Patience,
        *,
        chunk_rows: int = 1000,
    ) -> None:
        self._database, self._queue, self._watermark = database, queue, watermark
        self._clock, self._sleep, self._chunk_rows = patience.clock, patience.sleep, chunk_rows
        self.behind = False

    def caught_up(self, barrier: Position | None) -> bool:
        """Whether everything before `barrier` is published, and nothing waits in the queue."""
        position = self._watermark.read().position
        if barrier is not None and not (position.file and position.reaches(barrier)):
            return False
        return self._queue.depth() == (0, 0)

    def confirmed(
        self, candidates: list[Candidate], tell: Callable[[int], None]
    ) -> list[Candidate]:
        """Those that still differ, and in the same way, after everything that the source had when
        they were seen has been handled.

        A row that was seen is in the binlog before the barrier that is taken afterwards. So when
        all before the barrier is published and the queue is empty, its document is what its changes
        made of it; if row and version are the same then, nothing that is under way will mend the
        difference.
        """
        deadline = self._clock() + PATIENCE_SECONDS
        left, confirmed = self.look(candidates), list[Candidate]()
        while left:
            sights = {id(one): one.sight for one in left}
            barrier, empty = self._database.position(), 0
            while empty < _EMPTY_LOOKS:
                tell(len(left))
                if self._clock() > deadline:
                    self.behind = True
                    return confirmed + left
                self._sleep(_PAUSE_SECONDS)
                empty = empty + 1 if self.caught_up(barrier) else 0
                before, left = len(left), self.look(left)
                if len(left) < before:
                    deadline = self._clock() + PATIENCE_SECONDS
            confirmed += [one for one in left if one.sight == sights[id(one)]]
            left = [one for one in left if one.sight != sights[id(one)]]
        return confirmed

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
        rows = self._rows(comparison, candidates, checkpoint.position)
        held: dict[str, Held] = {}
        for start in range(0, len(candidates), _GET):
            some = candidates[start : start + _GET]
            held |= comparison.documents.get([one.id for one in some])
        differing = []
        for one in candidates:
            one.expected, one.held = rows.get(one.id), held.get(one.id)
            if differs(one):
                one.sight = (
                    one.expected and msgspec.json.encode(one.expected.body),
                    one.held and one.held.version,
                )
                differing.append(one)
        return differing

    def _rows(
        self, comparison: Comparison, candidates: list[Candidate], reached: Position
    ) -> dict[str, Expected]:
        wanted = {one.id for one in candidates}
        keys = [one.key for one in candidates if one.key is not None]
        table, documents = comparison.captured.table, comparison.documents
        expected = [
            documents.expected(row)
            for row in self._database.rows(table, documents.id_columns, keys, reached=reached)
        ]
        if len(keys) < len(candidates):
            expected += self._walk(comparison, reached)
        return {one.id: one for one in expected if one is not None and one.id in wanted}

    def _walk(self, comparison: Comparison, reached: Position) -> Iterable[Expected | None]:
        table, key = comparison.captured.table, comparison.captured.key
        after: list[Any] | None = None
        while rows := self._database.chunk(table, key, after, self._chunk_rows, reached=reached):
            yield from map(comparison.documents.expected, rows)
            after = [rows[-1][column] for column in key]


def differs(one: Candidate) -> bool:
    if one.expected is None or one.held is None:
        return (one.expected is None) != (one.held is None)
    return one.expected.body != one.held.body


def difference(one: Candidate) -> Difference:
    table = one.comparison.captured.name
    if one.held is None:
        return Difference(table, one.id, "missing")
    if one.expected is None:
        return Difference(table, one.id, "extra")
    return Difference(
        table, one.id, "different", differing_fields(one.expected.body, one.held.body)
    )


def by_table(candidates: list[Candidate]) -> Iterable[list[Candidate]]:
    """The candidates of each table."""
    groups: dict[int, list[Candidate]] = {}
    for one in candidates:
        groups.setdefault(id(one.comparison), []).append(one)
    return groups.values()
