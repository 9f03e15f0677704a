"""Verify: compares the source with the sink, settles and repairs differences, and reports."""

from collections.abc import Sequence
from typing import Any

import msgspec

from shared.domain.captured_tables import captured_tables
from shared.domain.sink import require_listable
from shared.domain.verify_validity import basis_of, completed
from shared.domain.watermark import watermarks
from shared.flows.jobs.fill_conditions import require_one_index
from shared.flows.jobs.job_setup import JobSetup
from shared.flows.jobs.same_server import require_same_server
from shared.flows.jobs.taking_a_job import hold
from shared.flows.verify.comparing import Comparison
from shared.flows.verify.repair import Repair
from shared.flows.verify.settling import Settling
from shared.flows.verify.verify_report import VerifyReport, figures, keep_proof
from shared.flows.verify.walking import Walk
from shared.values.counted import counted
from shared.values.difference import Difference
from shared.values.errors import ConfigError
from shared.values.job import ComparisonProgress, VerifyWork, Work
from shared.values.progress import Progress
from shared.values.proof_basis import ProofBasis

CHUNK_ROWS = 1_000
MAX_LISTED, LISTED_BYTES = 300, 100_000
"""Differences that a report lists. They are stored with the job; an item of DynamoDB holds 400 KB.
Source: DynamoDB developer guide, "Constraints in Amazon DynamoDB".
"""

_CATCH_UP_SECONDS = 60
_PAUSE_SECONDS = 0.5


