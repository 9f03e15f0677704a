"""Job: a long piece of work for a consumer (long: all kinds of work, each a struct)."""

from collections.abc import Collection
from typing import Any, Literal

import msgspec

from shared.values.asked_end import AskedEnd
from shared.values.difference import Difference
from shared.values.errors import RowlineError
from shared.values.index_pair import IndexPair
from shared.values.new_indexes import NewIndexes
from shared.values.progress import Progress
from shared.values.proof_basis import ProofBasis
from shared.values.redrive_work import RedriveWork
from shared.values.replay_work import ReplayWork
from shared.values.sent_chunk import SentChunk
from shared.values.snapshot_work import SnapshotWork

JobState = Literal["running", "paused", "failed", "done", "cancelled"]
"""`paused` and `failed` jobs continue when the same command is run again, or `rowline jobs resume`;
`done` and `cancelled` jobs are over.
"""

Slot = Literal["fill", "verify", "redrive"]
"""A consumer has one job a slot: two that fill it at once would read the same rows twice."""

SLOTS: tuple[Slot, ...] = ("fill", "verify", "redrive")


class TableFill(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a table is filled.

    cursor: JSON of the last key that was sent; empty before the first.
    rows: rows sent. estimate: rows in all, by the database's own estimate.
    sent: messages sent.
    complete: every row was sent.
    left: only an earlier attempt read this table.
    floor: seq of the watermark under which the first rows were read.
    chunks: sent, but not proved yet, oldest first.
    settles, settles_own: causes noted for the source, and for this consumer, by the table that they
        were noted for, for which the table was due when it was begun.
    swept: documents without a row were looked for. ghosts: how many were found.
    """

    cursor: str = ""
    rows: int = 0
    sent: int = 0
    estimate: int = 0
    complete: bool = False
    left: bool = False
    floor: int = 0
    chunks: tuple[SentChunk, ...] = ()
    settles: dict[str, str] = {}
    settles_own: dict[str, str] = {}
    swept: bool = False
    ghosts: int = 0


class _Fill(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind"):
    """Brings a consumer the rows of its source.

    attempt: grows with each start from the beginning; the job and its records stay the same.
    asked: by stream, what its relay has to publish before the first read.
    """

    tables: dict[str, TableFill] = {}
    attempt: int = 1
    asked: dict[str, AskedEnd] = {}

    @property
    def chosen(self) -> list[str]:
        """The tables of this attempt."""
        return [name for name, table in self.tables.items() if not table.left]


class BackfillWork(_Fill, frozen=True, tag="backfill"):
    """A backfill: writes the rows of the source, and deletes nothing.

    into: fills new indexes instead of the serving ones.
    """

    into: NewIndexes | None = None


class ResyncWork(_Fill, frozen=True, tag="resync"):
    """Deletes the documents that have no row, and settles what was due."""


FillWork = BackfillWork | ResyncWork


class TableCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """The comparison of one table.

    rows, documents: how many were compared.
    missing, extra, different, shared, refused: differences by kind, see `Difference`.
    remaining: differences that were not repaired.
    behind: relay or consumer had not caught up.
    at_ms: when it ended, Unix ms.
    """

    rows: int = 0
    documents: int = 0
    missing: int = 0
    extra: int = 0
    different: int = 0
    shared: int = 0
    refused: int = 0
    remaining: int = 0
    behind: bool = False
    at_ms: int = 0

    @property
    def found(self) -> int:
        """Differences of all kinds."""
        return self.missing + self.extra + self.different + self.shared + self.refused


def sum_of(all: Collection[TableCheck]) -> TableCheck:
    """The comparison of several tables as one; it is as old as the oldest of them."""
    counts = [name for name in TableCheck.__struct_fields__ if name not in ("behind", "at_ms")]
    return TableCheck(
        **{name: sum(getattr(each, name) for each in all) for name in counts},
        behind=any(each.behind for each in all),
        at_ms=min((each.at_ms for each in all), default=0),
    )


class ComparisonProgress(msgspec.Struct, frozen=True, omit_defaults=True):
    """A table that is compared in part.

    cursor: JSON of the last key whose row was compared with its document.
    check: the counts up to there.
    """

    table: str
    cursor: str = ""
    check: TableCheck = TableCheck()


class VerifyWork(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="verify"):
    """Compares a consumer with its source.

    chosen: the tables; empty before the first slice. done: those that were compared.
    repair: differences are repaired.
    index, ignore: another place than the consumer's, and fields that may differ there.
    part: the table that is being compared, as far as that is certain.
    listed: the first differences. epochs: those that the relay was asked for.
    reasons: why documents could not be written, and how often.
    basis: what was compared with when the job was begun.
    """

    chosen: tuple[str, ...] = ()
    done: dict[str, TableCheck] = {}
    basis: ProofBasis = ProofBasis()
    repair: bool = False
    index: str = ""
    ignore: tuple[str, ...] = ()
    part: "ComparisonProgress | None" = None
    listed: tuple[Difference, ...] = ()
    epochs: tuple[int, ...] = ()
    reasons: dict[str, int] = {}


class CutoverWork(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="cutover"):
    """Moves readers between the indexes of a consumer's pairs.

    accept: how many parked changes may be missing in the new index.
    version: of the pairs, as they were when everything was level; 0: they are not yet.
    parked, counts, paused: for the report. pairs: those that are ended.
    """

    step: Literal["cutover", "rollback", "finish", "abandon"] = "cutover"
    accept: int = 0
    version: int = 0
    parked: int = 0
    counts: dict[str, tuple[int, int]] = {}
    paused: float = 0.0
    pairs: dict[str, IndexPair] = {}


SendingWork = FillWork | ReplayWork
"""Work whose messages a consumer takes only while it is under way, and records deletions for."""

Work = SendingWork | VerifyWork | RedriveWork | CutoverWork | SnapshotWork


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job is asked for; it finds the tables itself, where the database can be reached.

    tables: names or patterns; empty for all, or for a resync for all that are due.
    restart: begin again instead of continuing.
    accept: how many documents may be deleted without another question.
    cancel: the function ends it, instead of continuing it.
    scheduled_ms: the time for which a schedule began it, Unix ms; 0: a person did.
    """

    tables: tuple[str, ...] = ()
    restart: bool = False
    accept: int = 0
    cancel: bool = False
    scheduled_ms: int = 0


class Job(msgspec.Struct, frozen=True, omit_defaults=True):
    """A job of a consumer.

    work: kind, parameters and progress.
    by: who began it. began_ms, ended_ms: when, Unix ms.
    outcome: one line: the result, or why it does not run.
    holder: the process that works on it; empty when none does.
    token: grows with each holder and fences its writes. beat: grows with each write.
    asked: `pause` or `cancel`, when somebody asked the holder to stop.
    in_function: the jobs function works on it, slice after slice, while its state is `running`.
    wanted: what it was asked for there.
    left_s: seconds until its holder, a function, is stopped, as of the last write; 0 for others.
    progress: as its holder last told it.
    refused: how many documents would be deleted, where that stopped it.
    stumbles: slices in a row that brought nothing forward: an outage, or too little time.
    result: the report, once it is done.
    waits_for, waits_s: the last wait for a fixed time: what for, and what is left, in seconds.
    """

    id: str
    consumer: str
    work: Work
    state: JobState = "running"
    by: str = ""
    began_ms: int = 0
    ended_ms: int = 0
    outcome: str = ""
    holder: str = ""
    token: int = 0
    beat: int = 0
    asked: str = ""
    in_function: bool = False
    wanted: Wanted = Wanted()
    left_s: float = 0.0
    progress: Progress = Progress()
    refused: int = 0
    stumbles: int = 0
    result: dict[str, Any] = {}
    waits_for: str = ""
    waits_s: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it ended for good. Its slot is free soon, or its holder was killed before."""
        return self.state in ("done", "cancelled")

    @property
    def kind(self) -> str:
        """The kind of its work: `backfill`, `resync`, …; a redrive that drops is a `drop`."""
        if isinstance(self.work, ReplayWork) and self.work.bases:
            return "backfill"
        if isinstance(self.work, RedriveWork) and self.work.action == "drop":
            return "drop"
        return type(self.work).__name__.removesuffix("Work").lower()

    @property
    def slot(self) -> Slot:
        """The slot that it takes."""
        return slot_of(self.work)


def slot_of(work: Work) -> Slot:
    """The slot that a job of this work takes."""
    if isinstance(work, VerifyWork):
        return "verify"
    return "redrive" if isinstance(work, RedriveWork) else "fill"


def into_of(job: Job) -> NewIndexes | None:
    """The new indexes that a job fills; None where it fills none."""
    return job.work.into if isinstance(job.work, BackfillWork | ReplayWork) else None


class JobLost(RowlineError):
    """Another process holds the job: this one may store nothing of it any more."""

    @classmethod
    def of(cls, job: Job) -> "JobLost":
        return cls(
            f"another process has taken over {job.kind} {job.id}.",
            thing=f"consumer {job.consumer}",
            hint="Let that one finish. See rowline jobs.",
        )
