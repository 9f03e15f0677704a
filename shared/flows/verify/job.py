"""The job: walks the source and the index, settles what differs, mends it if asked, and reports."""

import time
from collections.abc import Callable, Sequence

import msgspec

from shared.adapters.database.contract import Database
from shared.adapters.queue.contract import Queue
from shared.adapters.state.state import State
from shared.domain.captured_tables import CapturedTable, captured_tables
from shared.domain.patience import Patience
from shared.domain.sink import Sink, require_listable
from shared.domain.watermark import watermarks
from shared.flows.verify.comparing import Comparison, first_sight
from shared.flows.verify.ids import IdSet
from shared.flows.verify.repair import Repair
from shared.flows.verify.settling import Candidate, Difference, Settling, difference
from shared.values.settings import ConsumerSettings, SourceSettings

CHUNK_ROWS = 1_000
CHUNK_BYTES = 4 << 20
MAX_CANDIDATES = 5_000
"""Settled, and mended, whenever so many have come together: memory stays bounded when a whole index
is missing.
"""

MAX_LISTED = 1_000

_CATCH_UP_SECONDS = 60
_PAUSE_SECONDS = 0.5


class VerifyProgress(msgspec.Struct, frozen=True):
    """Where the job is: `rows` of about `estimate` compared; `differences` so far; `note` what it
    waits for.
    """

    rows: int
    estimate: int
    differences: int
    table: str = ""
    note: str = ""


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found. `missing`, `extra` and `different` count documents, of which `listed` names
    the first; `repaired` of them were mended, `differences` remain. `behind`: relay or consumer had
    not caught up, so differences may be changes under way. `epochs` were asked for, `reasons` why
    documents were refused.
    """

    consumer: str
    tables: dict[str, int]
    rows: int
    documents: int
    missing: int
    extra: int
    different: int
    repaired: int
    differences: int
    listed: list[Difference]
    behind: bool
    epochs: list[int]
    reasons: dict[str, int]
    seconds: float
    finished_ms: int


class Verify:
    """`rowline verify`: one consumer against its source. Without `repair` nothing is written but
    the report.
    """

    def __init__(
        self,
        consumer: ConsumerSettings,
        source: SourceSettings,
        *,
        database: Database,
        state: State,
        queue: Queue,
        sink: Sink,
        mask_key: bytes = b"",
        repair: bool = False,
        tell: Callable[[VerifyProgress], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        self._consumer, self._source, self._database, self._mask_key = (
            consumer,
            source,
            database,
            mask_key,
        )
        self._sink = require_listable(sink, consumer)
        self._reports, self._queue, self._chunk_rows = state.reports, queue, chunk_rows
        self._show, self._clock, self._sleep = tell, clock, sleep
        self._parts: dict[
            str, tuple[Settling, Repair | None]
        ] = {}  # by stream: each has a watermark of its own
        patience = Patience(clock, sleep)
        marks = watermarks(state.streams, source, database, patience=patience)
        for stream, watermark in marks.items():
            settling = Settling(
                database, queue, watermark, clock=clock, sleep=sleep, chunk_rows=chunk_rows
            )
            mending = (
                Repair(stream, state.streams, settling, watermark, clock=clock, sleep=sleep)
                if repair
                else None
            )
            self._parts[stream] = settling, mending
        self._counts = {"missing": 0, "extra": 0, "different": 0}
        self._listed: list[Difference] = []
        self._rows = self._estimate = self._documents = self._remaining = 0

    def run(self, chosen: Sequence[str] = ()) -> VerifyReport:
        """Compare all tables, or those chosen. Raises ConfigError, StackError, SourceError,
        SearchError.
        """
        began = self._clock()
        tables = captured_tables(
            self._database, self._source, self._consumer, chosen, mask_key=self._mask_key
        )
        self._estimate = sum(table.rows for table in tables)
        comparisons = [Comparison(self._sink, table) for table in tables]
        for comparison in comparisons[:1]:
            # Where nobody answers, waiting for the consumer only hides it.
            comparison.documents.get(["1"])
        self._wait_for_the_consumer()
        rows: dict[str, int] = {}
        for comparison in comparisons:
            before = self._rows
            self._table(comparison)
            rows[comparison.captured.name] = self._rows - before
        settlings, repairs = (
            [each for each, _ in self._parts.values()],
            [each for _, each in self._parts.values() if each],
        )
        reasons: dict[str, int] = {}
        for reason, times in (item for each in repairs for item in each.reasons.items()):
            reasons[reason] = reasons.get(reason, 0) + times
        report = VerifyReport(
            consumer=self._consumer.name,
            tables=rows,
            rows=self._rows,
            documents=self._documents,
            **self._counts,
            repaired=sum(self._counts.values()) - self._remaining,
            differences=self._remaining,
            listed=self._listed,
            behind=any(each.behind for each in settlings),
            epochs=[epoch for each in repairs for epoch in each.epochs],
            reasons=reasons,
            seconds=round(self._clock() - began, 1),
            finished_ms=int(time.time() * 1000),
        )
        kept = {**msgspec.to_builtins(report), "listed": [], "tables": rows}
        self._reports.save(self._consumer.name, kept)
        return report

    def _wait_for_the_consumer(self) -> None:
        """For a while: what is under way would only be looked at twice."""
        barrier, deadline = self._database.position(), self._clock() + _CATCH_UP_SECONDS
        settlings = [settling for settling, _ in self._parts.values()]
        while not all(each.caught_up(barrier) for each in settlings) and self._clock() < deadline:
            waiting, in_flight = self._queue.depth()
            self._tell(
                note=f"waiting for the consumer: {waiting + in_flight:,} messages in its queue"
            )
            self._sleep(_PAUSE_SECONDS)

    def _table(self, comparison: Comparison) -> None:
        """Rows first, then the documents that belong to none of them."""
        seen, candidates = IdSet(), list[Candidate]()
        name, documents = comparison.captured.name, comparison.documents
        table, key = comparison.captured.table, comparison.captured.key
        limit, after = self._limit(comparison.captured), None
        while rows := self._database.chunk(table, key, after, limit, reached=None):
            expected = [one for one in map(documents.expected, rows) if one is not None]
            held = documents.get([one.id for one in expected])
            for one in expected:
                seen.add(one.id)
            candidates += [
                Candidate(comparison, one.id, one.key) for one in first_sight(expected, held)
            ]
            candidates = self._settle(candidates, MAX_CANDIDATES)
            self._rows += len(rows)
            after = [rows[-1][column] for column in key]
            limit = min(limit, max(10, 2 * len(rows)))  # fewer come when they are large
            self._tell(name)
        for document in documents.scan():
            self._documents += 1
            if document.id not in seen:
                row_key = documents.key_of(document.id)
                candidates.append(Candidate(comparison, document.id, row_key))
                candidates = self._settle(candidates, MAX_CANDIDATES)
        self._settle(candidates, 1)

    def _settle(self, candidates: list[Candidate], enough: int) -> list[Candidate]:
        """Settle and count them when there are `enough`; returns those that are still to be
        settled.
        """
        if len(candidates) < enough:
            return candidates
        name = candidates[0].comparison.captured.name
        settling, repair = self._parts[self._source.stream_of(name)]
        confirmed = settling.confirmed(
            candidates, lambda left: self._tell(name, f"looking again at {left:,} documents")
        )
        for found in map(difference, confirmed):
            self._counts[found.kind] += 1
            if len(self._listed) < MAX_LISTED:
                self._listed.append(found)
        if confirmed and repair:
            self._tell(name, f"mending {len(confirmed):,} documents")
            confirmed = repair.mend(confirmed)
        self._remaining += len(confirmed)
        return []

    def _tell(self, table: str = "", note: str = "") -> None:
        self._show(
            VerifyProgress(
                self._rows, max(self._estimate, self._rows), sum(self._counts.values()), table, note
            )
        )

    def _limit(self, captured: CapturedTable) -> int:
        return min(self._chunk_rows, max(50, CHUNK_BYTES // max(captured.row_bytes, 1)))
