"""The job: walks the source and the index, settles what differs, mends it if asked, and reports."""

from collections.abc import Sequence

import msgspec

from shared.domain.captured_tables import captured_tables
from shared.domain.sink import require_listable
from shared.domain.watermark import watermarks
from shared.flows.jobs.progress import Progress
from shared.flows.jobs.same_server import require_same_server
from shared.flows.jobs.setup import JobSetup
from shared.flows.jobs.tenure import hold
from shared.flows.verify.comparing import Comparison
from shared.flows.verify.difference import Difference
from shared.flows.verify.repair import Repair
from shared.flows.verify.settling import Settling
from shared.flows.verify.walking import Walk
from shared.values.job import VerifyWork, Work, sum_of

CHUNK_ROWS = 1_000
MAX_LISTED = 1_000

_CATCH_UP_SECONDS = 60
_PAUSE_SECONDS = 0.5


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found.

    reads, writes: the server and the sink that were compared, and where their addresses came from.
    missing, extra, different: documents. shared: ids that several rows have.
    refused: rows that cannot be documents.
    repaired: of these were repaired; `differences` remain. listed: the first of them.
    behind: relay or consumer had not caught up, so differences may be changes under way.
    epochs: were asked for. reasons: why documents were refused.
    """

    consumer: str
    reads: str
    writes: str
    tables: dict[str, int]
    rows: int
    documents: int
    missing: int
    extra: int
    different: int
    shared: int
    refused: int
    repaired: int
    differences: int
    listed: list[Difference]
    behind: bool
    epochs: list[int]
    reasons: dict[str, int]
    seconds: float
    finished_ms: int


class Verify:
    """`rowline verify`: one consumer is compared with its source, table by table."""

    def __init__(self, setup: JobSetup, *, repair: bool = False, chunk_rows: int = CHUNK_ROWS):
        self._setup, self._repair, self._chunk_rows = setup, repair, chunk_rows
        self._database, self._queue, self._source = setup.database, setup.queue, setup.source
        self._sink = require_listable(setup.sink, setup.consumer)
        self._listed: list[Difference] = []
        self._estimate = 0

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> VerifyReport:
        """Compare all tables, or those chosen; what an interrupted job has compared stays so.

        restart: compare those again, too. Without `repair` nothing is written but the report.
        Raises ConfigError, JobBusy, StackError, SourceError, SearchError.
        """
        began = self._setup.patience.clock()
        tables = captured_tables(
            self._database,
            self._source,
            self._setup.consumer,
            chosen,
            mask_key=self._setup.mask_key,
            examine=self._setup.hidden.examine if self._repair else lambda _: None,
        )
        self._estimate = sum(table.rows for table in tables)
        comparisons = [Comparison(self._sink, table) for table in tables]
        for comparison in comparisons[:1]:
            # Where nobody answers, waiting for the consumer only hides it.
            comparison.documents.get(["1"])
        work = VerifyWork(tuple(each.captured.name for each in comparisons), repair=self._repair)
        self._tenure = hold(
            self._setup,
            "verify",
            lambda: work,
            lambda job: job.work if same(job.work, work) and not restart else None,
        )
        with self._tenure.kept():
            self._open()
            self._reads = require_same_server(self._setup, self._marks, self._tenure.patience)
            self._wait_for_the_consumer()
            for comparison in comparisons:
                if comparison.captured.name not in self._work.done:
                    self._compare(comparison)
            report = self._report(began)
            kept = {**msgspec.to_builtins(report), "listed": []}
            self._setup.state.reports.save(self._setup.consumer.name, kept)
            self._tenure.end(f"{report.differences:,} differences in {report.rows:,} rows")
        return report

    @property
    def _work(self) -> VerifyWork:
        assert isinstance(self._tenure.job.work, VerifyWork)
        return self._tenure.job.work

    def _open(self) -> None:
        """By stream: each has a watermark of its own."""
        patience = self._tenure.patience
        self._marks = marks = watermarks(
            self._setup.state.streams, self._source, self._database, patience=patience
        )
        self._parts: dict[str, tuple[Settling, Repair | None]] = {}
        for stream, watermark in marks.items():
            settling = Settling(
                self._database, self._queue, watermark, patience, chunk_rows=self._chunk_rows
            )
            repair = (
                Repair(stream, self._setup.state.streams, settling, watermark, patience)
                if self._repair
                else None
            )
            self._parts[stream] = settling, repair

    def _compare(self, comparison: Comparison) -> None:
        name, work = comparison.captured.name, self._work
        settling, repair = self._parts[self._source.stream_of(name)]
        walk = Walk(
            comparison,
            self._database,
            settling,
            repair,
            chunk_rows=self._chunk_rows,
            consent=self._setup.consent,
            found=self._list,
            show=lambda note: self._tell(walk.check.rows, name, note),
        )
        done = msgspec.structs.replace(walk.run(), at_ms=self._setup.now_ms())
        self._tenure.save(msgspec.structs.replace(work, done={**work.done, name: done}))

    def _report(self, began: float) -> VerifyReport:
        done = self._work.done
        total = sum_of(done.values())
        reasons: dict[str, int] = {}
        repairs = [each for _, each in self._parts.values() if each]
        for reason, times in (item for each in repairs for item in each.reasons.items()):
            reasons[reason] = reasons.get(reason, 0) + times
        return VerifyReport(
            consumer=self._setup.consumer.name,
            reads=self._reads,
            writes=self._setup.writes,
            tables={name: each.rows for name, each in done.items()},
            rows=total.rows,
            documents=total.documents,
            missing=total.missing,
            extra=total.extra,
            different=total.different,
            shared=total.shared,
            refused=total.refused,
            repaired=total.found - total.remaining,
            differences=total.remaining,
            listed=self._listed,
            behind=total.behind,
            epochs=[epoch for each in repairs for epoch in each.epochs],
            reasons=reasons,
            seconds=round(self._setup.patience.clock() - began, 1),
            finished_ms=self._setup.now_ms(),
        )

    def _wait_for_the_consumer(self) -> None:
        """For a while: what is under way would only be looked at twice."""
        patience, barrier = self._tenure.patience, self._database.position()
        deadline = patience.clock() + _CATCH_UP_SECONDS
        settlings = [settling for settling, _ in self._parts.values()]
        while (
            not all(each.caught_up(barrier) for each in settlings) and patience.clock() < deadline
        ):
            waiting, in_flight = self._queue.depth()
            self._tell(
                note=f"waiting for the consumer: {waiting + in_flight:,} messages in its queue"
            )
            patience.sleep(_PAUSE_SECONDS)

    def _list(self, found: Difference) -> None:
        if len(self._listed) < MAX_LISTED:
            self._listed.append(found)

    def _tell(self, rows: int = 0, table: str = "", note: str = "") -> None:
        rows += sum(each.rows for each in self._work.done.values())
        self._tenure.show(Progress(rows, max(self._estimate, rows), table, note))


def same(one: Work, other: VerifyWork) -> bool:
    """Whether a job that was interrupted was started with the same tables and options."""
    return (
        isinstance(one, VerifyWork)
        and one.repair == other.repair
        and sorted(one.chosen) == sorted(other.chosen)
    )