class Verify:
    """`rowline verify`: one consumer is compared with its source, table by table.

    index: another index or alias than the consumer's. ignore: fields that may differ.
    """

    def __init__(
        self,
        setup: JobSetup,
        *,
        repair: bool = False,
        index: str = "",
        ignore: Sequence[str] = (),
        chunk_rows: int = CHUNK_ROWS,
    ):
        self._index, self._ignore = index, tuple(ignore)
        self._setup, self._repair, self._chunk_rows = setup, repair, chunk_rows
        self._database, self._queue, self._source = setup.database, setup.queue, setup.source
        self._sink = require_listable(setup.sink, setup.consumer)
        self._listed: list[Difference] = []
        self._listed_bytes = self._estimate = 0

    def run(self, chosen: Sequence[str] = (), *, restart: bool = False) -> VerifyReport:
        """Compare all tables, or those chosen; what an interrupted job has compared stays so.

        restart: compare those again, too. Without `repair` nothing is written but the report.
        Raises ConfigError, JobBusy, StackError, SourceError, SearchError.
        """
        if self._repair:
            require_one_index(self._setup)
        tables = captured_tables(
            self._database,
            self._source,
            self._setup.consumer,
            chosen,
            mask_key=self._setup.mask_key,
            examine=self._setup.hidden.examine if self._repair else lambda _: None,
        )
        self._estimate = sum(table.rows for table in tables)
        if self._index and len(tables) > 1:
            names = ", ".join(table.name for table in tables)
            raise ConfigError(
                f"holds one table, and {names} would be compared with it.",
                thing=f"index {self._index}",
                hint="Name the table with --tables.",
            )
        comparisons = [Comparison(self._sink, table, self._index, self._ignore) for table in tables]
        for comparison in comparisons[:1]:
            # Where nobody answers, waiting for the consumer only hides it.
            comparison.documents.get(["1"])
        work = VerifyWork(
            tuple(each.captured.name for each in comparisons),
            repair=self._repair,
            index=self._index,
            ignore=self._ignore,
            basis=self._basis([table.name for table in tables]),
        )
        self._tenure = hold(
            self._setup,
            "verify",
            lambda: work,
            lambda job: self._resumed(job.work, work, restart=restart),
        )
        with self._tenure.kept():
            self._open()
            self._reads = require_same_server(self._setup, self._marks, self._tenure.polling)
            for comparison in comparisons:
                name = comparison.captured.name
                self._marks[self._source.stream_of(name)].require_captured(name)
            self._wait_for_the_consumer()
            for comparison in comparisons:
                if comparison.captured.name not in self._work.done:
                    self._compare(comparison)
            report = self._report()
            if not self._index and not self._ignore:
                keep_proof(self._setup.state.reports, report)
            outcome = (
                f"{counted(report.differences, 'difference')} in {counted(report.rows, 'row')}"
            )
            self._tenure.end(outcome, msgspec.to_builtins(report))
        return report

    def _resumed(self, held: Work, work: VerifyWork, *, restart: bool) -> Work | None:
        if self._setup.tenure and (restart or not (isinstance(held, VerifyWork) and held.chosen)):
            return work
        return held if same(held, work) and not restart else None

    @property
    def _work(self) -> VerifyWork:
        assert isinstance(self._tenure.job.work, VerifyWork)
        return self._tenure.job.work

    def _open(self) -> None:
        """Make the parts for each stream, which has a watermark of its own."""
        self._listed = list(self._work.listed)
        self._listed_bytes = len(msgspec.json.encode(self._listed))
        self._reasons, self._epochs = self._work.reasons, self._work.epochs
        polling = self._tenure.polling
        self._marks = marks = watermarks(
            self._setup.state.streams, self._source, self._database, polling=polling
        )
        self._parts: dict[str, tuple[Settling, Repair | None]] = {}
        for stream, watermark in marks.items():
            settling = Settling(
                self._database, self._queue, watermark, polling, chunk_rows=self._chunk_rows
            )
            repair = (
                Repair(stream, self._setup.state.streams, settling, watermark, polling)
                if self._repair
                else None
            )
            self._parts[stream] = settling, repair

    def _compare(self, comparison: Comparison) -> None:
        name = comparison.captured.name
        part = self._work.part
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
            certain=lambda part: self._save(part=part),
            begun=part if part and part.table == name else ComparisonProgress(name),
            shared={
                each.id for each in self._listed if (each.table, each.kind) == (name, "shared")
            },
        )
        check = msgspec.structs.replace(walk.run(), at_ms=self._setup.now_ms())
        self._save(part=None, done={**self._work.done, name: check})

    def _save(self, **changed: Any) -> None:
        """Store what is certain by now."""
        work, repairs = self._work, [each for _, each in self._parts.values() if each]
        reasons = dict(self._reasons)
        for reason, times in (item for each in repairs for item in each.reasons.items()):
            reasons[reason] = reasons.get(reason, 0) + times
        epochs = (*self._epochs, *(epoch for each in repairs for epoch in each.epochs))
        listed = tuple(self._listed)
        self._tenure.save(
            msgspec.structs.replace(work, listed=listed, reasons=reasons, epochs=epochs, **changed)
        )

    def _report(self) -> VerifyReport:
        work = self._work
        return VerifyReport(
            consumer=self._setup.consumer.name,
            reads=self._reads,
            writes=self._setup.writes,
            listed=list(work.listed),
            epochs=list(work.epochs),
            reasons=work.reasons,
            seconds=self._tenure.seconds(),
            finished_ms=self._setup.now_ms(),
            basis=completed(work.basis, self._basis(list(work.done))),
            **figures(work.done),
        )

    def _basis(self, tables: Sequence[str]) -> ProofBasis:
        """What is compared with, as of now."""
        setup = self._setup
        targets = setup.examiner.targets(tables) if setup.examiner else []
        seen = setup.state.pulses.read().memory.subscribed.get(setup.consumer.name)
        return basis_of(setup.consumer, setup.source, targets, seen)

    def _wait_for_the_consumer(self) -> None:
        """Wait a while for the consumer: what is under way would only be looked at twice."""
        polling, barrier = self._tenure.polling, self._database.position()
        deadline = polling.clock() + _CATCH_UP_SECONDS
        settlings = [settling for settling, _ in self._parts.values()]
        while not all(each.caught_up(barrier) for each in settlings) and polling.clock() < deadline:
            waiting, in_flight = self._queue.depth()
            self._tell(
                note=(
                    f"waiting for the consumer: {counted(waiting + in_flight, 'message')} in "
                    "its queue"
                )
            )
            polling.sleep(_PAUSE_SECONDS)

    def _list(self, found: Difference) -> None:
        self._listed_bytes += len(msgspec.json.encode(found))
        if len(self._listed) < MAX_LISTED and self._listed_bytes < LISTED_BYTES:
            self._listed.append(found)

    def _tell(self, rows: int = 0, table: str = "", note: str = "") -> None:
        rows += sum(each.rows for each in self._work.done.values())
        self._tenure.show(Progress(rows, max(self._estimate, rows), table, note))


def same(one: Work, other: VerifyWork) -> bool:
    """Whether a job that was interrupted was started with the same tables and options."""
    return (
        isinstance(one, VerifyWork)
        and (one.repair, one.index, one.ignore) == (other.repair, other.index, other.ignore)
        and sorted(one.chosen) == sorted(other.chosen)
    )
