"""The loop: gives reader, publishers and keeper their threads, from waiting for the lease to giving
it back.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from shared.adapters.binlog.contract import Binlog, SchemaChanged
from shared.adapters.claims.contract import Claims
from shared.adapters.database.contract import Database
from shared.adapters.state.contract import Schemas, Streams
from shared.adapters.topic.contract import Topic
from shared.domain.packing import Packing
from shared.flows.relay.failover.journal import Journal
from shared.flows.relay.figures import Figures
from shared.flows.relay.lease.keeper import RENEW_SECONDS, Keeper
from shared.flows.relay.lease.waiting import Manner, Waiting
from shared.flows.relay.publishing.outbox import Outbox
from shared.flows.relay.publishing.publisher import Publisher
from shared.flows.relay.reading.reader import Reading
from shared.flows.relay.sharing.share import Share
from shared.flows.relay.sharing.succession import Succession
from shared.values.capture_configuration import CaptureConfiguration, read_configuration
from shared.values.checkpoint import Checkpoint
from shared.values.errors import (
    LeaseLost,
    Outage,
    RowlineError,
    StackError,
    StateUnavailable,
)
from shared.values.lease import Lease
from shared.values.settings import SourceSettings, TableSettings
from shared.values.stream import source_of

log = logging.getLogger("rowline.relay")

Ended = Literal["busy", "stopped", "yielded", "lease lost"]
"""Why a relay ended without an error: another one lives, it was told to stop or its time was over,
another one asked for the lease, or took it.
"""

STANDBY_SECONDS = 0.3
DRAIN_SECONDS = 3.0
"""How long a relay that ends in order goes on publishing what it has read."""

BACKOFF_SECONDS = (0.5, 15.0)
SPARE_MS = 20_000
"""Enough for requests that are under way, the checkpoint and the lease."""


@dataclass(frozen=True)
class RelaySetup:
    """What a relay works with. `open_binlog(tables, token)` connects to the source as the holder
    with this token, `open_database` for SELECTs; `left_ms()` is how long the process may still run
    (None: for ever), of which the last `SPARE_MS` are kept for ending; `report` is given the
    figures and the metrics since the last time, every `report_seconds` and at the end.
    `preflight(begun)` refuses a source that cannot work, once and before anything is read; `begun`:
    the stream goes on under the configuration of its checkpoint. It raises SourceError, or
    SourceUnavailable and is then asked again. `others`: the source's other streams as they are
    deployed, and the tables they name.
    """

    source: SourceSettings
    streams: Streams
    schemas: Schemas
    claims: Claims
    topic: Topic
    open_binlog: Callable[[Mapping[str, TableSettings], int], Binlog]
    holder: str
    open_database: Callable[[], Database]
    manner: Manner
    run: str
    version: str = ""
    others: Mapping[str, Collection[str]] = field(default_factory=dict)
    mask_key: Callable[[], bytes] = bytes
    preflight: Callable[[bool], None] = lambda _begun: None
    publishers: int = 4
    left_ms: Callable[[], int | None] = lambda: None
    report: Callable[[dict[str, Any], dict[str, float]], None] = lambda _figures, _metrics: None
    report_seconds: float = 10.0
    stop: threading.Event = field(default_factory=threading.Event)


def relay(job: RelaySetup) -> Ended:
    """Wait for the stream's lease, relay until told to stop, give the lease back.

    A source that does not answer is tried again until the end. Raises SourceError, PositionLost,
    TopicError and StackError for what a person must mend; they stand in the lease's figures too.
    """
    lease, asked_at = wait_for_lease(job)
    if lease is None:
        return "stopped" if job.stop.is_set() else "busy"
    return _Relay(job, lease, asked_at).run()


def wait_for_lease(job: RelaySetup) -> tuple[Lease | None, float]:
    """The lease and the time (monotonic) it was asked for; None when another relay lives, or when
    told to stop.
    """
    waiting = Waiting(
        job.streams, job.source.stream, job.holder, manner=job.manner, version=job.version
    )
    while not job.stop.is_set():
        now = time.monotonic()
        try:
            lease = waiting.step(now)
        except StateUnavailable as error:
            log.warning("%s", error)
            lease = None
        if lease or waiting.busy:
            return lease, now
        job.stop.wait(STANDBY_SECONDS)
    return None, 0.0


class _Relay:
    def __init__(self, job: RelaySetup, lease: Lease, asked_at: float) -> None:
        self._job, stream = job, job.source.stream
        self._outbox = Outbox(
            linger=job.source.linger_ms / 1000, compress=job.source.compression == "zstd"
        )
        self._keeper = Keeper(job.streams, stream, lease, asked_at, time.monotonic)
        self._share = Share(
            job.streams, stream, CaptureConfiguration(job.source.tables), job.others, lease.token
        )
        self._journal, self._saving = Journal(job.claims, stream, 0), threading.Lock()
        self._stored: Checkpoint | None = None
        self._reading = Reading(
            stream,
            self._share,
            job.source.start,
            self._outbox,
            open_binlog=lambda tables: job.open_binlog(tables, lease.token),
            packing=lambda capture: Packing(stream, capture.tables, job.schemas, job.claims),
            journal=self._journal,
            open_database=job.open_database,
            save=self._save,
            now_ms=_now_ms,
            mask_key=job.mask_key,
            note=self._note,
            succession=Succession(
                job.streams, stream, job.holder, job.others, job.source.tables
            ).step,
        )
        self._reading.raise_epoch = lease.raise_epoch
        self._figures = Figures(
            self._outbox, run=job.run, version=job.version, now=time.monotonic(), now_ms=_now_ms()
        )
        self._reported = 0.0
        self._stopping = threading.Event()  # nothing more is read
        self._ending = threading.Event()  # nothing more is published
        self._ended: Ended = "stopped"
        self._failure: BaseException | None = None

    def run(self) -> Ended:
        threads = [
            threading.Thread(target=self._guard, args=(self._keep,), name="keeper", daemon=True)
        ]
        threads += [
            threading.Thread(target=self._guard, args=(self._publish,), name=f"publisher-{n}")
            for n in range(self._job.publishers)
        ]
        try:
            checkpoint = self._load()
            if checkpoint:
                self._outbox.begin(checkpoint)
                self._stored, self._journal.number = checkpoint, checkpoint.lineage.journal
            for thread in threads:
                thread.start()
            capture = (checkpoint.catch_up or checkpoint).capture if checkpoint else ""
            self._read(
                begun=bool(capture)
                and read_configuration(capture).tables == self._job.source.tables
            )
            self._drain()
        except LeaseLost:
            self._ended = "lease lost"
        except BaseException as error:  # noqa: BLE001 (raised again below, once the lease is given back)
            self._failure = self._failure or error
        finally:
            self._end()
            for thread in threads:
                if thread.ident:
                    thread.join()
            self._reading.reset()
            self._release()
        if self._failure:
            raise self._failure
        return self._ended

    def _load(self) -> Checkpoint | None:
        """The checkpoint as the former holder left it: read only now, when nobody else can write
        it.
        """
        while True:
            try:
                return self._job.streams.load(self._job.source.stream)[1]
            except StateUnavailable as error:
                log.warning("%s", error)
                if self._job.stop.wait(BACKOFF_SECONDS[0]):
                    raise

    def _read(self, *, begun: bool) -> None:
        pause, looked = BACKOFF_SECONDS[0], False
        while not self._stopping.is_set():
            try:
                if not looked:
                    self._job.preflight(begun)
                    looked = True
                if not self._reading.step(time.monotonic()):
                    self._outbox.wait_for_room(0.2)
                if self._figures.error and self._reading.connected:
                    self._figures.error, pause = "", BACKOFF_SECONDS[0]
            except Outage as error:
                self._reading.reset()
                if self._stopping.is_set():
                    return
                if str(error) != self._figures.error:
                    log.warning("%s", error)
                self._figures.error = str(error)
                self._stopping.wait(pause)
                pause = min(pause * 2, BACKOFF_SECONDS[1])

    def _drain(self) -> None:
        """Publish what is read. What is acknowledged behind something that is not cannot stand in
        the checkpoint, and would be published again.
        """
        self._outbox.hurry()
        until = time.monotonic() + DRAIN_SECONDS
        while not (self._outbox.drained or self._ending.is_set() or time.monotonic() > until):
            self._ending.wait(0.01)

    def _publish(self) -> None:
        publisher = Publisher(self._outbox, self._job.topic, self._keeper.held)
        while not self._ending.is_set():
            parcels = publisher.begin(time.monotonic())
            if parcels:
                publisher.finish(parcels, publisher.send(parcels), time.monotonic())
            elif self._keeper.held(time.monotonic()):
                self._outbox.wait_for_work(time.monotonic(), 0.5)
            else:
                self._ending.wait(0.1)

    def _keep(self) -> None:
        """Renew about every second. What is still under way at the end is covered by the lease
        time.
        """
        while not self._ending.is_set():
            started = time.monotonic()
            left_ms = self._job.left_ms()
            if self._job.stop.is_set() or (left_ms is not None and left_ms <= SPARE_MS):
                self._stop_reading()
            try:
                with self._saving:
                    checkpoint = self._journaled()
                    self._figures.waiting = self._share.waiting
                    figures = self._figures.shown(checkpoint, started, _now_ms())
                    self._keeper.renew(
                        checkpoint,
                        ends_ms=0 if left_ms is None else left_ms - SPARE_MS,
                        figures=figures,
                    )
                if started - self._reported >= self._job.report_seconds:
                    self._reported = started
                    self._job.report(figures, self._figures.metrics(figures))
            except StateUnavailable as error:
                log.warning("%s", error)
            self._reading.raise_epoch = max(self._reading.raise_epoch, self._keeper.raise_epoch)
            if self._keeper.wanted and not self._stopping.is_set():
                log.info("another relay asks for stream %s", self._job.source.stream)
                self._ended = "yielded"
                self._stop_reading()
            awaited = self._ending if self._stopping.is_set() else self._job.stop
            awaited.wait(max(0.0, RENEW_SECONDS - (time.monotonic() - started)))

    def _save(self, checkpoint: Checkpoint) -> None:
        """A turn: what is numbered from now on goes on from this checkpoint. Raises
        StateUnavailable, StackError, LeaseLost.
        """
        with self._saving:
            self._keep_journal()
            stored = self._noted(checkpoint)
            self._keeper.renew(stored)
            if stored.lost and (
                self._stored is None
                or stored.lost.at_ms != (self._stored.lost.at_ms if self._stored.lost else 0)
            ):
                self._figures.lost += max(1, stored.lost.transactions)
            self._stored = stored
            self._outbox.begin(stored)

    def _journaled(self) -> Checkpoint | None:
        """What is acknowledged, as far as the journal holds it. Raises StackError."""
        checkpoint = self._outbox.checkpoint()
        try:
            self._keep_journal()
        except StateUnavailable as error:
            log.warning("the checkpoint stands still: %s", error)
        else:
            self._stored = checkpoint and self._noted(checkpoint)
        return self._stored

    def _noted(self, checkpoint: Checkpoint) -> Checkpoint:
        lineage = checkpoint.lineage.noted(self._journal.number)
        return msgspec.structs.replace(checkpoint, lineage=lineage)

    def _keep_journal(self) -> None:
        """S3 checks no token: a relay that woke up too late would write over the pages of the next
        one.
        """
        if not self._keeper.held(time.monotonic()):
            raise StateUnavailable(
                "the lease is not surely held.", thing=f"stream {self._job.source.name}"
            )
        self._journal.keep()

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except LeaseLost:
            self._ended = "lease lost"
        except BaseException as error:  # noqa: BLE001 (the main thread raises it)
            self._failure = self._failure or error
        finally:
            self._end()

    def _note(self, change: SchemaChanged, transaction: str) -> None:
        """Stored before the checkpoint can pass it: no relay reads the statement again."""
        if change.rewrites_rows:
            name = f"{change.database}.{change.table}"
            log.warning(
                "a DDL statement on %s changed values that are not in the binlog: a backfill is "
                "due, see rowline status",
                name,
            )
            self._job.schemas.rewritten(source_of(self._job.source.stream), name, transaction)

    def _stop_reading(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._reading.interrupt()

    def _end(self) -> None:
        self._stop_reading()
        self._ending.set()
        self._outbox.wake()

    def _release(self) -> None:
        """After the last request: what is acknowledged is stored, and the next relay may start at
        once.
        """
        if self._failure:
            shown = (
                self._failure
                if isinstance(self._failure, RowlineError)
                else f"{type(self._failure).__name__}: a defect, see the log"
            )
            self._figures.error = str(shown)
        checkpoint = self._stored
        with contextlib.suppress(
            StackError, StateUnavailable
        ):  # then what was published since is published again
            checkpoint = self._journaled()
        figures = self._figures.shown(checkpoint, time.monotonic(), _now_ms())
        self._job.report(figures, self._figures.metrics(figures))
        try:
            self._keeper.release(checkpoint, figures=figures)
        except LeaseLost:
            self._ended = "lease lost"
        except (
            StateUnavailable
        ) as error:  # the lease runs out by itself; what is not stored is published again
            log.warning("%s", error)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
