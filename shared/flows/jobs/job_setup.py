"""JobSetup: everything that a job of a consumer works with."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from shared.adapters.claims.contract import Claims
from shared.adapters.database.contract import Database
from shared.adapters.queue.contract import Queue
from shared.adapters.snapshots.contract import SnapshotStore
from shared.adapters.state.state import State
from shared.domain.alias_takeover import Takeover
from shared.domain.deletion_limit import DeletionRefused
from shared.domain.hidden_columns_renamed import HiddenColumns
from shared.domain.polling import Polling
from shared.domain.sink import Examiner, Sink
from shared.flows.jobs.background import Start, in_thread
from shared.flows.jobs.job_lease import Tenure
from shared.values.progress import Progress
from shared.values.settings import ConsumerSettings, SourceSettings


@dataclass(frozen=True)
class JobSetup:
    """The parts of a stage that a job needs, and where it runs.

    source: what the consumer's source captures by all its relays.
    queue: the consumer's own.
    mask_key: the key of mask `hash`.
    subscribed_ms: since when the consumer's subscription has its filter, Unix ms; 0: it acts.
    longest_s: the longest time-out of an invocation of the consumer's function that may be under
        way, in seconds; 0: the deployed one.
    by: who runs it, for people.
    reads, writes: the addresses of source and sink, and where each came from.
    consent: whether a person agrees to these deletions.
    show: is called often with the progress.
    now_ms: Unix ms.
    takeover: what moves the sink's readers; None where nothing does.
    examiner: tells which indexes the sink has; None where nothing does.
    ask_archive: gives the archive's function an event, and returns its answer; None where there is
        no archive.
    in_background: starts work that is not waited for.
    tenure: the hold of a slice on its job; None where a command begins or continues one.
    snapshots: where a snapshot goes; only a job of the archive's consumer has it.
    most_rows: rows a second that a snapshot reads; 0: as many as come.
    """

    consumer: ConsumerSettings
    source: SourceSettings
    database: Database
    state: State
    claims: Claims
    queue: Queue
    sink: Sink
    mask_key: bytes = b""
    subscribed_ms: int = 0
    longest_s: int = 0
    by: str = ""
    reads: str = ""
    writes: str = ""
    consent: Callable[[DeletionRefused], bool] = lambda _refused: False
    show: Callable[[Progress], None] = lambda _progress: None
    polling: Polling = Polling()  # noqa: RUF009 (frozen)
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    takeover: Takeover | None = None
    examiner: Examiner | None = None
    tenure: Tenure | None = None
    snapshots: SnapshotStore | None = None
    ask_archive: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    most_rows: int = 0
    in_background: Start = in_thread

    @property
    def hidden(self) -> HiddenColumns:
        """Examines the columns of the source's tables before rows that a SELECT read leave."""
        schemas, source = self.state.schemas, self.source
        return HiddenColumns(schemas, source.name, source.tables, keep=False)
